#include "shard/schedule/queue_rates.h"

#include <algorithm>

namespace convoy::shard {

RateAccount& QueueRates::BackoffAccount(const Rate& rate, MonoTime now) {
  if (backoff_ == nullptr) {
    backoff_ = std::make_unique<Backoff>();
    backoff_->rate = rate;
  }
  backoff_->account.Change(backoff_->rate, rate, now);
  backoff_->rate = rate;
  return backoff_->account;
}

MonoTime QueueRates::NextInBackoff(const Rate& rate, MonoTime now) {
  if (rate.unlimited()) return now;
  if (rate.count == 0) return kMonoMax;
  return backoff_ == nullptr ? now : BackoffAccount(rate, now).Next(rate, now);
}

MonoTime QueueRates::Next(const QueuePolicy& policy, MonoTime now) {
  return std::max(own_.Next(policy.max_msg_rate, now), NextInBackoff(policy.backoff_msg_rate, now));
}

Rate QueueRates::Binding(const QueuePolicy& policy, MonoTime now) {
  const bool backoff =
      NextInBackoff(policy.backoff_msg_rate, now) > own_.Next(policy.max_msg_rate, now);
  return backoff ? policy.backoff_msg_rate : policy.max_msg_rate;
}

QueueRates::Token QueueRates::Take(const QueuePolicy& policy, MonoTime now) {
  Token token;
  token.own = own_.Take(policy.max_msg_rate, now);
  const Rate& rate = policy.backoff_msg_rate;
  if (!rate.unlimited()) token.backoff = BackoffAccount(rate, now).Take(rate, now);
  return token;
}

bool QueueRates::GiveBack(Token token) {
  const bool own = own_.GiveBack(token.own);
  return (backoff_ == nullptr || backoff_->account.GiveBack(token.backoff)) && own;
}

void QueueRates::Change(const QueuePolicy* before, const QueuePolicy& after, MonoTime now) {
  if (before != nullptr) own_.Change(before->max_msg_rate, after.max_msg_rate, now);
  const Rate& rate = after.backoff_msg_rate;
  if (rate.unlimited()) return;
  RateAccount& account = BackoffAccount(rate, now);
  const bool begins = before != nullptr && before->backoff_msg_rate.unlimited();
  if (begins && account.Next(rate, now) <= now) account.Take(rate, now);
}

void QueueRates::Spend(const QueuePolicy& policy, MonoTime now) {
  own_.Spend(now);
  const Rate& rate = policy.backoff_msg_rate;
  if (!rate.unlimited()) BackoffAccount(rate, now).Spend(now);
}

void QueueRates::ResumeBackoff(const QueuePolicy& policy, MonoTime now) {
  const Rate& rate = policy.backoff_msg_rate;
  if (!rate.unlimited()) BackoffAccount(rate, now).Resume(rate, now);
}

MonoTime QueueRates::ForgetAt(const QueuePolicy& policy) const {
  const MonoTime own = own_.ForgetAt(policy.max_msg_rate);
  return backoff_ == nullptr ? own : std::max(own, backoff_->account.ForgetAt(backoff_->rate));
}

void QueueRates::Forget() {
  own_.Forget();
  backoff_.reset();
}

}  // namespace convoy::shard
