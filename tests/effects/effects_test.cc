// Every directive that is said to have an effect is shown to have it.
//
// Plays tests/effects/*.effect (README.md there): the same scenario under two values of one
// directive must be observed as written down, and differently. And every row of the directive table
// that is `effective` has, for each scope it may stand in, such a file or a line in elsewhere.txt.
//
// Update what is expected: bazel run //tests/effects:effects_test -- --update
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "config/load.h"
#include "config/section_table.h"
#include "tests/effects/effect_file.h"
#include "tests/effects/stage.h"

namespace convoy::effects {
namespace {

namespace fs = std::filesystem;

constexpr char kDirectory[] = "tests/effects";

// What stands before every configuration that is not "whole" (README.md).
constexpr std::string_view kStanding =
    "host-name convoy.test\n"
    "<source 0.0.0.0/0>\n"
    "    always-allow-relaying yes\n"
    "</source>\n"
    "<acct-file acct.csv>\n"
    "    records d,b,t,tq,r\n"
    "</acct-file>\n";

// RFC 8463 A.2: not a secret.
constexpr std::string_view kKeyPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

bool g_update = false;
std::string g_only;  // --only NAME

// With `bazel run ... --update` the source tree, else the test's own copy.
fs::path Root() {
  const char* source = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  return g_update && source != nullptr ? source : ".";
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void WriteFile(const fs::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::vector<fs::path> EffectFiles() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(Root() / kDirectory)) {
    if (entry.path().extension() == ".effect") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

fs::path Directory() { return fs::path(testing::TempDir()) / "effect"; }

// That a name is an old one is no complaint: the effect is shown all the same.
bool Complains(const config::Diagnostic& diagnostic) {
  return diagnostic.message.text().find("is an old name") == std::string::npos;
}

// Loaded from files in a directory of its own, as the daemon would; null, and a failure, if there
// is anything to complain about.
std::shared_ptr<const config::Config> Load(const Experiment& experiment, const Value& value) {
  const fs::path directory = Directory();
  fs::remove_all(directory);
  fs::create_directories(directory);
  for (const auto& [name, text] : experiment.files) WriteFile(directory / name, text);
  for (const std::string& name : experiment.keys) WriteFile(directory / name, kKeyPem);
  std::string text(experiment.whole ? "" : kStanding);
  text += experiment.ConfigWith(value);
  WriteFile(directory / "convoy.conf", text);
  config::LoadResult loaded = config::LoadConfig((directory / "convoy.conf").string());
  for (const config::Diagnostic& d : loaded.diagnostics) {
    if (Complains(d)) ADD_FAILURE() << d.ToString();
  }
  return loaded.config;
}

std::vector<std::string> Observe(const Experiment& experiment, const Value& value) {
  SCOPED_TRACE(Cat("value ", value.text));
  const auto config = Load(experiment, value);
  if (config == nullptr) return {"the configuration cannot be loaded"};
  Stage stage(config);
  std::vector<std::string> seen = stage.Play(experiment.scenario);
  const std::string directory = Directory().string() + "/";
  for (std::string& line : seen) {
    for (size_t at = line.find(directory); at != std::string::npos; at = line.find(directory)) {
      line.erase(at, directory.size());
    }
  }
  return seen;
}

void CheckFile(const fs::path& path) {
  SCOPED_TRACE(path.filename().string());
  auto file = EffectFile::Parse(ReadFile(path));
  ASSERT_TRUE(file.ok()) << file.status();
  std::vector<std::vector<std::string>> all;
  for (const Experiment& experiment : file->experiments) {
    EXPECT_EQ(experiment.directive, path.stem().string()) << "the file's name is its directive's";
    std::set<std::vector<std::string>> different;
    for (const Value& value : experiment.values) {
      const std::vector<std::string> seen = Observe(experiment, value);
      EXPECT_TRUE(different.insert(seen).second)
          << experiment.directive << " " << value.text << " gives what another value gives:\n"
          << Join(seen, "\n");
      if (!g_update) {
        EXPECT_EQ(Join(seen, "\n"), Join(value.expected, "\n")) << "line " << value.line + 1;
      }
      all.push_back(seen);
    }
  }
  if (g_update) WriteFile(path, file->With(all));
}

TEST(Effects, ValuesAreObservedAsWrittenDownAndDifferently) {
  for (const fs::path& path : EffectFiles()) {
    if (g_only.empty() || path.stem() == g_only) CheckFile(path);
  }
}

// "NAME in SCOPE"
std::string Place(std::string_view name, uint32_t scope) {
  return Cat(name, " in ", config::ScopeText(scope));
}

std::vector<uint32_t> ScopesIn(uint32_t set) {
  std::vector<uint32_t> scopes;
  for (uint32_t scope = 1; scope != 0; scope <<= 1) {
    if ((set & scope) != 0) scopes.push_back(scope);
  }
  return scopes;
}

struct Elsewhere {
  std::string directive;
  std::string target;  // Bazel label of a test
  std::string name;    // what to look for in its sources
};

std::vector<Elsewhere> ReadElsewhere() {
  std::vector<Elsewhere> all;
  const std::string text = ReadFile(Root() / kDirectory / "elsewhere.txt");
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty() || line[0] == '#') continue;
    const Words words(line);
    EXPECT_EQ(words.list.size(), 3u) << line;
    all.push_back({words.At(0), words.At(1), words.At(2)});
  }
  return all;
}

// Places that a file, or a test elsewhere, shows.
std::set<std::string> Shown() {
  std::set<std::string> shown;
  for (const Elsewhere& line : ReadElsewhere()) {
    for (const uint32_t scope : ScopesIn(~0u)) shown.insert(Place(line.directive, scope));
  }
  for (const fs::path& path : EffectFiles()) {
    const auto file = EffectFile::Parse(ReadFile(path));
    if (!file.ok()) ADD_FAILURE() << path << ": " << file.status();
    if (!file.ok()) continue;
    for (const Experiment& e : file->experiments) shown.insert(Place(e.directive, e.scope));
    EXPECT_TRUE(!file->experiments.empty() || shown.contains(Place(path.stem().string(), 1)))
        << path << " has no experiment, and elsewhere.txt no line";
  }
  return shown;
}

// Whether a place for directives has any effect: what stands in a section without one has none.
bool Acts(uint32_t scope) {
  for (const config::SectionKind& kind : config::SectionKinds()) {
    if (kind.scope == scope) return kind.effect == config::Effect::kEffective;
  }
  return scope == config::kGlobal;
}

// The row itself, or the one that it is another spelling of.
const config::DirectiveRow& Meant(const config::DirectiveRow& row, uint32_t scope) {
  return row.alias_of.empty() ? row : *config::FindDirective(row.alias_of, scope);
}

TEST(Effects, EveryEffectiveDirectiveIsShown) {
  const std::set<std::string> shown = Shown();
  std::string missing;
  for (const config::DirectiveRow& row : config::DirectiveTable()) {
    for (const uint32_t scope : ScopesIn(row.scopes)) {
      if (!Acts(scope) || Meant(row, scope).effect != config::Effect::kEffective) continue;
      if (!shown.contains(Place(row.name, scope)) &&
          !shown.contains(Place(Meant(row, scope).name, scope))) {
        CatTo(&missing, "  ", Place(row.name, scope), "\n");
      }
    }
  }
  EXPECT_EQ(missing, "") << "said to be effective, and nothing shows the effect: write "
                            "tests/effects/NAME.effect";
}

// The founding text's configuration: every line of it acts.
TEST(Effects, TheSampleConfigurationIsEffectiveThroughout) {
  std::string shown;
  for (const std::string& place : Shown()) CatTo(&shown, "\n", place);
  const std::string sample = ReadFile("deploy/examples/sample.conf");
  int directives = 0;
  for (const std::string_view line : Split(sample, '\n')) {
    const std::string_view text = Trim(line);
    if (text.empty() || text[0] == '#' || text[0] == '<') continue;
    const std::string name(IsDigit(text[0]) ? kBackoffLine : text.substr(0, text.find(' ')));
    EXPECT_NE(shown.find(Cat("\n", name, " in ")), std::string::npos) << text;
    ++directives;
  }
  EXPECT_GE(directives, 20);
}

// A directive that has lost its effect, or is no longer said to have one, shall not be documented
// as if it had.
TEST(Effects, FilesAreAboutEffectiveDirectives) {
  for (const fs::path& path : EffectFiles()) {
    const auto file = EffectFile::Parse(ReadFile(path));
    ASSERT_TRUE(file.ok()) << path << ": " << file.status();
    for (const Experiment& e : file->experiments) {
      if (e.directive == kBackoffLine) continue;  // no directive, and always effective
      const config::DirectiveRow* row = config::FindDirective(e.directive, e.scope);
      ASSERT_NE(row, nullptr) << path;
      EXPECT_NE(row->scopes & e.scope, 0u) << path << ": " << Place(e.directive, e.scope);
      EXPECT_EQ(row->effect, config::Effect::kEffective) << path;
    }
  }
}

TEST(Effects, TestsElsewhereExist) {
  for (const Elsewhere& line : ReadElsewhere()) {
    EXPECT_NE(config::FindDirective(line.directive), nullptr) << line.directive;
    // "//tests/e2e:listeners_test": its source is among this test's data.
    const size_t colon = line.target.find(':');
    ASSERT_NE(colon, std::string::npos) << line.target;
    const fs::path package = line.target.substr(2, colon - 2);
    const std::string build = ReadFile(package / "BUILD.bazel");
    EXPECT_NE(build.find(Cat("name = \"", line.target.substr(colon + 1), "\"")), std::string::npos)
        << line.target << " is no target";
    bool found = false;
    for (const auto& entry : fs::directory_iterator(package)) {
      found |= entry.is_regular_file() && entry.path().filename() != "BUILD.bazel" &&
               ReadFile(entry.path()).find(line.name) != std::string::npos;
    }
    EXPECT_TRUE(found) << line.name << " is in no file of " << package;
  }
}

}  // namespace

void SetUpdate() { g_update = true; }
void SetOnly(std::string name) { g_only = std::move(name); }

}  // namespace convoy::effects

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--update") == 0) convoy::effects::SetUpdate();
    if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc) convoy::effects::SetOnly(argv[++i]);
  }
  return RUN_ALL_TESTS();
}
