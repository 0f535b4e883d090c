// Ownership as a shard answers it, and that tables only get newer.

#include "shard/cluster/assignment_view.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace convoy::shard {
namespace {

// Even slots belong to "a", odd ones to "b"; slot 2 is pending; "v2" has no owner anywhere.
std::shared_ptr<AssignmentTable> Table(uint64_t epoch, uint64_t version) {
  auto table = std::make_shared<AssignmentTable>();
  table->version = {Epoch(epoch), version};
  table->members = {{.name = "a", .incarnation = 1, .rpc_address = "a:1", .live = true},
                    {.name = "b", .incarnation = 1, .rpc_address = "b:1", .live = true}};
  EgressGroup group{.id = 1, .vmtas = {"v1"}};
  for (uint32_t s = 0; s < kSlotCount; ++s) group.owners.push_back(static_cast<uint16_t>(s % 2));
  group.pending.assign(kSlotCount, false);
  group.pending[2] = true;
  EgressGroup none{.id = 2, .vmtas = {"v2"}};
  none.owners.assign(kSlotCount, EgressGroup::kNoOwner);
  none.pending.assign(kSlotCount, false);
  table->groups = {group, none};
  return table;
}

std::string SiteIn(uint16_t slot) {
  for (int i = 0;; ++i) {
    std::string site = Cat("site", i, ".example");
    if (SlotOf(site).value() == slot) return site;
  }
}

TEST(AssignmentViewTest, NothingIsKnownBeforeTheFirstTable) {
  const AssignmentView view("a");
  EXPECT_EQ(view.OwnerOf("example.com", "v1").kind, Owner::Kind::kNoTable);
  EXPECT_FALSE(view.has_table());
}

TEST(AssignmentViewTest, SlotsAreTheClustersContract) {
  // Changing these moves every domain of every cluster.
  EXPECT_EQ(SlotOf("gmail.com").value(), StableHash("gmail.com") % 4096);
  EXPECT_NE(SlotOf("gmail.com"), SlotOf("hotmail.com"));
}

TEST(AssignmentViewTest, OwnerIsSelfPeerOrNobody) {
  AssignmentView view("a");
  ASSERT_TRUE(view.Apply(Table(1, 1)).ok());
  const Owner mine = view.OwnerOf(SiteIn(0), "v1");
  EXPECT_EQ(mine.kind, Owner::Kind::kSelf);
  EXPECT_TRUE(mine.may_assign);
  const Owner pending = view.OwnerOf(SiteIn(2), "v1");
  EXPECT_EQ(pending.kind, Owner::Kind::kSelf);
  EXPECT_FALSE(pending.may_assign);
  const Owner peer = view.OwnerOf(SiteIn(1), "v1");
  EXPECT_EQ(peer.kind, Owner::Kind::kPeer);
  EXPECT_FALSE(peer.may_assign);
  EXPECT_EQ(peer.member->rpc_address, "b:1");
  EXPECT_EQ(view.OwnerOf(SiteIn(1), "v2").kind, Owner::Kind::kNoShard);
  EXPECT_EQ(view.OwnerOf(SiteIn(1), "v3").kind, Owner::Kind::kNoShard);
  EXPECT_EQ(view.FindMember("b"), peer.member);
  EXPECT_EQ(view.FindMember("c"), nullptr);
}

TEST(AssignmentViewTest, OlderTablesAndEpochsAreRefused) {
  AssignmentView view("a");
  ASSERT_TRUE(view.Apply(Table(2, 5)).ok());
  EXPECT_TRUE(view.Apply(Table(2, 5)).ok()) << "a repeat";
  EXPECT_TRUE(absl::IsFailedPrecondition(view.Apply(Table(2, 4))));
  EXPECT_TRUE(absl::IsFailedPrecondition(view.Apply(Table(1, 9))));
  view.ObserveEpoch(Epoch(4));
  EXPECT_TRUE(absl::IsFailedPrecondition(view.Apply(Table(3, 9))));
  EXPECT_EQ(view.version(), (TableVersion{Epoch(2), 5}));
  EXPECT_TRUE(view.Apply(Table(4, 6)).ok());
}

TEST(AssignmentViewTest, MalformedTableLeavesTheOldOne) {
  AssignmentView view("a");
  ASSERT_TRUE(view.Apply(Table(1, 1)).ok());
  const auto refused = [&](auto change) {
    auto table = Table(1, 2);
    change(*table);
    return absl::IsInvalidArgument(view.Apply(table));
  };
  EXPECT_TRUE(refused([](auto& t) { t.groups[0].owners.pop_back(); }));
  EXPECT_TRUE(refused([](auto& t) { t.groups[0].pending.clear(); }));
  EXPECT_TRUE(refused([](auto& t) { t.groups[0].owners[9] = 2; }));
  EXPECT_TRUE(refused([](auto& t) { t.groups[1].vmtas = {"v1"}; }));
  EXPECT_EQ(view.version().version, 1u);
  EXPECT_EQ(view.OwnerOf(SiteIn(0), "v1").kind, Owner::Kind::kSelf);
}

TEST(AssignmentViewTest, SoleOwnerOwnsEverything) {
  AssignmentView view("only");
  ASSERT_TRUE(
      view.Apply(std::make_shared<AssignmentTable>(SoleOwnerTable("only", {"v1", "v2"}))).ok());
  EXPECT_TRUE(view.OwnerOf("a.example", "v1").may_assign);
  EXPECT_TRUE(view.OwnerOf("b.example", "v2").may_assign);
}

}  // namespace
}  // namespace convoy::shard
