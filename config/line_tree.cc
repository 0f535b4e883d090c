#include "config/line_tree.h"

#include <algorithm>

#include "base/text.h"

namespace convoy::config {
namespace {

std::vector<SourceLine> Cut(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<SourceLine> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    const std::string_view kept = line.substr(0, line.find_last_not_of(" \t\r\v\f") + 1);
    const size_t hash = std::min(kept.find('#'), kept.size());
    SourceLine one;
    one.code = kept.substr(0, hash);
    one.comment = kept.substr(hash);
    one.tail = line.substr(kept.size());
    lines.push_back(std::move(one));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

int LastLine(const Statement& statement) {
  return statement.words.empty() ? statement.name.line : statement.words.back().line;
}

bool SameWords(const Statement& a, const Statement& b) {
  return std::equal(a.words.begin(), a.words.end(), b.words.begin(), b.words.end(),
                    [](const Word& x, const Word& y) {
                      return x.text == y.text && x.quoted == y.quoted && x.regex == y.regex;
                    });
}

bool Same(const Statement& a, const Statement& b) {
  if (a.kind != b.kind || a.name.text != b.name.text || !SameWords(a, b)) return false;
  const bool blanks_count =
      a.kind == Statement::Kind::kDirective ? BlanksCount(a) : a.words.size() != 1;
  return !blanks_count || a.rest == b.rest;
}

}  // namespace

bool SourceLine::blank() const { return Trim(code).empty() && comment.empty(); }

bool BlanksCount(const Statement& directive) {
  const std::string& name = directive.name.text;
  return name.size() == 3 && std::all_of(name.begin(), name.end(), IsDigit);
}

LineTree ReadLines(std::string_view file, std::string_view text,
                   std::vector<Diagnostic>* diagnostics) {
  using Kind = Statement::Kind;
  LineTree tree;
  tree.lines = Cut(text);
  tree.statements = Lex(file, text, diagnostics);
  std::vector<bool> open;  // sections; true: it began behind another statement
  size_t next = 0;
  for (size_t i = 0; i < tree.lines.size(); ++i) {
    SourceLine& line = tree.lines[i];
    const int number = static_cast<int>(i) + 1;
    line.first = next;
    while (next < tree.statements.size() && tree.statements[next].name.line == number) ++next;
    line.count = next - line.first;
    if (line.count == 0 && next > 0 && LastLine(tree.statements[next - 1]) >= number) {
      line.continues = static_cast<int>(next) - 1;
    }
    line.depth = static_cast<int>(open.size());
    for (size_t at = line.first; at < next; ++at) {
      const Kind kind = tree.statements[at].kind;
      if (kind == Kind::kOpen) open.push_back(at != line.first);
      if (kind != Kind::kClose) continue;
      line.behind = !open.empty() && open.back();
      if (!open.empty()) open.pop_back();
      if (at == line.first) line.depth = static_cast<int>(open.size());
    }
  }
  return tree;
}

std::string_view Spelling(const LineTree& tree, const Word& word) {
  const std::string& code = tree.lines[static_cast<size_t>(word.line) - 1].code;
  const size_t begin = static_cast<size_t>(word.column) - 1;
  return std::string_view(code).substr(begin, static_cast<size_t>(word.end) - 1 - begin);
}

bool SameStatements(std::string_view one, std::string_view other) {
  std::vector<Diagnostic> ignored;
  const std::vector<Statement> a = Lex("", one, &ignored);
  const std::vector<Statement> b = Lex("", other, &ignored);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), Same);
}

}  // namespace convoy::config
