#include "base/traffic_meter.h"

#include <cstddef>

namespace convoy {
namespace {

int64_t MinuteOf(MonoTime now) { return (now - MonoTime{}).us / Minutes(1).us; }

}  // namespace

TrafficCounts& TrafficCounts::operator+=(const TrafficCounts& other) {
  recipients += other.recipients;
  messages += other.messages;
  bytes += other.bytes;
  return *this;
}

void TrafficMeter::Add(MonoTime now, const TrafficCounts& counts) {
  total_ += counts;
  const int64_t number = MinuteOf(now);
  Minute& minute = minutes_[static_cast<size_t>(number % kMinutes)];
  if (minute.number != number) minute = {number, {}};
  minute.counts += counts;
}

TrafficPeriods TrafficMeter::At(MonoTime now) const {
  TrafficPeriods periods;
  periods.total = total_;
  const int64_t running = MinuteOf(now);
  for (const Minute& minute : minutes_) {
    if (minute.number < 0) continue;
    if (minute.number > running - 60) periods.last_hour += minute.counts;
    if (minute.number == running - 1) periods.last_minute = minute.counts;
  }
  return periods;
}

}  // namespace convoy
