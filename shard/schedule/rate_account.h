// The rate of one scope: a RateLimiter that exists only while it has something to remember.
//
// A limiter keeps up to 64 times, too much for each of 100,000 idle queues. Two intervals after the
// last event it is full again in both of its forms, and can be forgotten. The limit itself lives in
// the policy and is passed in.
//
// Determinism: pure
#pragma once

#include <cstdint>
#include <memory>

#include "base/rate_limiter.h"
#include "base/time_types.h"
#include "shard/schedule/policy.h"

namespace convoy::shard {

class RateAccount {
 public:
  // A taken token; 0: none.
  using Token = uint32_t;

  // From `now` on what happened before counts as a full allowance used.
  void Spend(MonoTime now);
  // An earlier process kept `rate`, and may have used all it allowed until `now`.
  void Resume(const Rate& rate, MonoTime now);
  // The earliest time at which Take succeeds: `now`, or later, or kMonoMax.
  MonoTime Next(const Rate& rate, MonoTime now);
  // Takes one event. Only if Next(rate, now) == now.
  Token Take(const Rate& rate, MonoTime now);
  // Gives back an event that did not happen. True if that was exact: only the latest event can be
  // taken back without opening a window twice; any other stays counted.
  bool GiveBack(Token token);
  // What was used under `before` counts under `after`. A limit where there was none begins paced.
  void Change(const Rate& before, const Rate& after, MonoTime now);
  // When there will be nothing left to remember, if nothing happens until then (0: now).
  MonoTime ForgetAt(const Rate& rate) const;
  void Forget();

 private:
  RateLimiter* Limiter(const Rate& rate, MonoTime now);
  Token NewToken();

  std::unique_ptr<RateLimiter> limiter_;
  MonoTime latest_{};  // the last event, limited or not, or when the allowance was declared spent
  Token taken_ = 0;
  bool used_ = false;  // latest_ means something
  // How a limiter made later starts: as spent at latest_, or as paced from latest_ on.
  enum class Start : uint8_t { kFull, kSpent, kPaced };
  Start start_ = Start::kFull;
};

}  // namespace convoy::shard
