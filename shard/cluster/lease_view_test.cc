// The table of lease_view.h, and the arithmetic of a lease.

#include "shard/cluster/lease_view.h"

#include <gtest/gtest.h>

namespace convoy::shard {
namespace {

constexpr MonoTime kStart{1'000'000};

LeaseTerms Terms(bool fence) {
  return {.length = Seconds(15), .margin = Seconds(2), .fence_on_lease_loss = fence};
}

TEST(LeaseViewTest, ModeYesNeedsAValidLease) {
  LeaseView lease;
  lease.SetMode(true);
  EXPECT_FALSE(lease.MayAssign(kStart));
  lease.OnGranted(kStart, Terms(true));
  EXPECT_TRUE(lease.MayAssign(kStart + Seconds(13) - Microseconds(1)));
  EXPECT_FALSE(lease.MayAssign(kStart + Seconds(13))) << "the margin is not ours";
  EXPECT_EQ(lease.AssignUntil(), kStart + Seconds(13));
}

TEST(LeaseViewTest, ModeNoOutlivesTheLease) {
  LeaseView lease;
  EXPECT_TRUE(lease.MayAssign(kStart));
  lease.OnGranted(kStart, Terms(false));
  EXPECT_TRUE(lease.MayAssign(kStart + Days(10)));
  EXPECT_FALSE(lease.Valid(kStart + Days(10)));
  EXPECT_EQ(lease.AssignUntil(), std::nullopt);
}

TEST(LeaseViewTest, LateAnswerToAnOldRequestShortensNothing) {
  LeaseView lease;
  lease.OnGranted(kStart + Seconds(5), Terms(true));
  lease.OnGranted(kStart, Terms(true));
  EXPECT_EQ(lease.AssignUntil(), kStart + Seconds(18));
}

TEST(LeaseViewTest, EndedLeaseIsNoLeaseUntilTheNextGrant) {
  LeaseView lease;
  lease.OnGranted(kStart, Terms(true));
  lease.OnEnded();
  EXPECT_FALSE(lease.MayAssign(kStart + Seconds(1)));
  lease.OnGranted(kStart + Seconds(2), Terms(true));
  EXPECT_TRUE(lease.MayAssign(kStart + Seconds(3)));
}

TEST(LeaseViewTest, ReleasedIsForEverInBothModes) {
  for (const bool fence : {false, true}) {
    LeaseView lease;
    lease.OnGranted(kStart, Terms(fence));
    lease.OnReleased();
    lease.OnGranted(kStart + Seconds(1), Terms(fence));
    EXPECT_FALSE(lease.MayAssign(kStart + Seconds(2)));
    EXPECT_EQ(lease.AssignUntil(), std::nullopt);
  }
}

TEST(LeaseViewTest, SupersededIsForEverInBothModes) {
  for (const bool fence : {false, true}) {
    LeaseView lease;
    lease.OnGranted(kStart, Terms(fence));
    lease.OnSuperseded();
    lease.OnGranted(kStart + Seconds(1), Terms(fence));
    EXPECT_FALSE(lease.MayAssign(kStart + Seconds(2)));
  }
}

}  // namespace
}  // namespace convoy::shard
