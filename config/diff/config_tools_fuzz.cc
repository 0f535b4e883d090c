// Foreign bytes as a configuration, for the tools that judge and rewrite it.
//
// How it works: the input is one file, read leniently. What can be loaded differs in nothing from
// itself; from an empty file it differs both ways or not at all; the lint says only what is
// printable; what was migrated can be loaded, does not differ in what has effect, and has nothing
// to migrate. No secret is printed.

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "config/diff/diff.h"
#include "config/lint/lint.h"
#include "config/migrate.h"

namespace {

namespace config = convoy::config;

constexpr std::string_view kSecret = "s3cretfromtheenvironment";

config::FileAccess Access(const std::string& text) {
  config::FileAccess access;
  access.read = [text](const std::string& path) -> absl::StatusOr<std::string> {
    if (path == "f") return text;
    return absl::NotFoundError("no such file");
  };
  access.glob = [](const std::string&) { return std::vector<std::string>(); };
  access.environment = [](const std::string&) { return std::string(kSecret); };
  return access;
}

void CheckText(const std::string& text) {
  CHECK(text.find(kSecret) == std::string::npos);
  for (const char c : text) {
    CHECK(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
  }
}

void CheckMigration(const config::Survey& survey, const std::string& text) {
  std::vector<config::Diagnostic> diagnostics;
  const config::MigrateOptions options{.part = "", .lenient = true};
  const auto once = config::MigrateConfig("f", Access(text), options, &diagnostics);
  CHECK(once.has_value());
  const config::Survey after = config::SurveyConfig("f", Access(once->text), {.lenient = true});
  CHECK(after.config != nullptr);
  for (const config::Change& change : config::DiffConfigs(survey, after)) {
    CHECK(change.note.starts_with("not"));  // not yet, not supported
  }
  const auto twice = config::MigrateConfig("f", Access(once->text), options, &diagnostics);
  CHECK(twice.has_value() && twice->changes.empty() && twice->text == once->text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const config::ReadOptions lenient{.lenient = true};
  CheckText(config::LintReport(config::LintConfig("f", Access(text), lenient), "f", false));
  CheckText(config::LintReport(config::LintConfig("f", Access(text), lenient), "f", true));
  const config::Survey survey = config::SurveyConfig("f", Access(text), lenient);
  if (survey.config == nullptr) return 0;
  CHECK(config::DiffConfigs(survey, survey).empty());
  const config::Survey empty = config::SurveyConfig("f", Access(""), {});
  const auto there = config::DiffConfigs(empty, survey);
  CHECK(there.empty() == config::DiffConfigs(survey, empty).empty());
  CheckText(config::DiffReport(there, false));
  CheckText(config::DiffReport(there, true));
  CheckMigration(survey, text);
  return 0;
}
