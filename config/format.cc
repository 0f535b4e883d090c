#include "config/format.h"

#include <algorithm>

#include "base/text.h"
#include "config/line_tree.h"

namespace convoy::config {
namespace {

constexpr size_t kIndent = 4;

class Formatter {
 public:
  explicit Formatter(const LineTree& tree) : tree_(tree) {}

  std::string Run() {
    for (const SourceLine& line : tree_.lines) {
      if (line.blank()) {
        blank_ = true;
        continue;
      }
      Separate(line);
      Put(line);
    }
    return std::move(out_);
  }

 private:
  using Kind = Statement::Kind;

  bool Is(const SourceLine& line, Kind kind) const {
    return line.count > 0 && tree_.statements[line.first].kind == kind;
  }

  // The blank line before `line`, or none.
  void Separate(const SourceLine& line) {
    const bool closes = Is(line, Kind::kClose);
    const bool wanted = (blank_ || after_section_) && !at_start_ && !closes;
    if (wanted) out_ += '\n';
    blank_ = false;
  }

  void Put(const SourceLine& line) {
    out_.append(kIndent * static_cast<size_t>(line.depth + (line.continues >= 0 ? 1 : 0)), ' ');
    const std::string code = Code(line);
    CatTo(&out_, code, code.empty() || line.comment.empty() ? "" : "  ", line.comment, "\n");
    after_section_ = Is(line, Kind::kClose) && !line.behind;
    const bool opens =
        line.count > 0 && tree_.statements[line.first + line.count - 1].kind == Kind::kOpen;
    at_start_ = opens;
  }

  std::string Code(const SourceLine& line) const {
    std::string code;
    if (line.continues >= 0) {
      const Statement& statement = tree_.statements[static_cast<size_t>(line.continues)];
      if (BlanksCount(statement)) return std::string(Trim(line.code));
      Words(statement, Number(line), &code);
    }
    for (size_t at = line.first; at < line.first + line.count; ++at) {
      const Statement& statement = tree_.statements[at];
      if (statement.kind == Kind::kDirective) {
        Directive(line, statement, &code);
      } else {
        CatTo(&code, code.empty() ? "" : " ", Bracket(line, statement));
      }
    }
    return code;
  }

  int Number(const SourceLine& line) const {
    return static_cast<int>(&line - tree_.lines.data()) + 1;
  }

  void Directive(const SourceLine& line, const Statement& statement, std::string* code) const {
    if (statement.name.text == "/re/") return Words(statement, Number(line), code);
    *code = Spelling(tree_, statement.name);
    if (BlanksCount(statement)) {
      const std::string_view rest =
          Trim(std::string_view(line.code).substr(static_cast<size_t>(statement.name.end) - 1));
      CatTo(code, rest.empty() ? "" : " ", rest);
    } else {
      Words(statement, Number(line), code);
    }
  }

  // Those of the statement that stand on the line.
  void Words(const Statement& statement, int number, std::string* code) const {
    for (const Word& word : statement.words) {
      if (word.line != number) continue;
      CatTo(code, code->empty() ? "" : " ", Spelling(tree_, word));
    }
  }

  static std::string Bracket(const SourceLine& line, const Statement& statement) {
    const bool closes = statement.kind == Statement::Kind::kClose;
    const std::string_view code = line.code;
    size_t begin = static_cast<size_t>(statement.name.column) + (closes ? 1 : 0);
    while (IsSpace(code[begin])) ++begin;
    const std::string_view name =
        code.substr(begin, static_cast<size_t>(statement.name.end) - 1 - begin);
    // "< /x>" opens a section, however odd its name.
    const std::string_view front = closes ? "</" : name.starts_with('/') ? "< " : "<";
    return Cat(front, name, statement.rest.empty() ? "" : " ", statement.rest, ">");
  }

  const LineTree& tree_;
  std::string out_;
  bool blank_ = false;          // blank lines were seen
  bool after_section_ = false;  // the last line ended a section
  bool at_start_ = true;        // of the file or of a section
};

}  // namespace

std::optional<std::string> FormatConfig(std::string_view file, std::string_view text,
                                        std::vector<Diagnostic>* diagnostics) {
  const size_t before = diagnostics->size();
  const LineTree tree = ReadLines(file, text, diagnostics);
  const bool failed =
      std::any_of(diagnostics->begin() + static_cast<std::ptrdiff_t>(before), diagnostics->end(),
                  [](const Diagnostic& d) { return d.severity == Severity::kError; });
  if (failed) return std::nullopt;
  return Formatter(tree).Run();
}

}  // namespace convoy::config
