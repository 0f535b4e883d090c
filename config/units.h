// Values as the configuration writes them.
//
//     time    1w2d12h  4d  30m  300s  600 (seconds)
//     rate    unlimited  0  250/h  20/min  1/5s  83/10m
//     size    4096  10k  250m  1g  unlimited (0)
//     volume  10g/2h  1048576/1h  unlimited
//     daily   50/d,100/d,200/d
//     CIDR    0/0  10/8  192.0.2.1  192.0.2.0/24  ::1
//
// Errors:    InvalidArgument that says what was expected, with an example
// Determinism: pure
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/ip_address.h"
#include "base/time_types.h"

namespace convoy::config {

// `count` per `interval`; interval 0: unlimited.
struct RateValue {
  int64_t count = 0;
  Duration interval{};
  bool operator==(const RateValue&) const = default;
};

// `bytes` per `interval`; interval 0: unlimited.
struct VolumeRateValue {
  int64_t bytes = 0;
  Duration interval{};
  bool operator==(const VolumeRateValue&) const = default;
};

absl::StatusOr<bool> ParseBool(std::string_view text);
absl::StatusOr<Duration> ParseTime(std::string_view text);
// "never" gives kDurationMax.
absl::StatusOr<Duration> ParseTimeOrNever(std::string_view text);
// At most 30 comma-separated times.
absl::StatusOr<std::vector<Duration>> ParseTimeList(std::string_view text);
absl::StatusOr<RateValue> ParseRate(std::string_view text);
absl::StatusOr<VolumeRateValue> ParseVolumeRate(std::string_view text);
// At most 366 counts, one a day.
absl::StatusOr<std::vector<int64_t>> ParseDailyCounts(std::string_view text);
absl::StatusOr<int64_t> ParseSize(std::string_view text);
// "unlimited" gives `unlimited`.
absl::StatusOr<int64_t> ParseCount(std::string_view text, int64_t unlimited);
absl::StatusOr<Cidr> ParseCidr(std::string_view text);

}  // namespace convoy::config
