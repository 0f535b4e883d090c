#include "base/traffic_meter.h"

#include <gtest/gtest.h>

namespace convoy {
namespace {

TEST(TrafficMeter, PeriodsSlideByMinutes) {
  TrafficMeter meter;
  const MonoTime start = MonoTime{} + Hours(1000);
  meter.Add(start, {2, 1, 100});
  EXPECT_EQ(meter.At(start).total, (TrafficCounts{2, 1, 100}));
  EXPECT_EQ(meter.At(start).last_hour, (TrafficCounts{2, 1, 100}));
  EXPECT_EQ(meter.At(start).last_minute, TrafficCounts()) << "the minute is not full";
  EXPECT_EQ(meter.At(start + Minutes(1)).last_minute, (TrafficCounts{2, 1, 100}));
  EXPECT_EQ(meter.At(start + Minutes(2)).last_minute, TrafficCounts());
  EXPECT_EQ(meter.At(start + Minutes(59)).last_hour, (TrafficCounts{2, 1, 100}));
  EXPECT_EQ(meter.At(start + Minutes(60)).last_hour, TrafficCounts());
  EXPECT_EQ(meter.At(start + Minutes(60)).total, (TrafficCounts{2, 1, 100}));
}

TEST(TrafficMeter, AMinuteOfLongAgoIsNotAddedTo) {
  TrafficMeter meter;
  meter.Add(MonoTime{} + Minutes(5), {1, 1, 1});
  meter.Add(MonoTime{} + Minutes(5 + 61), {2, 2, 2});
  const TrafficPeriods periods = meter.At(MonoTime{} + Minutes(5 + 62));
  EXPECT_EQ(periods.last_hour, (TrafficCounts{2, 2, 2}));
  EXPECT_EQ(periods.last_minute, (TrafficCounts{2, 2, 2}));
  EXPECT_EQ(periods.total, (TrafficCounts{3, 3, 3}));
}

}  // namespace
}  // namespace convoy
