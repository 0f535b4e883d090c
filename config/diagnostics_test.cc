// What is said about a configuration: each sentence to the letter, and never a secret.
//
// With `--update` the cases are rewritten in the source tree (bazel run
// //config:diagnostics_test -- --update). Read what changes: a case is what a user sees.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "config/bundle.h"
#include "config/diagnostic_cases.h"
#include "config/load.h"
#include "config/reference.h"

namespace convoy::config {
namespace {

namespace fs = std::filesystem;

std::string TextOf(const absl::StatusOr<std::string>& answer) {
  if (answer.ok()) return *answer;
  return Cat("refused: ", std::string(answer.status().message()), "\n");
}

std::string Without(std::string text, const std::string& directory) {
  for (size_t at = 0; (at = text.find(directory, at)) != std::string::npos;) {
    text.erase(at, directory.size());
  }
  return text;
}

// With the files on a disk, as the command does.
std::string OnDisk(const DiagnosticCase& one) {
  const std::string directory = Cat(std::getenv("TEST_TMPDIR"), "/case/");
  fs::remove_all(directory);
  for (const auto& [name, text] : one.files) {
    fs::create_directories(fs::path(directory + name).parent_path());
    if (text == "{{fifo}}\n") {
      EXPECT_EQ(mkfifo((directory + name).c_str(), 0600), 0);
      continue;
    }
    std::ofstream(directory + name, std::ios::binary) << text;
  }
  const std::string main = one.arguments.empty() ? "main.conf" : one.arguments[0];
  LoadResult loaded = LoadConfig(directory + main);
  if (loaded.config != nullptr) {
    for (Diagnostic& d : CheckFiles(*loaded.config)) loaded.diagnostics.push_back(std::move(d));
  }
  return Without(Lines(loaded.diagnostics), directory);
}

std::string Answer(const DiagnosticCase& one) {
  const FileAccess access = AccessTo(one.files);
  const bool lenient = !one.arguments.empty() && one.arguments[0] == "lenient";
  if (one.command == "disk") return OnDisk(one);
  if (one.command == "help") return TextOf(DirectiveHelp(one.arguments[0], false));
  if (one.command == "bundle") return Lines(GatherBundle("main.conf", access).loaded.diagnostics);
  if (one.command == "damaged") {
    return Cat(std::string(DecodeBundle("not a bundle").status().message()), "\n");
  }
  if (one.command == "elsewhere") {  // on a machine that has the bundle and nothing else
    return TextOf(FilesOf(GatherBundle("main.conf", access).bundle, {}).read(one.arguments[0]));
  }
  const LoadResult loaded = LoadConfig("main.conf", access, {.lenient = lenient});
  if (one.command == "report") return CheckReport(loaded, false);
  if (one.command == "json") return CheckReport(loaded, true);
  if (one.command == "explain" && loaded.config != nullptr) {
    return TextOf(Explain(*loaded.config, one.arguments[0], false));
  }
  EXPECT_TRUE(one.command == "check" || one.command == "explain") << one.command;
  return Lines(loaded.diagnostics);
}

class Cases : public testing::TestWithParam<const char*> {};
TEST_P(Cases, AreAnsweredToTheLetter) { RunCases(GetParam(), Answer); }
INSTANTIATE_TEST_SUITE_P(Diagnostics, Cases,
                         testing::Values("lexis", "sections", "values", "macros", "domains",
                                         "virtual_mtas", "top_level", "lists", "secrets", "files",
                                         "bundle", "commands"),
                         [](const auto& info) { return std::string(info.param); });

// A new sentence needs a case.
TEST(Sentences, AreAllShown) {
  EXPECT_GT(AllSentences().size(), 150u);
  for (const std::string& sentence : SentencesNotShown()) {
    ADD_FAILURE() << "no golden in tests/configs shows: " << sentence;
  }
}

// Whatever is wrong with a line that holds a password, the password is not repeated.
TEST(Secrets, AreInNoDiagnostic) {
  constexpr std::string_view kValues[] = {
      "S3CR3T",         "user:S3CR3T",         "user:S3CR3T more", "S3CR3T S3CR3T",
      "\"S3CR3T",       "\"S3CR3T\"x",         ",S3CR3T",          "/S3CR3T/",
      "literal:S3CR3T", "user:literal:S3CR3T", "<S3CR3T>",         "\"\" S3CR3T"};
  for (const DirectiveRow& row : DirectiveTable()) {
    if (!row.secret) continue;
    for (const std::string_view value : kValues) {
      for (const std::string_view section :
           {"", "domain *", "smtp-user u", "source 0/0", "vault"}) {
        std::string text = Cat(row.name, " ", value, "\n");
        if (!section.empty()) {
          text = Cat("<", section, ">\n", text, "</", Split(section, ' ')[0], ">\n");
        }
        const LoadResult loaded = LoadConfig("main.conf", AccessTo({{"main.conf", text}}));
        for (const bool json : {false, true}) {
          EXPECT_EQ(CheckReport(loaded, json).find("S3CR3T"), std::string::npos)
              << text << CheckReport(loaded, json);
        }
      }
    }
  }
}

}  // namespace
}  // namespace convoy::config

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  convoy::config::ReadArguments(argc, argv);
  return RUN_ALL_TESTS();
}
