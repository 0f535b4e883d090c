// Groups, two-phase moves and promises, step by step.

#include "coordinator/assignment/reconciler.h"

#include <gtest/gtest.h>

#include <set>

namespace convoy::coordinator {
namespace {

class ReconcilerTest : public testing::TestWithParam<bool> {
 protected:
  static Announcement Shard(const std::string& name, const std::vector<std::string>& vmtas) {
    Announcement a{.shard = {.name = name, .uid = std::string(32, name[0]), .incarnation = 1},
                   .rpc_address = name + ":1",
                   .smtp_address = "",
                   .host_id = "h",
                   .egress = {},
                   .config_fingerprint = ""};
    for (const std::string& vmta : vmtas) a.egress.push_back({.vmta = vmta, .source_ips = {}});
    return a;
  }
  void Join(const std::string& name, const std::vector<std::string>& vmtas) {
    ASSERT_TRUE(members_.Register(now_, Shard(name, vmtas), table_.version).ok());
  }
  void Acknowledge(const std::string& name) {
    const auto& info = members_.Find(name)->record.info;
    ASSERT_TRUE(members_.Renew(now_, info.shard, table_.version, table_.version).ok());
  }
  void Step() { table_ = Reconcile(table_, members_, Epoch(1), now_); }
  MemberId Id(const std::string& name) { return members_.Find(name)->record.id; }
  const EgressGroup* GroupOf(const std::string& vmta) {
    for (const EgressGroup& group : table_.groups) {
      for (const std::string& v : group.vmtas) {
        if (v == vmta) return &group;
      }
    }
    return nullptr;
  }
  size_t Slots(const std::string& vmta, const std::string& name, bool pending) {
    const EgressGroup* group = GroupOf(vmta);
    size_t count = 0;
    for (uint16_t s = 0; s < kSlotCount; ++s) {
      count += group->owners[s] == Id(name) && group->Pending(s) == pending ? 1 : 0;
    }
    return count;
  }

