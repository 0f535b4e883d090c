#include "config/source_walk.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "config/section_table.h"

namespace convoy::config {
namespace {

constexpr size_t kDepthMax = 16;
constexpr size_t kVisitsMax = 10'000;

class Walk {
 public:
  Walk(const FileAccess& access, const std::function<void(const Visit&)>& visitor)
      : access_(access), visitor_(visitor) {}

  void File(const std::string& path, Scope scope) {
    const bool circle = std::find(stack_.begin(), stack_.end(), path) != stack_.end();
    if (circle || stack_.size() > kDepthMax || ++visits_ > kVisitsMax) return;
    const std::vector<Statement>& statements = Read(path);
    stack_.push_back(path);
    std::vector<Scope> open = {scope};
    for (size_t i = 0; i < statements.size(); ++i) {
      const Statement& statement = statements[i];
      if (statement.kind == Statement::Kind::kClose && open.size() > 1) open.pop_back();
      visitor_({path, statements, i, open.back()});
      if (statement.kind == Statement::Kind::kOpen) {
        const SectionKind* kind = FindSection(statement.name.text);
        const bool known = kind != nullptr && open.back() != kNoScope;
        open.push_back(known ? kind->scope : kNoScope);
      }
      if (IsInclude(statement) && open.back() != kNoScope) Include(path, statement, open.back());
    }
    stack_.pop_back();
  }

 private:
  static bool IsInclude(const Statement& statement) {
    return statement.kind == Statement::Kind::kDirective && statement.words.size() == 1 &&
           EqualsIgnoreCase(statement.name.text, "include");
  }

  void Include(const std::string& path, const Statement& statement, Scope scope) {
    const std::string wanted = ResolvePath(path, statement.words[0].text);
    std::vector<std::string> found = {wanted};
    if (wanted.find_first_of("*?[") != std::string::npos) found = access_.glob(wanted);
    for (const std::string& file : found) File(file, scope);
  }

  const std::vector<Statement>& Read(const std::string& path) {
    const auto [known, added] = files_.try_emplace(path);
    if (!added) return known->second;
    std::vector<Diagnostic> ignored;
    if (const auto text = access_.read(path); text.ok()) known->second = Lex(path, *text, &ignored);
    return known->second;
  }

  const FileAccess& access_;
  const std::function<void(const Visit&)>& visitor_;
  std::map<std::string, std::vector<Statement>> files_;
  std::vector<std::string> stack_;
  size_t visits_ = 0;
};

}  // namespace

void WalkSource(const std::string& path, const FileAccess& access,
                const std::function<void(const Visit&)>& visitor) {
  Walk(access, visitor).File(path, kGlobal);
}

}  // namespace convoy::config
