// What a shard loads, and the file it keeps.

#include "shard/node/shard_config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/text.h"
#include "config/restart.h"
#include "shard/node/config_file.h"

namespace convoy::shard {
namespace {

using Files = std::map<std::string, std::string>;

// Made for this test.
constexpr char kKey[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIOZATFM9e2YjZZEFpySCL654Lb81x3970jtCaArSjlSm\n"
    "-----END PRIVATE KEY-----\n";

constexpr char kConf[] =
    "domain-key s,,$domain,k.pem\n"
    "<virtual-mta v1>\n"
    "    smtp-source-host 127.0.0.1 a.example\n"
    "</virtual-mta>\n"
    "<domain *>\n"
    "    suppress-file s.txt\n"
    "    max-smtp-out 7\n"
    "</domain>\n";

config::FileAccess Access(Files files) {
  return {.read = [files](const std::string& path) -> absl::StatusOr<std::string> {
            const auto found = files.find(path);
            if (found == files.end()) return absl::NotFoundError(Cat("cannot read ", path));
            return found->second;
          },
          .glob = [](const std::string&) { return std::vector<std::string>(); }};
}

LoadedShardConfig Load(Files carried, Files own = {}) {
  return LoadShardConfig({.root = "/c/main.conf",
                          .files = Access(std::move(carried)),
                          .own = Access(std::move(own)),
                          .queues = {{"a.example", "v1"}}});
}

std::string Said(const LoadedShardConfig& loaded) {
  std::string text;
  for (const config::Diagnostic& d : loaded.diagnostics) CatTo(&text, d.ToString(), "\n");
  return text;
}

const Files kGood = {{"/c/main.conf", kConf}, {"/c/k.pem", kKey}, {"/c/s.txt", "stop@b.example\n"}};

TEST(ShardConfig, LoadsPoliciesKeysAndListsFromWhatTravelled) {
  const LoadedShardConfig loaded = Load(kGood);
  ASSERT_NE(loaded.config, nullptr) << Said(loaded);
  EXPECT_EQ(Said(loaded), "");
  EXPECT_EQ(loaded.config->policies->PolicyFor("a.example", "v1")->schedule->max_smtp_out, 7u);
  EXPECT_EQ(loaded.config->keys->Find("a.example", "v1").size(), 1u);
  EXPECT_TRUE(loaded.config->lists.at("/c/s.txt").list->Contains("stop@b.example"));
}

TEST(ShardConfig, AMissingOrBrokenKeyIsAnErrorAtItsLine) {
  Files files = kGood;
  files.erase("/c/k.pem");
  LoadedShardConfig loaded = Load(files);
  EXPECT_EQ(loaded.config, nullptr);
  EXPECT_EQ(Said(loaded), "/c/main.conf:1:1: error: domain-key: cannot read /c/k.pem\n");
  files["/c/k.pem"] = "nonsense";
  loaded = Load(files);
  EXPECT_EQ(loaded.config, nullptr);
  EXPECT_TRUE(Said(loaded).starts_with("/c/main.conf:1:1: error: domain-key: DKIM key /c/k.pem: "))
      << Said(loaded);
  EXPECT_EQ(Said(loaded).find("nonsense"), std::string::npos);
}

TEST(ShardConfig, TheShardsOwnListIsUsedAndADifferenceIsSaid) {
  const LoadedShardConfig loaded = Load(kGood, {{"/c/s.txt", "other@b.example\n"}});
  ASSERT_NE(loaded.config, nullptr);
  EXPECT_TRUE(loaded.config->lists.at("/c/s.txt").list->Contains("other@b.example"));
  EXPECT_FALSE(loaded.config->lists.at("/c/s.txt").list->Contains("stop@b.example"));
  EXPECT_EQ(Said(loaded),
            "/c/main.conf:6:5: warning: suppress-file: this shard's own /c/s.txt is used; it "
            "differs from the coordinator's\n");
}

TEST(ShardConfig, AListNobodyHasAndABrokenOneAreErrors) {
  Files files = kGood;
  files.erase("/c/s.txt");
  EXPECT_EQ(Said(Load(files)), "/c/main.conf:6:5: error: suppress-file: cannot read /c/s.txt\n");
  files["/c/s.txt"] = "not an address\n";
  const LoadedShardConfig loaded = Load(files);
  EXPECT_EQ(loaded.config, nullptr);
  EXPECT_TRUE(Said(loaded).starts_with("/c/main.conf:6:5: error: suppress-file: /c/s.txt:1: "));
}

TEST(ShardConfig, RingsThatSignAlikeAreEqual) {
  Files files = kGood;
  const std::string identity = Load(files).config->keys->identity();
  files["/c/main.conf"] += "total-max-smtp-out 3\n";
  EXPECT_EQ(Load(files).config->keys->identity(), identity);
  files["/c/main.conf"].replace(11, 1, "t");  // the selector
  EXPECT_NE(Load(files).config->keys->identity(), identity);
  EXPECT_EQ(identity.find("MC4CAQ"), std::string::npos) << "nothing of the key is in it";
}

TEST(ShardConfig, NamesDirectivesThatWaitForARestart) {
  const auto config = [](const std::string& extra) {
    Files files = kGood;
    files["/c/main.conf"] += extra;
    return Load(files).config->config;
  };
  const auto base = config("");
  const auto other = config(
      "name-server 127.0.0.1:5353\nsmtp-listener 127.0.0.1:2525\ngrpc-listener 127.0.0.1:7777\n"
      "<acct-file a.csv>\n</acct-file>\n");
  EXPECT_TRUE(RestartDirectives(*base, *config("total-max-smtp-out 9\n"), false, false).empty());
  EXPECT_EQ(
      RestartDirectives(*base, *other, false, false),
      (std::vector<std::string>{"acct-file", "grpc-listener", "name-server", "smtp-listener"}));
  EXPECT_EQ(RestartDirectives(*base, *other, true, true),
            (std::vector<std::string>{"acct-file", "name-server"}));
  for (const std::string& name : RestartDirectives(*base, *other, false, false)) {
    EXPECT_TRUE(config::TakesEffectAtRestart(name)) << name << ": convoy config diff says so";
  }
  EXPECT_TRUE(RestartDirectives(*other, *other, false, false).empty());
}

class ConfigFileTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(directory_); }
  static unsigned Mode(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }
  const std::string directory_ = Cat(std::getenv("TEST_TMPDIR"), "/config");
};

TEST_F(ConfigFileTest, WhatIsPromotedIsFoundAndNobodyElseMayReadIt) {
  EXPECT_TRUE(absl::IsNotFound(ReadCurrentConfig(directory_).status()));
  const std::string bundle("secret\0\n", 8);
  ASSERT_TRUE(WriteReadyConfig(directory_, {.version = 12, .bundle = bundle}).ok());
  EXPECT_TRUE(absl::IsNotFound(ReadCurrentConfig(directory_).status())) << "prepared only";
  EXPECT_EQ(Mode(directory_ + "/ready"), 0600u);
  ASSERT_TRUE(PromoteReadyConfig(directory_).ok());
  const absl::StatusOr<StoredConfig> found = ReadCurrentConfig(directory_);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->version, 12u);
  EXPECT_EQ(found->bundle, bundle);
  EXPECT_EQ(Mode(directory_ + "/current"), 0600u);
  EXPECT_EQ(Mode(directory_), 0700u);
  EXPECT_FALSE(PromoteReadyConfig(directory_).ok()) << "nothing is ready";
}

TEST_F(ConfigFileTest, DamageIsSeen) {
  ASSERT_TRUE(WriteReadyConfig(directory_, {.version = 1, .bundle = "b"}).ok());
  ASSERT_TRUE(PromoteReadyConfig(directory_).ok());
  for (const char* text : {"", "convoy-config 1 7", "convoy-config 1 x\nb", "something else\n"}) {
    std::ofstream(directory_ + "/current", std::ios::trunc) << text;
    EXPECT_EQ(ReadCurrentConfig(directory_).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

}  // namespace
}  // namespace convoy::shard
