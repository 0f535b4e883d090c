// Reloads over real gRPC: what each shard has of its own, and octets that are no text.

#include <optional>
#include <tuple>

#include "tests/cluster/reload_fixture.h"

namespace convoy::reload_testing {
namespace {

// A shard's files and environment.
config::FileAccess Own(std::map<std::string, std::string> files,
                       std::map<std::string, std::string> variables) {
  return {.read = [files](const std::string& path) -> absl::StatusOr<std::string> {
            const auto found = files.find(path);
            if (found == files.end()) return absl::NotFoundError(Cat("cannot read ", path));
            return found->second;
          },
          .glob = [](const std::string&) { return std::vector<std::string>(); },
          .environment = [variables](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
          }};
}

constexpr char kSecrets[] =
    "<domain a.example>\nauth-username u\nauth-password file:pw\n</domain>\n"
    "<domain b.example>\noutbound-auth u:env:RELAY_PW\n</domain>\n";

TEST_F(ReloadTest, SecretsAreReadByEachShardAndNeverTravel) {
  const std::string pw = Cat(std::getenv("TEST_TMPDIR"), "/pw");
  const config::FileAccess of_a = Own({{pw, "hush-file-a\n"}}, {{"RELAY_PW", "hush-env-a"}});
  const config::FileAccess of_b = Own({{pw, "hush-file-b\n"}}, {{"RELAY_PW", "hush-env-b"}});
  Shard& a = StartWithLease("a");
  Shard& b = StartWithLease("b");
  a.own = &of_a;
  b.own = &of_b;
  Write(kSecrets);
  for (const uint64_t version : {1, 2}) {
    const mta::v1::ReloadResponse answer = version == 1 ? Reload() : Rollback(1);
    ASSERT_TRUE(answer.applied()) << answer.DebugString();
    EXPECT_EQ(answer.version(), version);
    EXPECT_EQ(answer.DebugString().find("hush"), std::string::npos);
    EXPECT_EQ(a.config->PolicyFor("a.example", "").auth_password, "hush-file-a");
    EXPECT_EQ(a.config->PolicyFor("b.example", "").auth_password, "hush-env-a");
    EXPECT_EQ(b.config->PolicyFor("a.example", "").auth_password, "hush-file-b");
    EXPECT_EQ(b.config->PolicyFor("b.example", "").auth_password, "hush-env-b");
    EXPECT_EQ(a.content.find("hush"), std::string::npos) << "the coordinator has none of them";
  }
  // The same version of every file, and another value.
  const config::FileAccess later = Own({{pw, "hush-new\n"}}, {{"RELAY_PW", "hush-env-a"}});
  a.own = &later;
  ASSERT_TRUE(Reload().applied());
  EXPECT_EQ(a.config->PolicyFor("a.example", "").auth_password, "hush-new");
}

TEST_F(ReloadTest, AShardWithoutASecretRefusesForAll) {
  const std::string pw = Cat(std::getenv("TEST_TMPDIR"), "/pw");
  const config::FileAccess whole = Own({{pw, "hush-1\n"}}, {{"RELAY_PW", "hush-2"}});
  const config::FileAccess no_variable = Own({{pw, "hush-3\n"}}, {});
  const config::FileAccess no_file = Own({}, {{"RELAY_PW", "hush-4"}});
  Shard& a = StartWithLease("a");
  Shard& b = StartWithLease("b");
  a.own = &whole;
  Write(kSecrets);
  for (const auto& [own, line, why] :
       {std::tuple(&no_variable, 6u,
                   std::string("outbound-auth: the environment has no variable RELAY_PW")),
        std::tuple(&no_file, 3u, Cat("auth-password: cannot read ", pw))}) {
    b.own = own;
    const mta::v1::ReloadResponse answer = Reload();
    EXPECT_FALSE(answer.applied());
    ASSERT_EQ(answer.shards_size(), 2);
    EXPECT_EQ(answer.shards(0).problem(), "");
    EXPECT_EQ(answer.shards(1).problem(), "refuses this configuration");
    ASSERT_EQ(answer.shards(1).diagnostics_size(), 1) << answer.DebugString();
    EXPECT_EQ(answer.shards(1).diagnostics(0).line(), line);
    EXPECT_EQ(answer.shards(1).diagnostics(0).message(), why);
    EXPECT_EQ(answer.DebugString().find("hush"), std::string::npos);
  }
  EXPECT_EQ(a.running() + b.running(), 0u);
  b.own = &whole;
  EXPECT_TRUE(Reload().applied());
}

// The same on both sides; another when a list is, which changes no line of the configuration.
TEST_F(ReloadTest, TheFingerprintCoversNamedFiles) {
  const std::string list = Cat(std::getenv("TEST_TMPDIR"), "/list.txt");
  const config::FileAccess nothing = Own({}, {});
  const config::FileAccess other = Own({{list, "own@a.example\n"}}, {});
  Shard& a = StartWithLease("a");
  a.own = &nothing;
  Write("<domain *>\nsuppress-file list.txt\n</domain>\n");
  std::ofstream(list) << "one@a.example\n";
  const std::string first = Reload().fingerprint();
  EXPECT_EQ(a.fingerprint, first);
  EXPECT_EQ(Reload().fingerprint(), first);
  std::ofstream(list) << "two@a.example\n";
  const std::string second = Reload().fingerprint();
  EXPECT_NE(second, first);
  EXPECT_EQ(a.fingerprint, second);
  a.own = &other;
  EXPECT_EQ(Reload().fingerprint(), second);
  EXPECT_NE(a.fingerprint, second) << "it uses a list of its own";
  EXPECT_EQ(Rollback(1).fingerprint(), first);
}

// The bundle itself is not looked at: here nobody could.
TEST_F(ReloadTest, HistoryCountsFilesWithoutTheBundles) {
  Write("host-name a.example\n");
  ASSERT_TRUE(Reload().applied());
  for (auto& [version, record] : disk_.configs) {
    coordinator::ConfigRecord damaged = *record;
    damaged.bundle = "damaged";
    record = std::make_shared<const coordinator::ConfigRecord>(std::move(damaged));
  }
  coordinator_.reset();
  StartCoordinator();
  const mta::v1::HistoryResponse history = History();
  ASSERT_EQ(history.versions_size(), 1);
  EXPECT_EQ(history.versions(0).files(), 1u);
  EXPECT_EQ(history.versions(0).bytes(), file_.size() + 20);
}

// A file name in Latin-1, in what the coordinator says and in what a shard says.
TEST_F(ReloadTest, OctetsThatAreNoUtf8ComeBackEscaped) {
  const std::string directory = std::getenv("TEST_TMPDIR");
  const std::string list = Cat(directory, "/caf\xe9.txt");
  std::ofstream(list) << "stop@a.example\n";
  const config::FileAccess own =
      Own({{list, "other@a.example\n"}, {Cat(directory, "/n\xe9.txt"), "x@a.example\n"}}, {});
  Shard& a = StartWithLease("a");
  a.own = &own;
  Write("<domain *>\nsuppress-file caf\xe9.txt\nsuppress-file n\xe9.txt\n</domain>\n");
  const mta::v1::ReloadResponse answer = Reload();
  ASSERT_TRUE(answer.applied()) << answer.DebugString();
  ASSERT_EQ(answer.diagnostics_size(), 1);
  EXPECT_EQ(answer.diagnostics(0).message(),
            Cat("suppress-file ", directory,
                "/n\\xe9.txt does not travel: it cannot be read at the coordinator"));
  ASSERT_EQ(answer.shards_size(), 1);
  EXPECT_TRUE(answer.shards(0).running());
  ASSERT_EQ(answer.shards(0).diagnostics_size(), 1);
  EXPECT_EQ(answer.shards(0).diagnostics(0).message(),
            Cat("suppress-file: this shard's own ", directory,
                "/caf\\xe9.txt is used; it differs from the coordinator's"));
}

TEST_F(ReloadTest, AnErrorAtOctetsThatAreNoUtf8ComesBackEscaped) {
  Write("max-smtp-out\xe9 3\n");
  const mta::v1::ReloadResponse answer = Reload();
  EXPECT_FALSE(answer.applied());
  ASSERT_EQ(answer.diagnostics_size(), 1);
  EXPECT_NE(answer.diagnostics(0).message().find("'max-smtp-out\\xe9'"), std::string::npos)
      << answer.DebugString();
}

}  // namespace
}  // namespace convoy::reload_testing
