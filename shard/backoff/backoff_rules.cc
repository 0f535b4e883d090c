#include "shard/backoff/backoff_rules.h"

#include <algorithm>

namespace convoy::shard {

ReplyOrders OrdersFor(const ReplyRules& rules, const ReplyLines& reply) {
  ReplyOrders orders;
  for (const auto& rule : rules) {
    if (!rule->pattern->MayMatch(reply.code) || !rule->pattern->Matches(reply)) continue;
    if (orders.mode == nullptr && rule->mode != ModeOrder::kKeep) orders.mode = rule.get();
    if (orders.defer_queue == nullptr && rule->defer_queue) orders.defer_queue = rule.get();
    if (orders.bounce_rcpt == nullptr && rule->bounce_rcpt) orders.bounce_rcpt = rule.get();
  }
  return orders;
}

bool AnyMayMatch(const ReplyRules& rules, int code) {
  return std::any_of(rules.begin(), rules.end(),
                     [code](const auto& rule) { return rule->pattern->MayMatch(code); });
}

}  // namespace convoy::shard
