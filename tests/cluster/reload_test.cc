// Reloads over real gRPC: versions, refusals, lost messages, restarts.

#include "tests/cluster/reload_fixture.h"

namespace convoy::reload_testing {
namespace {

TEST_F(ReloadTest, IsAppliedOnEveryLeaseHolder) {
  Shard& a = StartWithLease("a");
  Shard& b = StartWithLease("b");
  const mta::v1::ReloadResponse answer = Reload();
  EXPECT_TRUE(answer.applied()) << answer.DebugString();
  EXPECT_EQ(answer.version(), 1u);
  ASSERT_EQ(answer.shards_size(), 2);
  EXPECT_TRUE(answer.shards(0).running() && answer.shards(1).running());
  EXPECT_EQ(a.running(), 1u) << "when the answer comes, it is in effect";
  EXPECT_EQ(b.running(), 1u);
  EXPECT_NE(a.content.find("total-max-smtp-out 10"), std::string::npos);
}

TEST_F(ReloadTest, OneRefusalChangesNothingAndNamesShardAndPlace) {
  Shard& a = StartWithLease("a");
  Shard& b = StartWithLease("b");
  ASSERT_TRUE(Reload().applied());
  b.refuses = true;
  Write("total-max-smtp-out 11\n");
  const mta::v1::ReloadResponse answer = Reload();
  EXPECT_FALSE(answer.applied());
  ASSERT_EQ(answer.shards_size(), 2);
  EXPECT_EQ(answer.shards(0).problem(), "");
  EXPECT_EQ(answer.shards(1).shard(), "b");
  EXPECT_EQ(answer.shards(1).problem(), "refuses this configuration");
  ASSERT_EQ(answer.shards(1).diagnostics_size(), 1);
  EXPECT_EQ(answer.shards(1).diagnostics(0).line(), 3u);
  EXPECT_EQ(a.running(), 1u);
  EXPECT_EQ(b.running(), 1u);
  EXPECT_EQ(disk_.configs.size(), 1u);
  b.refuses = false;
  EXPECT_EQ(Reload().version(), 2u) << "the number was not used up";
  EXPECT_NE(a.content.find("total-max-smtp-out 11"), std::string::npos);
}

TEST_F(ReloadTest, ABadFileNeverReachesAShard) {
  Shard& a = StartWithLease("a");
  Write("total-max-smtp-out 10\nmax-smtpout 3\n");
  const mta::v1::ReloadResponse answer = Reload();
  EXPECT_FALSE(answer.applied());
  ASSERT_EQ(answer.diagnostics_size(), 1);
  EXPECT_EQ(answer.diagnostics(0).file(), file_);
  EXPECT_EQ(answer.diagnostics(0).line(), 2u);
  EXPECT_EQ(answer.diagnostics(0).column(), 1u);
  EXPECT_EQ(a.prepared, 0);
}

TEST_F(ReloadTest, ALostCommitIsTakenWithTheNextLeaseAnswer) {
  Shard& a = StartWithLease("a");
  Shard& b = StartWithLease("b");
  b.loses_commits = true;
  const mta::v1::ReloadResponse answer = Reload();
  EXPECT_TRUE(answer.applied()) << "the version was durable: there is no way back";
  EXPECT_TRUE(answer.shards(0).running());
  EXPECT_FALSE(answer.shards(1).running());
  EXPECT_NE(answer.shards(1).problem(), "");
  EXPECT_EQ(a.running(), 1u);
  EXPECT_TRUE(Eventually([&] { return b.running() == 1 && b.HasLease(); }));
}

TEST_F(ReloadTest, AShardThatWasAwayTakesItBeforeItsFirstLease) {
  StartWithLease("a");
  ASSERT_TRUE(Reload().applied());
  Shard& c = Start("c");
  uint64_t ran_at_first_lease = 0;
  EXPECT_TRUE(Eventually([&] {
    if (c.HasLease()) ran_at_first_lease = c.running();
    return c.HasLease();
  }));
  EXPECT_EQ(ran_at_first_lease, 1u);
  EXPECT_NE(c.content.find("total-max-smtp-out 10"), std::string::npos);
}

TEST_F(ReloadTest, AShardThatCannotTakeTheVersionGetsNoLease) {
  StartWithLease("a");
  ASSERT_TRUE(Reload().applied());
  Shard& c = Start("c");
  c.refuses = true;
  EXPECT_TRUE(Eventually([&] { return c.prepared >= 2; })) << "tried again with each answer";
  EXPECT_FALSE(c.HasLease());
  c.refuses = false;
  EXPECT_TRUE(Eventually([&] { return c.HasLease(); }));
  EXPECT_EQ(c.running(), 1u);
}

TEST_F(ReloadTest, RollbackIsANewVersionWithOldContent) {
  Shard& a = StartWithLease("a");
  ASSERT_TRUE(Reload().applied());
  Write("total-max-smtp-out 99\n");
  ASSERT_EQ(Reload().version(), 2u);
  EXPECT_NE(a.content.find("total-max-smtp-out 99"), std::string::npos);
  const mta::v1::ReloadResponse answer = Rollback(1);
  EXPECT_TRUE(answer.applied());
  EXPECT_EQ(answer.version(), 3u);
  EXPECT_NE(a.content.find("total-max-smtp-out 10"), std::string::npos);
}

TEST_F(ReloadTest, ARestartedCoordinatorKnowsTheVersion) {
  Shard& a = StartWithLease("a");
  ASSERT_TRUE(Reload().applied());
  coordinator_.reset();
  Write("total-max-smtp-out 50\n");
  StartCoordinator();
  Shard& c = Start("c");
  EXPECT_TRUE(Eventually([&] { return c.HasLease() && a.HasLease(); }));
  EXPECT_EQ(c.running(), 1u);
  EXPECT_EQ(Reload().version(), 2u);
  EXPECT_EQ(a.running(), 2u);
}

TEST_F(ReloadTest, ALeaseHolderThatIsGoneIsNamedAndNothingChanges) {
  Shard& a = StartWithLease("a");
  StartWithLease("b");
  shards_.erase("b");  // without a word; its lease goes on
  const mta::v1::ReloadResponse answer = Reload();
  EXPECT_FALSE(answer.applied());
  ASSERT_EQ(answer.shards_size(), 2);
  EXPECT_TRUE(answer.shards(1).problem().starts_with("cannot be asked: "))
      << answer.shards(1).problem();
  EXPECT_EQ(a.running(), 0u);
}

}  // namespace
}  // namespace convoy::reload_testing
