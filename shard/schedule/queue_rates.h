// The rates of one queue: its own, and beside it that of backoff mode.
//
// Both hold at once, so the lower one decides and neither is exceeded in any sliding interval over
// a change of mode: the own rate is counted through the whole of it, the backoff rate whenever the
// mode is on. What was sent before the mode began does not count against the backoff rate; else a
// queue that had sent more than that would be silent for an interval instead of slower. The attempt
// whose reply began it counts as its first. An entry soon after leaving finds what was used before.
//
// The account of the backoff rate exists from the first entry until it may be forgotten.
//
// Determinism: pure
#pragma once

#include <memory>

#include "base/time_types.h"
#include "shard/schedule/policy.h"
#include "shard/schedule/rate_account.h"

namespace convoy::shard {

class QueueRates {
 public:
  struct Token {
    RateAccount::Token own = 0;
    RateAccount::Token backoff = 0;
  };

  // The earliest time at which Take succeeds: `now`, or later, or kMonoMax.
  MonoTime Next(const QueuePolicy& policy, MonoTime now);
  // The rate that Next waits for.
  Rate Binding(const QueuePolicy& policy, MonoTime now);
  // Only if Next(policy, now) == now.
  Token Take(const QueuePolicy& policy, MonoTime now);
  // As RateAccount::GiveBack.
  bool GiveBack(Token token);
  // `before`: null for a new queue.
  void Change(const QueuePolicy* before, const QueuePolicy& after, MonoTime now);
  void Spend(const QueuePolicy& policy, MonoTime now);
  // The mode was on in an earlier process, which kept its rate.
  void ResumeBackoff(const QueuePolicy& policy, MonoTime now);
  MonoTime ForgetAt(const QueuePolicy& policy) const;
  void Forget();

 private:
  struct Backoff {
    RateAccount account;
    Rate rate;  // that the account was used with last
  };
  MonoTime NextInBackoff(const Rate& rate, MonoTime now);
  RateAccount& BackoffAccount(const Rate& rate, MonoTime now);

  RateAccount own_;
  std::unique_ptr<Backoff> backoff_;
};

}  // namespace convoy::shard
