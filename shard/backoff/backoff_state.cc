#include "shard/backoff/backoff_state.h"

#include <algorithm>

namespace convoy::shard {
namespace {

WallTime After(WallTime now, Duration wait) {
  return wait >= kDurationMax ? kWallMax : now + wait;
}

}  // namespace

Rate LowerRate(const Rate& a, const Rate& b) {
  if (a.unlimited()) return b;
  if (b.unlimited()) return a;
  const auto per_us = [](const Rate& rate) {
    return static_cast<double>(rate.count) / static_cast<double>(rate.interval.us);
  };
  return per_us(b) < per_us(a) ? b : a;
}

BackoffState EnterBackoff(const ModeOrder& order, const BackoffSettings& settings, WallTime now) {
  BackoffState state;
  state.since = now;
  state.until = After(now, order.to_normal_after.value_or(settings.to_normal_after));
  state.max_smtp_out = order.max_smtp_out.value_or(settings.max_smtp_out);
  state.max_msg_rate = order.max_msg_rate.value_or(settings.max_msg_rate);
  return state;
}

BackoffState ProlongBackoff(const BackoffState& state, const ModeOrder& order,
                            const BackoffSettings& settings, WallTime now) {
  BackoffState next = EnterBackoff(order, settings, now);
  next.since = state.since;
  next.until = std::max(next.until, state.until);
  next.max_smtp_out = std::min(next.max_smtp_out, state.max_smtp_out);
  next.max_msg_rate = LowerRate(next.max_msg_rate, state.max_msg_rate);
  return next;
}

QueuePolicyPtr PolicyInBackoff(const QueuePolicy& normal, const BackoffSettings& settings,
                               const BackoffState& state) {
  auto policy = std::make_shared<QueuePolicy>(normal);
  policy->max_smtp_out = std::min(normal.max_smtp_out, state.max_smtp_out);
  policy->backoff_msg_rate = state.max_msg_rate;
  policy->retry_after = settings.retry_after;
  return policy;
}

}  // namespace convoy::shard
