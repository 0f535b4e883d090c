// An .effect file: one directive, shown at work by experiments that differ in its value only.
//
//     # what the directive does
//     config
//         <domain a.test>
//             max-smtp-out {}
//         </domain>
//     scenario
//         domain a.test
//         ...
//     value 2
//         what is observed
//     value 5
//         ...
//
// Blocks begin at the left margin, their lines are indented by four. Another `config` block begins
// another experiment. README.md has the language.
//
// Errors:    InvalidArgument with the line that is wrong
// Determinism: pure
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/directive_table.h"

namespace convoy::effects {

struct Value {
  std::string text;  // what stands for {}; kAbsent: the line is left out
  std::vector<std::string> expected;
  size_t line = 0;  // of "value", from 0
};
inline constexpr std::string_view kAbsent = "(absent)";
// The name of lines such as `421 RP-001 *, 1h, 5, 1000`, which begin with no directive.
inline constexpr std::string_view kBackoffLine = "backoff-line";

struct Experiment {
  std::vector<std::string> config;           // with one {}
  bool whole = false;                        // without the README's standing configuration
  std::map<std::string, std::string> files;  // by name
  std::vector<std::string> keys;             // names of files that hold a DKIM key
  std::vector<std::string> scenario;
  std::vector<Value> values;

  // The line with {}: its first word, and the innermost section it stands in.
  std::string directive;
  uint32_t scope = config::kGlobal;

  std::string ConfigWith(const Value& value) const;
};

struct EffectFile {
  std::vector<std::string> lines;
  std::vector<Experiment> experiments;

  static absl::StatusOr<EffectFile> Parse(std::string_view text);
  // The text with these observations instead of what was expected, in the order of the values.
  std::string With(const std::vector<std::vector<std::string>>& observations) const;
};

}  // namespace convoy::effects
