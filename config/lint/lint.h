// What is well-formed and still wrong: rules that never hold, and rules that do harm.
//
//     convoy.conf:31:5: L305: 'retry-interval 10m' never holds: 'min-retry-interval 20m' is longer
//         fix: make min-retry-interval the shorter of the two
//
// Each rule has a number that stays. What `config check` says is not said again. A comment
// `# lint: allow L305` on the line or alone on the line above it keeps a finding away; what follows
// the number in it is the reason. Each rule reports only what it can show; rules that would have to
// guess what a provider answers are not among them.
//
// Errors:    as diagnostics of the reader; with one, there are no findings
// Determinism: pure, but for the access given
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/survey/survey.h"

namespace convoy::config {

struct Finding {
  std::string_view id;  // "L305"
  Position where;
  std::string message;
  std::string fix;
};

struct LintRule {
  std::string_view id;
  std::string_view about;  // what it finds, in one line
  void (*run)(const Survey& survey, std::vector<Finding>* findings);
};
// In the order of their numbers.
const std::vector<LintRule>& LintRules();

struct LintResult {
  std::vector<Diagnostic> diagnostics;  // the errors, if the file cannot be loaded
  std::vector<Finding> findings;        // in the order of files and lines
  size_t allowed = 0;                   // kept away by comments
};
LintResult LintConfig(const std::string& path, const FileAccess& access,
                      const ReadOptions& options = {});

// For people, or JSON. `path` is the file that was asked for.
std::string LintReport(const LintResult& result, const std::string& path, bool json);
// Number and subject of every rule.
std::string LintRuleList(bool json);

}  // namespace convoy::config
