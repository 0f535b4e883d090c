// Members, incarnations and leases, in both modes.

#include "coordinator/membership/membership.h"

#include <gtest/gtest.h>

#include "absl/status/status.h"

namespace convoy::coordinator {
namespace {

constexpr TableVersion kTable1{Epoch(1), 1};
constexpr TableVersion kTable2{Epoch(1), 2};
const std::string kUid(32, 'a');

Announcement Shard(const std::string& name, uint64_t incarnation = 1) {
  return {.shard = {.name = name, .uid = kUid, .incarnation = incarnation},
          .rpc_address = "127.0.0.1:1",
          .smtp_address = "",
          .host_id = "host-" + name,
          .egress = {{.vmta = "v1", .source_ips = {}}},
          .config_fingerprint = "00"};
}

class MembershipTest : public testing::TestWithParam<bool> {
 protected:
  LeaseOptions Options() const {
    return {.length = Seconds(16), .fence_on_lease_loss = GetParam()};
  }
  absl::Status Register(const Announcement& a) {
    return members_.Register(now_, a, kTable1).status();
  }
  absl::StatusOr<bool> Renew(const Announcement& a, TableVersion applied,
                             TableVersion current = kTable1) {
    const auto renewal = members_.Renew(now_, a.shard, applied, current);
    if (!renewal.ok()) return renewal.status();
    return renewal->granted;
  }
  MemberState State(const std::string& name) {
    return members_.StateOf(*members_.Find(name), now_);
  }
  MemberId Id(const std::string& name) { return members_.Find(name)->record.id; }

