// Balance and minimal movement of slots, by example and over random histories.

#include "coordinator/assignment/slot_planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/rng.h"

namespace convoy::coordinator {
namespace {

using Standing = PlanMember::Standing;
using Plan = std::vector<MemberId>;

PlanMember Target(uint32_t id) { return {.id = MemberId(id), .standing = Standing::kTarget}; }
PlanMember Holder(uint32_t id) { return {.id = MemberId(id), .standing = Standing::kHolder}; }

std::map<MemberId, size_t> Counts(const Plan& plan) {
  std::map<MemberId, size_t> counts;
  for (const MemberId owner : plan) ++counts[owner];
  return counts;
}

size_t Moved(const Plan& a, const Plan& b) {
  size_t moved = 0;
  for (size_t i = 0; i < a.size(); ++i) moved += a[i] != b[i] ? 1 : 0;
  return moved;
}

const Plan kFree(kSlotCount, kNobody);

TEST(SlotPlannerTest, FirstMemberGetsAllAndTheSecondHalf) {
  const Plan one = PlanSlots(kFree, {Target(1)});
  EXPECT_EQ(Counts(one)[MemberId(1)], kSlotCount);
  const Plan two = PlanSlots(one, {Target(1), Target(2)});
  EXPECT_EQ(Counts(two)[MemberId(2)], kSlotCount / 2);
  EXPECT_EQ(Moved(one, two), kSlotCount / 2);
}

TEST(SlotPlannerTest, WithoutTargetsFreeSlotsStayFree) {
  EXPECT_EQ(PlanSlots(kFree, {}), kFree);
  const Plan one = PlanSlots(kFree, {Target(1)});
  EXPECT_EQ(PlanSlots(one, {}), kFree);
  EXPECT_EQ(PlanSlots(one, {Holder(1)}), one);
}

TEST(SlotPlannerTest, HolderKeepsAndGainsNothing) {
  const Plan two = PlanSlots(kFree, {Target(1), Target(2)});
  const Plan three = PlanSlots(two, {Holder(1), Target(2), Target(3)});
  EXPECT_EQ(Counts(three)[MemberId(1)], kSlotCount / 2);
  EXPECT_EQ(Counts(three)[MemberId(2)], kSlotCount / 4);
  EXPECT_EQ(Counts(three)[MemberId(3)], kSlotCount / 4);
}

// The fewest moves that end with shares at most one apart: all free slots, and what each target has
// above its share, with the larger shares given to the largest owners.
size_t FewestMoves(const Plan& current, const std::vector<PlanMember>& members) {
  std::vector<size_t> owned;
  size_t to_share = kSlotCount;
  std::map<MemberId, size_t> counts = Counts(current);
  for (const PlanMember& m : members) {
    if (m.standing == Standing::kTarget) owned.push_back(counts[m.id]);
    if (m.standing == Standing::kHolder) to_share -= counts[m.id];
  }
  if (owned.empty()) return 0;
  std::sort(owned.rbegin(), owned.rend());
  size_t kept = 0;
  for (size_t i = 0; i < owned.size(); ++i) {
    const size_t share = to_share / owned.size() + (i < to_share % owned.size() ? 1 : 0);
    kept += std::min(owned[i], share);
  }
  return to_share - kept;
}

void CheckPlan(const Plan& before, const Plan& after, const std::vector<PlanMember>& members) {
  std::map<MemberId, size_t> counts = Counts(after);
  size_t least = kSlotCount;
  size_t most = 0;
  for (const PlanMember& m : members) {
    if (m.standing == Standing::kHolder) EXPECT_EQ(counts[m.id], Counts(before)[m.id]);
    if (m.standing != Standing::kTarget) continue;
    least = std::min(least, counts[m.id]);
    most = std::max(most, counts[m.id]);
  }
  if (most == 0) return;
  EXPECT_LE(most - least, 1u);
  EXPECT_EQ(counts[kNobody], 0u);
  EXPECT_EQ(Moved(before, after), FewestMoves(before, members));
  EXPECT_EQ(PlanSlots(after, members), after) << "a plan is stable";
}

TEST(SlotPlannerTest, RandomChurnStaysBalancedWithFewestMoves) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    Plan plan = kFree;
    for (int step = 0; step < 30; ++step) {
      std::vector<PlanMember> members;
      for (uint32_t id = 1; id <= 9; ++id) {
        const uint64_t dice = rng.Below(6);
        if (dice < 3) members.push_back(Target(id));
        if (dice == 3) members.push_back(Holder(id));
      }
      const Plan next = PlanSlots(plan, members);
      CheckPlan(plan, next, members);
      plan = next;
    }
  }
}

}  // namespace
}  // namespace convoy::coordinator
