// A rate limit of N events per interval that holds in *every* sliding interval.
//
// A token bucket of size N refilled at N/interval lets 2N-1 through in the worst window. Two exact
// forms:
//   N <= kLogCountMax  the times of the last N events are kept; an event is allowed when the N-th
//   last
//                      one is a whole interval old. Uses all of the allowance.
//   larger N           a bucket with burst b = N/64 that refills at (N - b)/interval, so any window
//   sees
//                      at most b + (N - b) = N events. Uses at least 98.4 % of the allowance and
//                      paces it.
// Tokens are counted in exact integers (token x interval_us): no drift can add one.
//
// Limits:    kCountMax events per interval, kIntervalMax; the configuration refuses more
// Thread:    loop-affine
// Determinism: pure; `now` must not go backwards (an earlier `now` is read as the latest one seen)
#pragma once

#include <cstdint>
#include <deque>

#include "base/time_types.h"

namespace convoy {

class RateLimiter {
 public:
  static constexpr int64_t kLogCountMax = 64;
  static constexpr int64_t kCountMax = 1'000'000'000;
  static constexpr Duration kIntervalMax = Days(31);

  // No limit.
  RateLimiter() = default;
  // `count` events per `interval`. count 0 never lets anything through. A new limiter starts full:
  // pass `start_spent` when what happened before is unknown (restart, take-over), to start as if a
  // full interval's allowance had just been used.
  RateLimiter(int64_t count, Duration interval, MonoTime now, bool start_spent = false);

  // A limit where there was none (a reload), as if events had come evenly at just this rate until
  // now: the next one is allowed after interval / count, and what was sent before delays nothing.
  static RateLimiter Paced(int64_t count, Duration interval, MonoTime now);

  bool unlimited() const { return interval_us_ == 0; }
  // Takes one event if it is allowed at `now`.
  bool TryTake(MonoTime now);
  // The earliest time at which TryTake would succeed (now, if it would already); kMonoMax if never.
  MonoTime NextAllowed(MonoTime now);
  // Gives back the latest taken event, which did not happen (a connection lost before MAIL).
  void GiveBack();
  // As if others had kept this limit until `now` and used all of it (a process before this one).
  void UseUp(MonoTime now);
  // Another limit from now on. What was used counts against the new one, at the times it happened
  // if they are known, else as if it had happened just now: a reload never opens a window twice.
  void Change(int64_t count, Duration interval, MonoTime now);

  int64_t count() const { return count_; }
  Duration interval() const { return {interval_us_}; }

 private:
  bool keeps_log() const { return count_ <= kLogCountMax; }
  MonoTime Advance(MonoTime now);
  int64_t capacity_units() const { return burst_ * interval_us_; }

  int64_t count_ = 0;
  int64_t interval_us_ = 0;  // 0: unlimited
  MonoTime last_{};

  std::deque<MonoTime> log_;  // N <= kLogCountMax: times of events younger than one interval

  int64_t burst_ = 0;  // larger N
  int64_t units_ = 0;  // one event costs interval_us_ units; each microsecond brings count - burst
};

}  // namespace convoy
