// Every tests/lint/*.conf, and what the lint finds in it: a line ends in "# expect L101" for each
// finding it has, and every other line has none. NAME.golden is the report. With `--update` the
// goldens are rewritten in the source tree (bazel run //config/lint:lint_test -- --update).
#include "config/lint/lint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/text.h"
#include "config/testing/corpus.h"

namespace convoy::config {
namespace {

constexpr char kDirectory[] = "tests/lint/";
bool update = false;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::vector<std::string> ConfigsIn(const std::string& directory) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() == ".conf") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Paths as they are in the directory, so that goldens hold no other.
LintResult LintFile(const std::string& path) {
  FileAccess access = RealFiles();
  access.read = [](const std::string& name) -> absl::StatusOr<std::string> {
    return ReadAll(Cat(kDirectory, name));
  };
  return LintConfig(std::filesystem::path(path).filename(), access);
}

using Marks = std::multiset<std::string>;  // "12 L101"

Marks Expected(const std::string& text) {
  Marks marks;
  int number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    const size_t at = line.find("# expect ");
    if (at == std::string_view::npos) continue;
    for (const std::string_view id : Split(line.substr(at + 9), ' ')) {
      marks.insert(Cat(number, ' ', id));
    }
  }
  return marks;
}

Marks Found(const LintResult& result) {
  Marks marks;
  for (const Finding& f : result.findings) marks.insert(Cat(f.where.line, ' ', f.id));
  return marks;
}

TEST(Lint, EachLineHasTheFindingsItExpects) {
  std::set<std::string> seen;
  for (const std::string& path : ConfigsIn(kDirectory)) {
    SCOPED_TRACE(path);
    const LintResult result = LintFile(path);
    for (const Diagnostic& d : result.diagnostics) ADD_FAILURE() << d.ToString();
    EXPECT_EQ(Found(result), Expected(ReadAll(path)));
    for (const Finding& f : result.findings) seen.emplace(f.id);
  }
  for (const LintRule& rule : LintRules()) {
    EXPECT_TRUE(seen.contains(std::string(rule.id))) << rule.id << ' ' << rule.about;
  }
}

TEST(Lint, Reports) {
  for (const std::string& path : ConfigsIn(kDirectory)) {
    const std::string stem = std::filesystem::path(path).stem();
    const std::string report = LintReport(LintFile(path), Cat(stem, ".conf"), false);
    if (update) {
      const char* tree = std::getenv("BUILD_WORKSPACE_DIRECTORY");
      std::ofstream(Cat(tree == nullptr ? "." : tree, "/", kDirectory, stem, ".golden"),
                    std::ios::binary)
          << report;
      continue;
    }
    EXPECT_EQ(report, ReadAll(Cat(kDirectory, stem, ".golden")));
  }
}

TEST(Lint, ExamplesHaveNoFindings) {
  std::vector<std::string> paths = ConfigsIn("deploy/examples/");
  EXPECT_FALSE(paths.empty());
  paths.push_back("tests/configs/founding_text.conf");
  for (const std::string& path : paths) {
    const LintResult result = LintConfig(path, RealFiles());
    EXPECT_TRUE(result.diagnostics.empty()) << LintReport(result, path, false);
    EXPECT_TRUE(result.findings.empty()) << LintReport(result, path, false);
  }
}

TEST(Lint, NumbersAreUniqueAndInOrder) {
  std::string_view last;
  for (const LintRule& rule : LintRules()) {
    EXPECT_LT(last, rule.id);
    last = rule.id;
    EXPECT_NE(LintRuleList(false).find(Cat(rule.id, "  ", rule.about, "\n")), std::string::npos);
  }
}

TEST(Lint, TheDocumentHasEveryRule) {
  const std::string page = ReadAll("docs/config-tools.md");
  for (const LintRule& rule : LintRules()) {
    std::string about(rule.about);
    for (size_t at = about.find('<'); at != std::string::npos; at = about.find('<', at + 2)) {
      about.insert(at, "\\");
    }
    EXPECT_NE(page.find(Cat("| ", rule.id, " | ", about, " |\n")), std::string::npos) << rule.id;
  }
}

TEST(Lint, CommentsAllowAndAreCounted) {
  const LintResult result = LintFile("unused.conf");
  EXPECT_EQ(result.allowed, 2u);
  const auto json = nlohmann::json::parse(LintReport(result, "unused.conf", true));
  EXPECT_EQ(json["allowed"], 2);
  EXPECT_EQ(json["findings"].size(), result.findings.size());
  EXPECT_EQ(json["findings"][0]["id"], "L601");
  EXPECT_EQ(json["findings"][0]["line"], 4);
}

TEST(Lint, AFileWithErrorsHasOnlyThese) {
  FileAccess access = RealFiles();
  access.read = [](const std::string&) { return std::string("nonsense x\ndomain-macro a b\n"); };
  const LintResult result = LintConfig("f", access);
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_TRUE(result.findings.empty());
  EXPECT_TRUE(LintReport(result, "f", false).ends_with("try --lenient\n"));
}

// Whatever it is given, the lint ends and prints nothing that is secret.
TEST(Lint, EachFileOfTheCorpus) {
  for (const std::string& name : CorpusNames()) {
    const std::string file = Cat(name, ".conf");
    const LintResult result =
        LintConfig(file, CorpusAccess(), {.lenient = IsLenient(ReadCorpusFile(file))});
    const std::string report = LintReport(result, file, false);
    EXPECT_EQ(report.find("from-the-environment"), std::string::npos) << report;
    EXPECT_EQ(report.find("s3cret"), std::string::npos) << report;
  }
}

}  // namespace
}  // namespace convoy::config

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--update") == 0) convoy::config::update = true;
  }
  return RUN_ALL_TESTS();
}
