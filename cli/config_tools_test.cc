// The commands as a person types them: exit codes, files, both kinds of output.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/clock.h"
#include "base/text.h"
#include "cli/arguments.h"

namespace convoy::cli {
namespace {

Outcome Type(std::vector<std::string> words) {
  words.insert(words.begin(), "config");
  return Run(words, "", SystemClock(), 1);
}

class ConfigTools : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = Cat(std::getenv("TEST_TMPDIR"), "/",
                     testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }

  std::string Put(const std::string& name, const std::string& text) {
    const std::string path = Cat(directory_, "/", name);
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  static std::string Get(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return std::move(text).str();
  }

  std::string directory_;
};

TEST_F(ConfigTools, DiffExitsLikeDiff) {
  const std::string one = Put("one", "<domain a.example>\n  max-smtp-out 7\n</domain>\n");
  const std::string two = Put("two", "<domain a.example>\n  max-smtp-out 5\n</domain>\n");
  const std::string bad = Put("bad", "nonsense\n");
  EXPECT_EQ(Type({"diff", one, one}).code, ExitCode::kDone);
  EXPECT_EQ(Type({"diff", one, one}).out, "no difference\n");
  const Outcome outcome = Type({"diff", one, two});
  EXPECT_EQ(outcome.code, ExitCode::kRefused);
  EXPECT_EQ(outcome.out, Cat("a.example/*: max-smtp-out 7 -> 5 (", two, ":2)\n1 difference\n"));
  const Outcome broken = Type({"diff", one, bad});
  EXPECT_EQ(broken.code, ExitCode::kUsage);
  EXPECT_NE(broken.error.find(Cat(bad, ":1:1: error")), std::string::npos) << broken.error;
  EXPECT_EQ(Type({"diff", "--lenient", one, bad}).code, ExitCode::kRefused);
  const std::string secret = "<domain a>\n  auth-username u\n  auth-password file:";
  const Outcome hidden = Type({"diff", Put("s1", Cat(secret, "none\n</domain>\n")),
                               Put("s2", Cat(secret, "other\n</domain>\n"))});
  EXPECT_EQ(hidden.code, ExitCode::kRefused) << "not read, and compared as written";
  EXPECT_NE(hidden.out.find("a/*: auth-password changed"), std::string::npos) << hidden.out;
  EXPECT_EQ(nlohmann::json::parse(Type({"diff", "--json", one, two}).out)["differences"], 1);
}

TEST_F(ConfigTools, FmtPrintsChecksAndWrites) {
  const std::string path = Put("f", "<domain *>\nmax-smtp-out   5\n</domain>\n");
  const std::string good = "<domain *>\n    max-smtp-out 5\n</domain>\n";
  EXPECT_EQ(Type({"fmt", path}).out, good);
  EXPECT_EQ(Type({"fmt", "--check", path}).code, ExitCode::kRefused);
  EXPECT_EQ(Type({"fmt", "--check", path}).out, Cat(path, " would change\n"));
  EXPECT_NE(Get(path), good);
  ::chmod(path.c_str(), 0640);
  const Outcome written = Type({"fmt", "--write", path});
  EXPECT_EQ(written.code, ExitCode::kDone);
  EXPECT_EQ(written.out, Cat(path, " formatted\n"));
  EXPECT_EQ(Get(path), good);
  struct stat now {};
  ASSERT_EQ(::stat(path.c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 07777, 0640u);
  EXPECT_EQ(Type({"fmt", "--check", path}).code, ExitCode::kDone);
  EXPECT_EQ(Type({"fmt", "--write", path}).out, "");
  EXPECT_EQ(nlohmann::json::parse(Type({"fmt", path, "--json"}).out)[0]["text"], good);
  EXPECT_EQ(Type({"fmt", "--write", "--check", path}).code, ExitCode::kUsage);
  EXPECT_EQ(Type({"fmt", "--write", "-"}).code, ExitCode::kUsage);
}

TEST_F(ConfigTools, FmtWritesThroughALinkAndLeavesWhatItCannotRead) {
  const std::string path = Put("real", "<domain *>\n</domain>\nhost-name  a.example\n");
  const std::string link = Cat(directory_, "/link");
  std::filesystem::create_symlink(path, link);
  const std::string broken = Put("broken", "log-file  \"x\n");
  const Outcome outcome = Type({"fmt", "--write", broken, link, Cat(directory_, "/none")});
  EXPECT_EQ(outcome.code, ExitCode::kRefused);
  EXPECT_NE(outcome.error.find(Cat(broken, ":1:11: error: the quote is never closed")),
            std::string::npos)
      << outcome.error;
  EXPECT_NE(outcome.error.find("/none"), std::string::npos) << outcome.error;
  EXPECT_EQ(Get(broken), "log-file  \"x\n");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(Get(path), "<domain *>\n</domain>\n\nhost-name a.example\n");
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory_))
    files += 1 + !entry.exists();
  EXPECT_EQ(files, 3u) << "nothing is left beside them";
}

TEST_F(ConfigTools, LintOfTheExampleIsClean) {
  const Outcome clean = Type({"lint", "deploy/examples/sample.conf"});
  EXPECT_EQ(clean.code, ExitCode::kDone) << clean.out;
  EXPECT_TRUE(clean.out.starts_with("deploy/examples/sample.conf: no findings, ")) << clean.out;
  const std::string path =
      Put("f", "<domain *>\n  require-starttls yes\n  use-starttls no\n</domain>\n");
  const Outcome found = Type({"lint", path});
  EXPECT_EQ(found.code, ExitCode::kRefused);
  EXPECT_TRUE(found.out.starts_with(Cat(path, ":3:3: L502: "))) << found.out;
  EXPECT_EQ(nlohmann::json::parse(Type({"lint", "--json", path}).out)["findings"][0]["id"], "L502");
  EXPECT_EQ(Type({"lint"}).code, ExitCode::kUsage);
  const Outcome rules = Type({"lint", "--rules"});
  EXPECT_EQ(rules.code, ExitCode::kDone);
  EXPECT_NE(rules.out.find("L502  "), std::string::npos);
  EXPECT_EQ(Type({"lint", Put("bad", "nonsense\n")}).code, ExitCode::kRefused);
}

TEST_F(ConfigTools, MigrateSaysWhatItDidOnStandardError) {
  const std::string path = Put("f", "<domain *>\n  route [192.0.2.7]\n</domain>\n");
  const std::string good = "<domain *>\n  smtp-hosts [192.0.2.7]\n</domain>\n";
  const Outcome printed = Type({"migrate", path});
  EXPECT_EQ(printed.code, ExitCode::kDone);
  EXPECT_EQ(printed.out, good);
  EXPECT_EQ(printed.error, Cat(path, ":2:3: 'route' is now 'smtp-hosts'\n1 change\n"));
  const std::string output = Cat(directory_, "/out");
  EXPECT_EQ(Type({"migrate", path, "--output", output}).out, "");
  EXPECT_EQ(Get(output), good);
  EXPECT_EQ(Type({"migrate", output}).error, "0 changes\n");
  const auto json = nlohmann::json::parse(Type({"migrate", "--json", path}).out);
  EXPECT_EQ(json["text"], good);
  EXPECT_EQ(json["changes"][0]["line"], 2);
  const std::string strange = Put("strange", "strange x\n");
  EXPECT_EQ(Type({"migrate", strange}).code, ExitCode::kRefused);
  EXPECT_EQ(Type({"migrate", "--lenient", strange}).out, "# strange x  # unknown directive\n");
}

TEST_F(ConfigTools, MigrateNamesIncludedFiles) {
  const std::string part = Put("part", "route [192.0.2.7]\n");
  const std::string path = Put("main", "<domain *>\n  include part\n</domain>\n");
  const Outcome main = Type({"migrate", path});
  EXPECT_NE(main.error.find(Cat("convoy config migrate ", path, " --part ", part)),
            std::string::npos)
      << main.error;
  EXPECT_EQ(Type({"migrate", path, "--part", part}).out, "smtp-hosts [192.0.2.7]\n");
}

}  // namespace
}  // namespace convoy::cli