  MonoTime now_{1'000'000};
  Membership members_{{.length = Seconds(16), .fence_on_lease_loss = GetParam()}, now_, {}, {}};
  AssignmentTable table_;
};

INSTANTIATE_TEST_SUITE_P(FenceOnLeaseLoss, ReconcilerTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "yes" : "no"; });

TEST_P(ReconcilerTest, FirstShardOwnsAllAtOnce) {
  Join("a", {"v1", "v2"});
  Step();
  ASSERT_EQ(table_.groups.size(), 1u);
  EXPECT_EQ(Slots("v1", "a", false), kSlotCount);
  const TableVersion version = table_.version;
  Step();
  EXPECT_EQ(table_.version, version) << "nothing to change, nothing changes";
}

TEST_P(ReconcilerTest, MoveIsGrantedOnlyAfterTheFormerOwnersAcknowledgement) {
  Join("a", {"v1"});
  Step();
  Acknowledge("a");
  Join("b", {"v1"});
  Step();
  EXPECT_EQ(Slots("v1", "a", false), kSlotCount / 2);
  EXPECT_EQ(Slots("v1", "b", true), kSlotCount / 2);
  Step();
  EXPECT_EQ(Slots("v1", "b", false), 0u) << "b's wish is no release";
  Acknowledge("b");
  Step();
  EXPECT_EQ(Slots("v1", "b", false), 0u);
  Acknowledge("a");
  Step();
  EXPECT_EQ(Slots("v1", "b", false), kSlotCount / 2);
  EXPECT_TRUE(GroupOf("v1")->promises.empty());
}

TEST_P(ReconcilerTest, SilentFormerOwnerReleasesByLeaseOnlyInModeYes) {
  Join("a", {"v1"});
  Step();
  Join("b", {"v1"});
  Step();
  now_ = now_ + Seconds(10);
  Acknowledge("b");
  now_ = now_ + Seconds(10);  // a's lease is over, b's is not
  Acknowledge("b");
  Step();
  EXPECT_EQ(Slots("v1", "b", false), GetParam() ? kSlotCount : 0u);
  EXPECT_EQ(Slots("v1", "a", false), GetParam() ? 0u : kSlotCount / 2);
  if (GetParam()) return;
  ASSERT_TRUE(members_.Forget(now_, "a").ok());
  Step();
  EXPECT_EQ(Slots("v1", "b", false), kSlotCount);
}

TEST_P(ReconcilerTest, RestartKeepsSlotsAndItsPromisesUntilAcknowledged) {
  Join("a", {"v1"});
  Step();
  Join("b", {"v1"});
  Step();
  Announcement again = Shard("a", {"v1"});
  again.shard.incarnation = 2;
  ASSERT_TRUE(members_.Register(now_, again, table_.version).ok());
  Step();
  EXPECT_EQ(Slots("v1", "a", false), kSlotCount / 2);
  EXPECT_EQ(Slots("v1", "b", true), kSlotCount / 2)
      << "the new incarnation may still use an old stored table";
  Acknowledge("a");
  Step();
  EXPECT_EQ(Slots("v1", "b", false), kSlotCount / 2);
}

TEST_P(ReconcilerTest, ThereAndBackAgainLeavesOneOwner) {
  Join("a", {"v1"});
  Step();
  Join("b", {"v1"});
  Step();  // half is on the way to b, a has not heard of it
  ASSERT_TRUE(members_.Leave(now_, Shard("b", {}).shard, LeaveMode::kRelease).ok());
  Step();
  EXPECT_EQ(Slots("v1", "a", false), kSlotCount) << "what a never released it simply keeps";
}

TEST_P(ReconcilerTest, GroupsFollowEligibility) {
  Join("a", {"v1", "v2", "v3"});
  Join("b", {"v1", "v2"});
  Step();
  EXPECT_EQ(GroupOf("v1"), GroupOf("v2"));
  EXPECT_NE(GroupOf("v1"), GroupOf("v3"));
  EXPECT_EQ(Slots("v3", "a", false), kSlotCount);
  EXPECT_EQ(Slots("v1", "a", false), kSlotCount / 2);
}

TEST_P(ReconcilerTest, SplitGroupStartsAsACopy) {
  Join("a", {"v1", "v2", "v3"});
  Join("b", {"v1", "v2", "v3"});
  Step();
  const auto owners = GroupOf("v3")->owners;
  const GroupId id = GroupOf("v1")->id;
  Join("c", {"v3"});
  Step();
  EXPECT_EQ(GroupOf("v1")->id, id);
  EXPECT_NE(GroupOf("v3")->id, id);
  for (uint16_t s = 0; s < kSlotCount; ++s) {
    const MemberId owner = GroupOf("v3")->owners[s];
    EXPECT_TRUE(owner == owners[s] || owner == Id("c"));
  }
  EXPECT_EQ(Slots("v3", "c", true), kSlotCount / 3);
}

TEST_P(ReconcilerTest, MergedGroupsWaitForTheOwnersOfBoth) {
  Join("a", {"v1", "v2"});
  Join("b", {"v1"});
  Step();  // v1: half each, v2: all a's
  const std::vector<MemberId> v1_owners = GroupOf("v1")->owners;
  Acknowledge("a");
  Acknowledge("b");
  Join("b", {"v1", "v2"});
  Step();
  ASSERT_EQ(GroupOf("v1"), GroupOf("v2"));
  ASSERT_EQ(table_.groups.size(), 1u);
  // Only what had one and the same owner in both goes on without a pause.
  for (uint16_t slot = 0; slot < kSlotCount; ++slot) {
    const MemberId owner = GroupOf("v1")->owners[slot];
    const bool same = v1_owners[slot] == owner && owner == Id("a");
    EXPECT_EQ(GroupOf("v1")->Pending(slot), !same) << slot;
  }
  Acknowledge("a");
  Acknowledge("b");
  Step();
  EXPECT_TRUE(GroupOf("v1")->promises.empty());
}

TEST_P(ReconcilerTest, VirtualMtaNobodyCanUseWaitsForItsFormerOwner) {
  Join("a", {"v1", "v2"});
  Step();
  Acknowledge("a");
  Join("a", {"v1"});
  Step();
  ASSERT_NE(GroupOf("v2"), nullptr);
  Join("b", {"v2"});
  Step();
  EXPECT_EQ(Slots("v2", "b", true), kSlotCount);
  Acknowledge("a");
  Step();
  EXPECT_EQ(Slots("v2", "b", false), kSlotCount);
  Join("b", {});
  Step();
  Acknowledge("b");
  Step();
  Step();
  EXPECT_EQ(GroupOf("v2"), nullptr);
}

TEST_P(ReconcilerTest, NewEpochIsANewVersionWithTheSameOwners) {
  Join("a", {"v1"});
  Step();
  const AssignmentTable before = table_;
  table_ = Reconcile(table_, members_, Epoch(2), now_);
  EXPECT_EQ(table_.version, (TableVersion{Epoch(2), before.version.version + 1}));
  EXPECT_EQ(table_.groups, before.groups);
}

}  // namespace
}  // namespace convoy::coordinator
