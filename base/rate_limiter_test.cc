#include "base/rate_limiter.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/rng.h"

namespace convoy {
namespace {

// The most events seen in any half-open window [t, t + interval).
int64_t WorstWindow(const std::deque<MonoTime>& events, Duration interval) {
  int64_t worst = 0;
  size_t first = 0;
  for (size_t i = 0; i < events.size(); ++i) {
    while (events[i] - events[first] >= interval) ++first;
    worst = std::max(worst, static_cast<int64_t>(i - first + 1));
  }
  return worst;
}

class RateLimiterTest : public testing::TestWithParam<int64_t> {};

TEST_P(RateLimiterTest, NeverMoreThanCountInAnySlidingInterval) {
  const int64_t count = GetParam();
  const Duration interval = Seconds(60);
  Rng rng(static_cast<uint64_t>(count));
  MonoTime now{1};
  RateLimiter limiter(count, interval, now);
  std::deque<MonoTime> events;
  const MonoTime end = now + Minutes(20);
  while (now < end) {
    if (limiter.TryTake(now)) {
      events.push_back(now);
    } else {
      now = rng.Chance(0.3) ? now + Milliseconds(static_cast<int64_t>(rng.Below(90000)))
                            : limiter.NextAllowed(now);
    }
  }
  EXPECT_LE(WorstWindow(events, interval), count);
}

TEST_P(RateLimiterTest, UsesAlmostAllOfTheAllowance) {
  const int64_t count = GetParam();
  MonoTime now{1};
  RateLimiter limiter(count, Seconds(60), now);
  int64_t taken = 0;
  for (const MonoTime end = now + Minutes(60); now < end; now = limiter.NextAllowed(now)) {
    while (limiter.TryTake(now)) ++taken;
  }
  EXPECT_GE(taken, count * 60 * 98 / 100);
}

INSTANTIATE_TEST_SUITE_P(Counts, RateLimiterTest, testing::Values(1, 2, 3, 64, 65, 100, 999, 5000));

TEST(RateLimiter, NextAllowedIsTheFirstInstantThatSucceeds) {
  for (const int64_t count : {1, 7, 250}) {
    MonoTime now{1};
    RateLimiter limiter(count, Hours(1), now);
    while (limiter.TryTake(now)) {
    }
    const MonoTime next = limiter.NextAllowed(now);
    EXPECT_FALSE(limiter.TryTake(next - Duration{1})) << count;
    EXPECT_TRUE(limiter.TryTake(next)) << count;
  }
}

TEST(RateLimiter, ZeroNeverAllows) {
  RateLimiter limiter(0, Hours(1), MonoTime{1});
  EXPECT_FALSE(limiter.TryTake(MonoTime{1} + Days(9)));
  EXPECT_EQ(limiter.NextAllowed(MonoTime{1}), kMonoMax);
}

TEST(RateLimiter, SpentStartWaitsForAWholeInterval) {
  for (const int64_t count : {1, 64, 5000}) {
    const MonoTime start{1};
    RateLimiter limiter(count, Hours(1), start, /*start_spent=*/true);
    int64_t taken = 0;
    for (MonoTime now = start; now < start + Hours(1); now = now + Seconds(1)) {
      taken += limiter.TryTake(now) ? 1 : 0;
    }
    EXPECT_EQ(taken, 0) << count;
    EXPECT_TRUE(limiter.TryTake(start + Hours(1) + Seconds(2))) << count;
  }
}

TEST(RateLimiter, ChangeKeepsWhatWasUsed) {
  const MonoTime now{1};
  RateLimiter limiter(10, Minutes(1), now);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(limiter.TryTake(now));
  limiter.Change(12, Minutes(1), now);
  EXPECT_TRUE(limiter.TryTake(now));
  EXPECT_TRUE(limiter.TryTake(now));
  EXPECT_FALSE(limiter.TryTake(now));
}

TEST(RateLimiter, ChangeKeepsTheTimesItKnows) {
  const MonoTime start{1};
  RateLimiter limiter(60, Hours(1), start);
  MonoTime now = start;
  for (int i = 0; i < 60; ++i, now = now + Minutes(1)) ASSERT_TRUE(limiter.TryTake(now));
  limiter.Change(30, Hours(1), now);
  EXPECT_EQ(limiter.NextAllowed(now), start + Minutes(30) + Hours(1))
      << "the 30th last event leaves the window, not a whole interval from now";
}

// From the change on no window has more than the new limit, whatever was before.
TEST(RateLimiter, NoWindowAfterAChangeHasMoreThanTheNewLimit) {
  for (const int64_t before : {0, 1, 10, 64, 65, 5000}) {
    for (const int64_t after : {1, 3, 64, 65, 300, 5000}) {
      const Duration interval = Seconds(10);
      MonoTime now{1};
      RateLimiter limiter;
      if (before > 0) limiter = RateLimiter(before, interval, now);
      for (const MonoTime end = now + Seconds(25); now < end; now = now + Milliseconds(7)) {
        if (!limiter.unlimited()) (void)limiter.TryTake(now);
      }
      if (before == 0) {
        limiter = RateLimiter::Paced(after, interval, now);
      } else {
        limiter.Change(after, interval, now);
      }
      std::deque<MonoTime> events;
      for (const MonoTime end = now + Seconds(45); now < end; now = now + Milliseconds(1)) {
        while (limiter.TryTake(now)) events.push_back(now);
      }
      EXPECT_LE(WorstWindow(events, interval), after) << before << " -> " << after;
      EXPECT_GE(static_cast<int64_t>(events.size()), after * 34 / 10 * 98 / 100)
          << before << " -> " << after << ": a change loses no more than an interval";
    }
  }
}

TEST(RateLimiter, PacedStartDelaysByOneEventOnly) {
  for (const int64_t count : {1, 60, 3600}) {
    const MonoTime start{Days(1).us};
    RateLimiter limiter = RateLimiter::Paced(count, Hours(1), start);
    EXPECT_FALSE(limiter.TryTake(start));
    EXPECT_LE(limiter.NextAllowed(start) - start, Hours(1) * 102 / (100 * count) + Seconds(1));
  }
}

TEST(RateLimiter, GiveBackAllowsOneMore) {
  for (const int64_t count : {1, 640}) {
    const MonoTime now{1};
    RateLimiter limiter(count, Minutes(1), now);
    while (limiter.TryTake(now)) {
    }
    limiter.GiveBack();
    EXPECT_TRUE(limiter.TryTake(now));
    EXPECT_FALSE(limiter.TryTake(now));
  }
}

}  // namespace
}  // namespace convoy
