// Strong types for time: a span, a point on the monotonic clock and a point on the wall clock.
//
// Due times, logs and accounting are wall time; intervals, throttles and leases are monotonic time.
// The two do not convert into each other, so a jump of the wall clock can never stretch a lease.
//
// Units:     microseconds inside; the named constructors state theirs
// Determinism: pure
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace convoy {

// A span of time. May be negative.
struct Duration {
  int64_t us = 0;

  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator+(Duration o) const { return {us + o.us}; }
  constexpr Duration operator-(Duration o) const { return {us - o.us}; }
  constexpr Duration operator*(int64_t k) const { return {us * k}; }
  constexpr Duration operator/(int64_t k) const { return {us / k}; }
  constexpr int64_t millis() const { return us / 1000; }
  constexpr int64_t seconds() const { return us / 1000000; }
};

constexpr Duration Microseconds(int64_t n) { return {n}; }
constexpr Duration Milliseconds(int64_t n) { return {n * 1000}; }
constexpr Duration Seconds(int64_t n) { return {n * 1000000}; }
constexpr Duration Minutes(int64_t n) { return Seconds(n * 60); }
constexpr Duration Hours(int64_t n) { return Seconds(n * 3600); }
constexpr Duration Days(int64_t n) { return Hours(n * 24); }
constexpr Duration kDurationMax{std::numeric_limits<int64_t>::max() / 4};

// A point on CLOCK_BOOTTIME (or on virtual time). Comparable only within one process run.
struct MonoTime {
  int64_t us = 0;

  constexpr auto operator<=>(const MonoTime&) const = default;
  constexpr MonoTime operator+(Duration d) const { return {us + d.us}; }
  constexpr MonoTime operator-(Duration d) const { return {us - d.us}; }
  constexpr Duration operator-(MonoTime o) const { return {us - o.us}; }
};
constexpr MonoTime kMonoMax{std::numeric_limits<int64_t>::max() / 2};

// A point of civil time, counted from the Unix epoch. Survives a restart; may jump.
struct WallTime {
  int64_t us = 0;

  constexpr auto operator<=>(const WallTime&) const = default;
  constexpr WallTime operator+(Duration d) const { return {us + d.us}; }
  constexpr WallTime operator-(Duration d) const { return {us - d.us}; }
  constexpr Duration operator-(WallTime o) const { return {us - o.us}; }
  constexpr int64_t unix_ms() const { return us / 1000; }
  constexpr int64_t unix_seconds() const { return us / 1000000; }
};
constexpr WallTime kWallMax{std::numeric_limits<int64_t>::max() / 2};
constexpr WallTime FromUnixMillis(int64_t ms) { return {ms * 1000}; }

}  // namespace convoy
