// How much went one way: in all, in the last hour, and in the last full minute.
//
// 61 minutes are kept: the one that is running and the 60 before it. "The last hour" is the running
// minute and the 59 full ones before it, so it slides by minutes, as PowerMTA's status does.
//
// Units:     MonoTime; recipients, messages, octets
// Determinism: pure
#pragma once

#include <array>
#include <cstdint>

#include "base/time_types.h"

namespace convoy {

struct TrafficCounts {
  uint64_t recipients = 0;
  uint64_t messages = 0;
  uint64_t bytes = 0;

  TrafficCounts& operator+=(const TrafficCounts& other);
  bool operator==(const TrafficCounts&) const = default;
};

struct TrafficPeriods {
  TrafficCounts total;
  TrafficCounts last_hour;
  TrafficCounts last_minute;  // the last full one
};

class TrafficMeter {
 public:
  // `now` never goes back.
  void Add(MonoTime now, const TrafficCounts& counts);
  TrafficPeriods At(MonoTime now) const;

 private:
  static constexpr int64_t kMinutes = 61;
  struct Minute {
    int64_t number = -1;
    TrafficCounts counts;
  };
  TrafficCounts total_;
  std::array<Minute, kMinutes> minutes_;
};

}  // namespace convoy
