// The commands that look at configuration files side by side, judge them or rewrite them: config
// diff, fmt, lint and migrate. No cluster is asked.
//
// Errors:    as Outcome; a file that cannot be loaded is ExitCode::kUsage for diff, as with
//            diff(1), and ExitCode::kRefused for the others
#pragma once

#include <string>
#include <vector>

#include "cli/outcome.h"

namespace convoy::cli {

struct FormatArguments {
  std::vector<std::string> files;  // "-" is standard input
  bool write = false;              // back into the files
  bool check = false;              // only say which would change
};
struct MigrateArguments {
  std::string file;
  std::string part;    // which file of the configuration to rewrite; "": `file`
  std::string output;  // "": standard output
  bool lenient = false;
};
struct DiffArguments {
  std::string before;
  std::string after;
  bool lenient = false;
};
struct LintArguments {
  std::string file;
  bool lenient = false;
  bool rules = false;  // list them instead
};

Outcome FormatConfigs(const FormatArguments& arguments, bool json);
Outcome MigrateConfigFile(const MigrateArguments& arguments, bool json);
Outcome DiffConfigFiles(const DiffArguments& arguments, bool json);
Outcome LintConfigFile(const LintArguments& arguments, bool json);

}  // namespace convoy::cli
