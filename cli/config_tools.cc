#include "cli/config_tools.h"

#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/replace_file.h"
#include "config/diff/diff.h"
#include "config/format.h"
#include "config/lint/lint.h"
#include "config/migrate.h"

namespace convoy::cli {
namespace {

using nlohmann::json;

std::string Lines(const std::vector<config::Diagnostic>& diagnostics) {
  std::string text;
  for (const config::Diagnostic& d : diagnostics) {
    if (d.severity == config::Severity::kError) CatTo(&text, d.ToString(), "\n");
  }
  return text;
}

Outcome Refused(const absl::Status& status) {
  return {.code = ExitCode::kRefused,
          .out = "",
          .error = Cat("convoy: ", std::string(status.message()), "\n")};
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  if (path != "-") return config::RealFiles().read(path);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

// A file that was asked to be formatted, and what came of it.
struct Formatted {
  std::string file;
  bool changed = false;
  std::string text;
};

// Adds to `outcome` what a person reads.
void TellFormatted(const Formatted& formatted, const FormatArguments& arguments, Outcome* outcome) {
  if (arguments.check || arguments.write) {
    const std::string_view what = arguments.write ? " formatted\n" : " would change\n";
    if (formatted.changed) CatTo(&outcome->out, config::Printable(formatted.file), what);
  } else {
    outcome->out += formatted.text;
  }
}

json JsonOf(const Formatted& formatted, const FormatArguments& arguments) {
  json one = {{"file", config::Printable(formatted.file)},
              {"changed", formatted.changed},
              {"written", formatted.changed && arguments.write}};
  // Octets that are no UTF-8 cannot stand in JSON; the plain output has them.
  if (!arguments.check && !arguments.write) one["text"] = formatted.text;
  return one;
}

absl::Status Format(const std::string& file, const FormatArguments& arguments, Formatted* out,
                    std::string* errors) {
  const auto text = ReadText(file);
  if (!text.ok()) return text.status();
  std::vector<config::Diagnostic> diagnostics;
  const auto formatted =
      config::FormatConfig(file == "-" ? "standard input" : file, *text, &diagnostics);
  *errors = Lines(diagnostics);
  if (!formatted.has_value()) {
    return absl::InvalidArgumentError(Cat(file, " is not formatted: mend its errors first"));
  }
  *out = {file, *formatted != *text, *formatted};
  if (!arguments.write || !out->changed) return absl::OkStatus();
  return ReplaceFile(file, *formatted);
}

}  // namespace

Outcome FormatConfigs(const FormatArguments& arguments, bool as_json) {
  Outcome outcome;
  json all = json::array();
  bool changed = false;
  for (const std::string& file : arguments.files) {
    if (file == "-" && arguments.write) {
      return {.code = ExitCode::kUsage,
              .out = "",
              .error =
                  "convoy: --write needs a file; standard input is formatted to standard "
                  "output\n"};
    }
    Formatted formatted;
    std::string errors;
    if (const auto status = Format(file, arguments, &formatted, &errors); !status.ok()) {
      CatTo(&outcome.error, errors, Refused(status).error);
      outcome.code = ExitCode::kRefused;
      continue;
    }
    changed = changed || formatted.changed;
    TellFormatted(formatted, arguments, &outcome);
    all.push_back(JsonOf(formatted, arguments));
  }
  if (as_json) {
    outcome.out = all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  }
  if (arguments.check && changed) outcome.code = ExitCode::kRefused;
  return outcome;
}

namespace {

// What was done, for standard error: the file itself may be on standard output.
std::string TellMigration(const config::Migration& migration, const MigrateArguments& arguments) {
  std::string text;
  const auto tell = [&](const config::MigrationChange& change, std::string_view what) {
    CatTo(&text, config::Printable(Cat(change.where.ToString(), ": ", what, change.text)), "\n");
  };
  for (const auto& change : migration.changes) tell(change, "");
  for (const auto& left : migration.left) tell(left, "left as it is: ");
  for (const std::string& other : migration.others) {
    CatTo(&text, config::Printable(other),
          ": is included and has old lines, too: convoy config migrate ",
          config::Printable(arguments.file), " --part ", config::Printable(other), "\n");
  }
  const size_t changes = migration.changes.size();
  CatTo(&text, changes, changes == 1 ? " change" : " changes");
  if (!migration.left.empty()) CatTo(&text, ", ", migration.left.size(), " left to you");
  return text + "\n";
}

json JsonOf(const config::Migration& migration) {
  const auto list = [](const std::vector<config::MigrationChange>& changes) {
    json all = json::array();
    for (const auto& change : changes) {
      all.push_back({{"file", config::Printable(change.where.file)},
                     {"line", change.where.line},
                     {"column", change.where.column},
                     {"text", config::Printable(change.text)}});
    }
    return all;
  };
  json others = json::array();
  for (const std::string& other : migration.others) others.push_back(config::Printable(other));
  return {{"changes", list(migration.changes)},
          {"left", list(migration.left)},
          {"others", others},
          {"text", migration.text}};
}

}  // namespace

Outcome MigrateConfigFile(const MigrateArguments& arguments, bool as_json) {
  std::vector<config::Diagnostic> diagnostics;
  const auto migration =
      config::MigrateConfig(arguments.file, config::RealFiles(),
                            {.part = arguments.part, .lenient = arguments.lenient}, &diagnostics);
  if (!migration.has_value()) {
    return {.code = ExitCode::kRefused,
            .out = "",
            .error = Cat(Lines(diagnostics), "convoy: nothing is migrated: mend these errors",
                         arguments.lenient ? "" : ", or try --lenient", "\n")};
  }
  Outcome outcome;
  if (!arguments.output.empty()) {
    const auto written = ReplaceFile(arguments.output, migration->text);
    if (!written.ok()) return Refused(written);
  }
  if (as_json) {
    outcome.out = JsonOf(*migration).dump(2, ' ', false, json::error_handler_t::replace) + "\n";
    return outcome;
  }
  if (arguments.output.empty()) outcome.out = migration->text;
  outcome.error = TellMigration(*migration, arguments);
  return outcome;
}

Outcome DiffConfigFiles(const DiffArguments& arguments, bool as_json) {
  // Secrets are compared as written: what is behind file: and env: may be elsewhere.
  const config::ReadOptions options{.lenient = arguments.lenient, .resolve_secrets = false};
  const config::Survey before =
      config::SurveyConfig(arguments.before, config::RealFiles(), options);
  const config::Survey after = config::SurveyConfig(arguments.after, config::RealFiles(), options);
  if (before.config == nullptr || after.config == nullptr) {
    return {.code = ExitCode::kUsage,
            .out = "",
            .error = Cat(Lines(before.diagnostics), Lines(after.diagnostics),
                         "convoy: nothing is compared: both must load without errors\n")};
  }
  const std::vector<config::Change> changes = config::DiffConfigs(before, after);
  return {.code = changes.empty() ? ExitCode::kDone : ExitCode::kRefused,
          .out = config::DiffReport(changes, as_json),
          .error = ""};
}

Outcome LintConfigFile(const LintArguments& arguments, bool as_json) {
  if (arguments.rules) {
    return {.code = ExitCode::kDone, .out = config::LintRuleList(as_json), .error = ""};
  }
  if (arguments.file.empty()) {
    return {.code = ExitCode::kUsage,
            .out = "",
            .error = "convoy: config lint needs a FILE, or --rules for the list of rules\n"};
  }
  const config::LintResult result =
      config::LintConfig(arguments.file, config::RealFiles(), {.lenient = arguments.lenient});
  const bool clean = result.diagnostics.empty() && result.findings.empty();
  return {.code = clean ? ExitCode::kDone : ExitCode::kRefused,
          .out = config::LintReport(result, arguments.file, as_json),
          .error = ""};
}

}  // namespace convoy::cli
