#include "shard/backoff/backoff_state.h"

#include <algorithm>

namespace convoy::shard {
namespace {

WallTime After(WallTime now, Duration wait) { return wait >= kDurationMax ? kWallMax : now + wait; }

BackoffState Prolonged(const BackoffState* before, WallTime until, WallTime now) {
  BackoffState state;
  if (before != nullptr) {
    state = *before;
    state.until = std::max(before->until, until);
  } else {
    state.since = now;
    state.until = until;
  }
  return state;
}

void Lower(const BackoffOrder& order, const BackoffSettings& settings, BackoffLimits* limits) {
  limits->max_smtp_out =
      std::min(limits->max_smtp_out, order.max_smtp_out.value_or(settings.max_smtp_out));
  limits->max_msg_rate =
      LowerRate(limits->max_msg_rate, order.max_msg_rate.value_or(settings.max_msg_rate));
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

BackoffState BackoffByReply(const BackoffState* before, const ReplyRule& rule,
                            const std::string& reply, const BackoffSettings& settings,
                            WallTime now) {
  const Duration wait = rule.backoff.to_normal_after.value_or(settings.to_normal_after);
  BackoffState state = Prolonged(before, After(now, wait), now);
  state.reply = reply;
  std::erase(state.patterns, rule.pattern->text());
  if (state.patterns.size() >= BackoffState::kPatternsMax) {
    state.patterns.erase(state.patterns.begin());
  }
  state.patterns.emplace_back(rule.pattern->text());
  return state;
}

BackoffState BackoffByOperator(const BackoffState* before, const BackoffSettings& settings,
                               WallTime now) {
  BackoffState state = Prolonged(before, After(now, settings.to_normal_after), now);
  state.by_operator = true;
  return state;
}

BackoffLimits LimitsOf(const BackoffState& state, const BackoffSettings& settings) {
  BackoffLimits limits;
  bool found = state.by_operator;
  if (found) Lower({}, settings, &limits);
  for (const auto& rule : settings.rules) {
    if (rule->mode != ModeOrder::kBackoff) continue;
    const auto& patterns = state.patterns;
    const bool matched =
        std::find(patterns.begin(), patterns.end(), rule->pattern->text()) != patterns.end();
    if (matched) Lower(rule->backoff, settings, &limits);
    found = found || matched;
  }
  if (!found) Lower({}, settings, &limits);
  return limits;
}

QueuePolicyPtr PolicyInBackoff(const QueuePolicy& normal, const BackoffSettings& settings,
                               const BackoffState& state) {
  const BackoffLimits limits = LimitsOf(state, settings);
  auto policy = std::make_shared<QueuePolicy>(normal);
  policy->max_smtp_out = std::min(normal.max_smtp_out, limits.max_smtp_out);
  policy->backoff_msg_rate = limits.max_msg_rate;
  policy->retry_after = settings.retry_after;
  return policy;
}

}  // namespace convoy::shard
