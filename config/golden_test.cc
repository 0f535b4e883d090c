// Every tests/configs/*.conf, and what `convoy config check` says about it.
//
// NAME.golden holds the report, and the explanation of each queue that a line `#explain QUEUE` at
// the start of NAME.conf asks for; a line `#lenient` there reads it leniently. The environment has
// one variable, CONVOY_SECRET. With `--update` the goldens are rewritten in the source tree (bazel
// run //config:golden_test -- --update). Read what changes: a golden is what a user sees.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "config/lexer.h"
#include "config/load.h"
#include "config/section_table.h"

namespace convoy::config {
namespace {

constexpr char kDirectory[] = "tests/configs/";
bool update = false;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// Files of the directory under their names in it, so that no path of this machine is in a golden.
FileAccess Corpus() {
  FileAccess access;
  access.read = [](const std::string& path) -> absl::StatusOr<std::string> {
    const std::string whole = Cat(kDirectory, path);
    if (!std::filesystem::is_regular_file(whole)) {
      return absl::NotFoundError(Cat("cannot read ", path, ": No such file or directory"));
    }
    return ReadAll(whole);
  };
  access.glob = [](const std::string& pattern) {
    std::vector<std::string> found = RealFiles().glob(Cat(kDirectory, pattern));
    for (std::string& path : found) path.erase(0, sizeof kDirectory - 1);
    return found;
  };
  access.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "CONVOY_SECRET") return "from-the-environment";
    return std::nullopt;
  };
  return access;
}

std::vector<std::string> ConfigNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kDirectory)) {
    if (entry.path().extension() == ".conf") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The explanation without the settings that nobody made.
std::string WithoutDefaults(const std::string& explanation) {
  std::string out;
  for (const std::string_view line : Split(explanation, '\n')) {
    if (!line.empty() && !line.ends_with(" default")) CatTo(&out, line, "\n");
  }
  return out;
}

std::string Report(const std::string& name) {
  const std::string text = ReadAll(Cat(kDirectory, name, ".conf"));
  ReadOptions options;
  std::vector<std::string> queues;
  for (const std::string_view line : Split(text, '\n')) {
    if (line == "#lenient") options.lenient = true;
    if (line.starts_with("#explain ")) queues.emplace_back(line.substr(9));
  }
  const FileAccess access = Corpus();
  const LoadResult result = LoadConfig(Cat(name, ".conf"), access, options);
  std::string report = CheckReport(result, /*json=*/false);
  for (const std::string& queue : queues) {
    if (result.config == nullptr) continue;
    const auto explained = Explain(*result.config, queue, /*json=*/false);
    CatTo(&report, "\n",
          explained.ok() ? WithoutDefaults(*explained)
                         : Cat(std::string(explained.status().message()), "\n"));
  }
  return report;
}

TEST(Golden, EveryConfiguration) {
  const std::vector<std::string> names = ConfigNames();
  EXPECT_GE(names.size(), 30u);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const std::string report = Report(name);
    if (update) {
      const char* tree = std::getenv("BUILD_WORKSPACE_DIRECTORY");
      std::ofstream(Cat(tree == nullptr ? "." : tree, "/", kDirectory, name, ".golden"),
                    std::ios::binary)
          << report;
      continue;
    }
    EXPECT_EQ(report, ReadAll(Cat(kDirectory, name, ".golden")));
  }
}

// Marks the rows and sections that a file uses.
void Mark(const std::string& path, std::set<size_t>* rows, std::set<std::string>* sections) {
  std::vector<Diagnostic> ignored;
  std::vector<Scope> open = {kGlobal};
  for (const Statement& statement : Lex(path, ReadAll(path), &ignored)) {
    if (statement.kind == Statement::Kind::kOpen) {
      const SectionKind* kind = FindSection(statement.name.text);
      open.push_back(kind == nullptr ? kNoScope : kind->scope);
      if (kind != nullptr) sections->emplace(kind->name);
    } else if (statement.kind == Statement::Kind::kClose) {
      if (open.size() > 1) open.pop_back();
    } else if (const DirectiveRow* row = FindDirective(statement.name.text, open.back())) {
      if ((row->scopes & open.back()) != 0) rows->insert(RowIndex(*row));
    }
  }
}

TEST(Golden, EveryRowAndSectionIsInTheCorpus) {
  std::set<size_t> rows;
  std::set<std::string> sections;
  for (const std::string& name : ConfigNames()) {
    Mark(Cat(kDirectory, name, ".conf"), &rows, &sections);
  }
  for (const DirectiveRow& row : DirectiveTable()) {
    EXPECT_TRUE(rows.contains(RowIndex(row))) << row.name << " in " << ScopesText(row.scopes);
  }
  for (const SectionKind& kind : SectionKinds()) {
    EXPECT_TRUE(sections.contains(std::string(kind.name))) << kind.text;
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