  MonoTime now_{1'000'000};
  Membership members_{Options(), now_, kTable1, {}};
};

INSTANTIATE_TEST_SUITE_P(FenceOnLeaseLoss, MembershipTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "yes" : "no"; });

TEST_P(MembershipTest, LeaseEndsAfterLengthAndMarginUnlessRenewed) {
  ASSERT_TRUE(Register(Shard("a")).ok());
  now_ = now_ + Seconds(17);
  EXPECT_EQ(State("a"), MemberState::kLive);
  ASSERT_TRUE(Renew(Shard("a"), kTable1).ok());
  now_ = now_ + Seconds(18) - Microseconds(1);
  EXPECT_EQ(State("a"), MemberState::kLive);
  EXPECT_FALSE(members_.SlotsLost(Id("a"), now_));
  now_ = now_ + Microseconds(1);
  EXPECT_EQ(State("a"), MemberState::kSilent);
  EXPECT_EQ(members_.SlotsLost(Id("a"), now_), GetParam());
  EXPECT_EQ(members_.Stopped(Id("a"), now_), GetParam());
}

TEST_P(MembershipTest, LapsedLeaseComesBackOnlyWithTheNewestTableInModeYes) {
  ASSERT_TRUE(Register(Shard("a")).ok());
  ASSERT_TRUE(*Renew(Shard("a"), kTable1));
  now_ = now_ + Seconds(60);
  EXPECT_EQ(*Renew(Shard("a"), kTable1, kTable2), !GetParam());
  EXPECT_TRUE(*Renew(Shard("a"), kTable2, kTable2));
  EXPECT_EQ(State("a"), MemberState::kLive);
}

TEST_P(MembershipTest, LostRegisterAnswerDoesNotReviveAnOldTable) {
  ASSERT_TRUE(Register(Shard("a")).ok());
  ASSERT_TRUE(*Renew(Shard("a"), kTable1));
  now_ = now_ + Seconds(60);
  // The answer, with table 2, never arrives; the shard renews with what it has.
  ASSERT_TRUE(members_.Register(now_, Shard("a"), kTable2).ok());
  EXPECT_EQ(*Renew(Shard("a"), kTable1, kTable2), !GetParam());
}

TEST_P(MembershipTest, NewIncarnationSupersedesTheOldOne) {
  ASSERT_TRUE(Register(Shard("a", 1)).ok());
  const MemberId id = Id("a");
  ASSERT_TRUE(*Renew(Shard("a", 1), kTable1));
  ASSERT_TRUE(Register(Shard("a", 2)).ok());
  EXPECT_EQ(Id("a"), id);
  EXPECT_EQ(members_.Find("a")->applied, TableVersion{});
  EXPECT_TRUE(absl::IsAborted(Renew(Shard("a", 1), kTable1).status()));
  EXPECT_TRUE(absl::IsAborted(Register(Shard("a", 1))));
  EXPECT_TRUE(absl::IsNotFound(Renew(Shard("a", 3), kTable1).status()));
}

TEST_P(MembershipTest, NameBelongsToOneDataDirectory) {
  ASSERT_TRUE(Register(Shard("a")).ok());
  Announcement other = Shard("a", 9);
  other.shard.uid = std::string(32, 'b');
  EXPECT_TRUE(absl::IsAlreadyExists(Register(other)));
  now_ = now_ + Seconds(60);
  ASSERT_TRUE(members_.Forget(now_, "a").ok());
  EXPECT_TRUE(Register(other).ok());
}

TEST_P(MembershipTest, ForgetNeedsASilentShard) {
  ASSERT_TRUE(Register(Shard("a")).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(members_.Forget(now_, "a").status()));
  EXPECT_TRUE(absl::IsNotFound(members_.Forget(now_, "b").status()));
  now_ = now_ + Seconds(60);
  const MemberId id = Id("a");
  ASSERT_TRUE(members_.Forget(now_, "a").ok());
  EXPECT_TRUE(members_.Stopped(id, now_));
  EXPECT_TRUE(absl::IsNotFound(Renew(Shard("a"), kTable1).status()));
}

TEST_P(MembershipTest, QuiescedShardKeepsItsSlotsForTheHoldTime) {
  ASSERT_TRUE(Register(Shard("a")).ok());
  ASSERT_TRUE(members_.Leave(now_, Shard("a").shard, LeaveMode::kQuiesce).ok());
  EXPECT_TRUE(members_.Leave(now_, Shard("a").shard, LeaveMode::kQuiesce).ok()) << "a repeat";
  EXPECT_EQ(State("a"), MemberState::kQuiesced);
  EXPECT_TRUE(absl::IsAborted(Renew(Shard("a"), kTable1).status()));
  now_ = now_ + Seconds(59);
  EXPECT_FALSE(members_.SlotsLost(Id("a"), now_));
  now_ = now_ + Seconds(2);
  EXPECT_EQ(members_.SlotsLost(Id("a"), now_), GetParam());
  ASSERT_TRUE(Register(Shard("a", 2)).ok());
  EXPECT_EQ(State("a"), MemberState::kLive);
}

TEST_P(MembershipTest, ReleaseFreesNameAndSlots) {
  ASSERT_TRUE(Register(Shard("a")).ok());
  const MemberId id = Id("a");
  ASSERT_TRUE(members_.Leave(now_, Shard("a").shard, LeaveMode::kRelease).ok());
  EXPECT_TRUE(members_.SlotsLost(id, now_));
  EXPECT_EQ(members_.Find("a"), nullptr);
}

TEST_P(MembershipTest, RestartedCoordinatorGivesEverybodyAFullLease) {
  MemberRecord record{.id = MemberId(7), .info = Shard("a"), .fenced = GetParam()};
  Membership restored(Options(), now_, kTable1, {record});
  EXPECT_FALSE(restored.SlotsLost(MemberId(7), now_ + Seconds(17)));
  EXPECT_EQ(restored.SlotsLost(MemberId(7), now_ + Seconds(18)), GetParam());
  EXPECT_EQ(restored.NextDeadline(now_), now_ + Seconds(18));
  ASSERT_TRUE(restored.Register(now_, Shard("b"), kTable1).ok());
  EXPECT_EQ(restored.Find("b")->record.id, MemberId(8));
}

TEST_P(MembershipTest, RestartedCoordinatorRenewsOnlyForItsOwnFirstTable) {
  const MemberRecord record{.id = MemberId(7), .info = Shard("a"), .fenced = GetParam()};
  Membership restored(Options(), now_, kTable2, {record});
  // The slots of "a" may have gone to others before the restart, and "a" may not know.
  EXPECT_EQ(restored.Renew(now_, Shard("a").shard, kTable1, kTable2)->granted, !GetParam());
  EXPECT_TRUE(restored.Renew(now_, Shard("a").shard, kTable2, kTable2)->granted);
}

TEST_P(MembershipTest, SwitchedFromModeNoAMemberIsFencedOnlyOnceItKnows) {
  const MemberRecord record{.id = MemberId(7), .info = Shard("a"), .fenced = false};
  Membership restored(Options(), now_, kTable1, {record});
  EXPECT_FALSE(restored.SlotsLost(MemberId(7), now_ + Days(1)));
  const auto renewal = restored.Renew(now_, Shard("a").shard, kTable1, kTable1);
  EXPECT_EQ(renewal->record_changed, GetParam());
  EXPECT_EQ(restored.SlotsLost(MemberId(7), now_ + Days(1)), GetParam());
}

TEST_P(MembershipTest, SourceIpHasOneHostUnlessBehindAProxyOrLocal) {
  Announcement a = Shard("a");
  Announcement b = Shard("b");
  a.egress[0].source_ips = b.egress[0].source_ips = {"192.0.2.1"};
  ASSERT_TRUE(Register(a).ok());
  const absl::Status refused = Register(b);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_NE(refused.message().find("192.0.2.1"), absl::string_view::npos) << refused;
  b.host_id = a.host_id;
  EXPECT_TRUE(Register(b).ok()) << "one host may share";
  Announcement c = Shard("c");
  c.egress[0] = {.vmta = "v1", .source_ips = {"192.0.2.1"}, .through_proxy = true};
  EXPECT_TRUE(Register(c).ok());
  Announcement d = Shard("d");
  d.egress[0].source_ips = {"127.0.0.21", "::1"};
  Announcement e = Shard("e");
  e.egress[0].source_ips = {"127.0.0.21"};
  EXPECT_TRUE(Register(d).ok());
  EXPECT_TRUE(Register(e).ok());
}

TEST_P(MembershipTest, MalformedAnnouncementsAreRefused) {
  const auto refused = [&](auto change) {
    Announcement a = Shard("a");
    change(a);
    return absl::IsInvalidArgument(Register(a));
  };
  EXPECT_TRUE(refused([](auto& a) { a.shard.name = ""; }));
  EXPECT_TRUE(refused([](auto& a) { a.shard.name = "A"; }));
  EXPECT_TRUE(refused([](auto& a) { a.shard.name = std::string(64, 'a'); }));
  EXPECT_TRUE(refused([](auto& a) { a.shard.uid = "xyz"; }));
  EXPECT_TRUE(refused([](auto& a) { a.shard.incarnation = 0; }));
  EXPECT_TRUE(refused([](auto& a) { a.rpc_address = ""; }));
  EXPECT_TRUE(refused([](auto& a) { a.rpc_address = "x\ny"; }));
  EXPECT_TRUE(refused([](auto& a) { a.host_id = ""; }));
  EXPECT_TRUE(refused([](auto& a) { a.egress[0].vmta = ""; }));
  EXPECT_TRUE(refused([](auto& a) { a.egress[0].source_ips = {"300.1.1.1"}; }));
  EXPECT_TRUE(refused([](auto& a) { a.egress.push_back(a.egress[0]); }));
  EXPECT_TRUE(refused([](auto& a) { a.egress.resize(kEgressMax + 1, a.egress[0]); }));
  EXPECT_EQ(members_.Find("a"), nullptr);
}

TEST_P(MembershipTest, AcknowledgementOfATableThatDoesNotExistIsRefused) {
  ASSERT_TRUE(Register(Shard("a")).ok());
  EXPECT_TRUE(absl::IsInvalidArgument(Renew(Shard("a"), kTable2, kTable1).status()));
}

}  // namespace
}  // namespace convoy::coordinator
