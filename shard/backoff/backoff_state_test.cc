#include "shard/backoff/backoff_state.h"

#include <gtest/gtest.h>

namespace convoy::shard {
namespace {

constexpr WallTime kNow = FromUnixMillis(1'700'000'000'000);
const ModeOrder kLine{.to_normal_after = Hours(1),
                      .max_smtp_out = 5,
                      .max_msg_rate = Rate{1000, Hours(1)}};

TEST(BackoffState, ALineNamesTimeAndLimits) {
  const BackoffState state = EnterBackoff(kLine, {}, kNow);
  EXPECT_EQ(state.since, kNow);
  EXPECT_EQ(state.until, kNow + Hours(1));
  EXPECT_EQ(state.max_smtp_out, 5u);
  EXPECT_EQ(state.max_msg_rate, (Rate{1000, Hours(1)}));
}

TEST(BackoffState, WithoutThemTheDirectivesHold) {
  BackoffSettings settings;
  const BackoffState defaults = EnterBackoff({}, settings, kNow);
  EXPECT_EQ(defaults.until, kWallMax) << "never";
  EXPECT_EQ(defaults.max_smtp_out, 20u);
  EXPECT_TRUE(defaults.max_msg_rate.unlimited());
  settings.to_normal_after = Minutes(10);
  settings.max_smtp_out = 2;
  settings.max_msg_rate = {1, Minutes(1)};
  const BackoffState set = EnterBackoff({}, settings, kNow);
  EXPECT_EQ(set.until, kNow + Minutes(10));
  EXPECT_EQ(set.max_smtp_out, 2u);
  EXPECT_EQ(set.max_msg_rate, (Rate{1, Minutes(1)}));
}

TEST(BackoffState, AFurtherMatchExtendsFromItsOwnMoment) {
  const BackoffState first = EnterBackoff(kLine, {}, kNow);
  const BackoffState second = ProlongBackoff(first, kLine, {}, kNow + Minutes(20));
  EXPECT_EQ(second.since, kNow);
  EXPECT_EQ(second.until, kNow + Minutes(80));
}

TEST(BackoffState, AFurtherMatchNeverLoosens) {
  const ModeOrder other{.to_normal_after = Minutes(10),
                        .max_smtp_out = 7,
                        .max_msg_rate = Rate{10, Minutes(1)}};
  const BackoffState state = ProlongBackoff(EnterBackoff(kLine, {}, kNow), other, {}, kNow);
  EXPECT_EQ(state.until, kNow + Hours(1));
  EXPECT_EQ(state.max_smtp_out, 5u);
  EXPECT_EQ(state.max_msg_rate, (Rate{10, Minutes(1)})) << "600/h is less than 1000/h";
  const BackoffState reversed = ProlongBackoff(EnterBackoff(other, {}, kNow), kLine, {}, kNow);
  EXPECT_EQ(reversed.until, kNow + Hours(1));
  EXPECT_EQ(reversed.max_smtp_out, 5u);
  EXPECT_EQ(reversed.max_msg_rate, (Rate{10, Minutes(1)}));
}

TEST(BackoffState, LimitsAreThoseOfNormalModeLowered) {
  BackoffSettings settings;
  settings.retry_after = {Hours(2), Hours(3)};
  QueuePolicy normal{.max_smtp_out = 3, .max_msg_rate = {100, Hours(1)}, .priority = 7};
  const QueuePolicyPtr policy =
      PolicyInBackoff(normal, settings, EnterBackoff(kLine, settings, kNow));
  EXPECT_EQ(policy->max_smtp_out, 3u) << "never more than in normal mode";
  EXPECT_EQ(policy->max_msg_rate, normal.max_msg_rate);
  EXPECT_EQ(policy->backoff_msg_rate, (Rate{1000, Hours(1)}));
  EXPECT_EQ(policy->retry_after, settings.retry_after);
  EXPECT_EQ(policy->priority, 7u);
  normal.max_smtp_out = 50;
  EXPECT_EQ(PolicyInBackoff(normal, settings, EnterBackoff(kLine, settings, kNow))->max_smtp_out,
            5u);
}

TEST(BackoffState, LowerRate) {
  const Rate never{0, Hours(1)};
  const Rate slow{1, Hours(1)};
  EXPECT_EQ(LowerRate({}, slow), slow);
  EXPECT_EQ(LowerRate(slow, {}), slow);
  EXPECT_EQ(LowerRate(slow, {1, Minutes(1)}), slow);
  EXPECT_EQ(LowerRate(slow, never), never);
  EXPECT_TRUE(LowerRate({}, {}).unlimited());
}

}  // namespace
}  // namespace convoy::shard
