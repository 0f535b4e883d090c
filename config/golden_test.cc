// Every tests/configs/*.conf, and what `convoy config check` says about it.
//
// NAME.golden holds the report, and the explanation of each queue that a line `#explain QUEUE` at
// the start of NAME.conf asks for; a line `#lenient` there reads it leniently. The environment has
// one variable, CONVOY_SECRET. With `--update` the goldens are rewritten in the source tree (bazel
// run //config:golden_test -- --update). Read what changes: a golden is what a user sees.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>

#include "base/text.h"
#include "config/lexer.h"
#include "config/load.h"
#include "config/section_table.h"
#include "config/testing/corpus.h"

namespace convoy::config {
namespace {

constexpr const char* kDirectory = kCorpusDirectory;
bool update = false;

// The explanation without the settings that nobody made.
std::string WithoutDefaults(const std::string& explanation) {
  std::string out;
  for (const std::string_view line : Split(explanation, '\n')) {
    if (!line.empty() && !line.ends_with(" default")) CatTo(&out, line, "\n");
  }
  return out;
}

std::string Report(const std::string& name) {
  const std::string text = ReadCorpusFile(Cat(name, ".conf"));
  const ReadOptions options{.lenient = IsLenient(text)};
  std::vector<std::string> queues;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with("#explain ")) queues.emplace_back(line.substr(9));
  }
  const FileAccess access = CorpusAccess();
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
  const std::vector<std::string> names = CorpusNames();
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
    EXPECT_EQ(report, ReadCorpusFile(Cat(name, ".golden")));
  }
}

// Marks the rows and sections that a file uses.
void Mark(const std::string& path, std::set<size_t>* rows, std::set<std::string>* sections) {
  std::vector<Diagnostic> ignored;
  std::vector<Scope> open = {kGlobal};
  for (const Statement& statement : Lex(path, ReadCorpusFile(path), &ignored)) {
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
  for (const std::string& name : CorpusNames()) {
    Mark(Cat(name, ".conf"), &rows, &sections);
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
