#include "config/migrate.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "config/line_tree.h"
#include "config/migration_rule.h"
#include "config/model.h"
#include "config/source_walk.h"

namespace convoy::config {
namespace {

using Kind = MigrationRule::Kind;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Where the section that `opening` begins ends: the index of its end, or of the last statement.
size_t EndOf(const std::vector<Statement>& statements, size_t opening) {
  int depth = 0;
  for (size_t i = opening; i < statements.size(); ++i) {
    if (statements[i].kind == Statement::Kind::kOpen) ++depth;
    if (statements[i].kind == Statement::Kind::kClose && --depth == 0) return i;
  }
  return statements.size() - 1;
}

// A list that only its successor ends: without it, the list would go on.
bool IsOpenEnded(const Statement& statement) {
  return statement.kind == Statement::Kind::kDirective &&
         (statement.rest.ends_with(',') ||
          (statement.words.size() == 1 && EqualsIgnoreCase(statement.name.text, "domain-macro")));
}

// Statement of a file -> what becomes of it. A file may be included twice.
class Rules {
 public:
  void Add(const Visit& visit, bool lenient) {
    MigrationRule rule = RuleOf(visit, lenient);
    if (rule.kind == Kind::kDisable && visit.index > 0 &&
        IsOpenEnded(visit.statements[visit.index - 1])) {
      rule = {Kind::kLeave, "",
              Cat("the list of line ", visit.statements[visit.index - 1].name.line,
                  " would go on: end it first")};
    }
    const auto [known, added] = rules_[visit.file].try_emplace(visit.index, rule);
    if (added || known->second == rule) return;
    known->second = {Kind::kLeave, "", "the file is included where this line means something else"};
  }

  const std::map<size_t, MigrationRule>& Of(const std::string& file) { return rules_[file]; }
  bool Has(const std::string& file) const { return rules_.contains(file); }

  std::vector<std::string> FilesWithChanges() const {
    std::vector<std::string> files;
    for (const auto& [file, rules] : rules_) {
      const bool any = std::any_of(rules.begin(), rules.end(), [](const auto& rule) {
        return rule.second.kind != Kind::kKeep;
      });
      if (any) files.push_back(file);
    }
    return files;
  }

 private:
  static MigrationRule RuleOf(const Visit& visit, bool lenient) {
    if (visit.scope == kNoScope) return {};
    switch (visit.statement().kind) {
      case Statement::Kind::kDirective:
        return RuleForDirective(visit.statement(), visit.scope, lenient);
      case Statement::Kind::kOpen:
        return RuleForSection(visit.statement(), visit.scope, lenient);
      case Statement::Kind::kClose:
        return {};
    }
    return {};
  }

  std::map<std::string, std::map<size_t, MigrationRule>> rules_;
};

class Rewriter {
 public:
  Rewriter(std::string file, std::string_view text) : file_(std::move(file)) {
    std::vector<Diagnostic> ignored;
    tree_ = ReadLines(file_, text, &ignored);
    if (text.starts_with(kByteOrderMark)) mark_ = kByteOrderMark;
    ends_ = text.ends_with('\n');
  }

  void Apply(const std::map<size_t, MigrationRule>& rules, Migration* out) {
    size_t done = 0;  // statements before it are within a section that was disabled
    for (const auto& [index, rule] : rules) {
      if (index >= done) done = std::max(done, One(index, rule, out));
    }
    out->text = Text();
  }

 private:
  // Returns the statement to go on with.
  size_t One(size_t index, const MigrationRule& rule, Migration* out) {
    const Statement& statement = tree_.statements[index];
    const Position where{file_, statement.name.line, statement.name.column};
    const std::string shown = statement.kind == Statement::Kind::kOpen
                                  ? Cat("<", statement.name.text, ">")
                                  : Cat("'", statement.name.text, "'");
    switch (rule.kind) {
      case Kind::kKeep:
        break;
      case Kind::kRename:
        Replace(statement.name, statement.name, rule.text);
        out->changes.push_back({where, Cat(shown, " is now '", rule.text, "'")});
        break;
      case Kind::kRewrite:
        Replace(statement.name, statement.words.back(), rule.text);
        out->changes.push_back({where, Cat(shown, " is now '", rule.text, "'")});
        break;
      case Kind::kDisable:
        out->changes.push_back({where, Cat(shown, " is a comment now: ", rule.reason)});
        return Disable(index, rule.reason);
      case Kind::kLeave:
        out->left.push_back({where, Cat(shown, ": ", rule.reason)});
        break;
    }
    return index + 1;
  }

  void Replace(const Word& first, const Word& last, const std::string& text) {
    std::string& code = tree_.lines[static_cast<size_t>(first.line) - 1].code;
    const size_t begin = static_cast<size_t>(first.column) - 1;
    code.replace(begin, static_cast<size_t>(last.end) - 1 - begin, text);
  }

  size_t Disable(size_t index, const std::string& reason) {
    const bool section = tree_.statements[index].kind == Statement::Kind::kOpen;
    const size_t last = section ? EndOf(tree_.statements, index) : index;
    const Statement& end = tree_.statements[last];
    const size_t from = static_cast<size_t>(tree_.statements[index].name.line) - 1;
    const size_t to =
        static_cast<size_t>(end.words.empty() ? end.name.line : end.words.back().line);
    for (size_t i = from; i < to; ++i) {
      SourceLine& line = tree_.lines[i];
      if (Trim(line.code).empty()) continue;
      line.code.insert(line.code.find_first_not_of(" \t\r\v\f"), "# ");
      if (i == from) CatTo(&line.comment, "  # ", reason);
    }
    return last + 1;
  }

  std::string Text() const {
    std::string text = mark_;
    for (const SourceLine& line : tree_.lines) {
      const bool last = &line == &tree_.lines.back();
      CatTo(&text, line.code, line.comment, line.tail, last && !ends_ ? "" : "\n");
    }
    return text;
  }

  const std::string file_;
  LineTree tree_;
  std::string mark_;
  bool ends_ = true;  // with a line end
};

}  // namespace

std::optional<Migration> MigrateConfig(const std::string& path, const FileAccess& access,
                                       const MigrateOptions& options,
                                       std::vector<Diagnostic>* diagnostics) {
  std::vector<SourceFile> files;
  const Section root = ReadSections(path, access, &files, diagnostics,
                                    {.lenient = options.lenient, .resolve_secrets = false});
  if (Config::Build(root, files, diagnostics) == nullptr) return std::nullopt;
  Rules rules;
  WalkSource(path, access, [&](const Visit& visit) { rules.Add(visit, options.lenient); });
  const std::string& part = options.part.empty() ? path : options.part;
  const auto source = std::find_if(files.begin(), files.end(),
                                   [&](const SourceFile& file) { return file.path == part; });
  if (source == files.end()) {
    diagnostics->push_back({Severity::kError,
                            {part, 0, 0},
                            Say<"is no file of the configuration {}">(path),
                            Say<"name it as the include line finds it">()});
    return std::nullopt;
  }
  Migration migration;
  Rewriter(part, source->text).Apply(rules.Of(part), &migration);
  for (const std::string& file : rules.FilesWithChanges()) {
    if (file != part) migration.others.push_back(file);
  }
  return migration;
}

}  // namespace convoy::config
