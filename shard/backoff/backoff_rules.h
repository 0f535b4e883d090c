// What a queue does about replies, and the settings of its backoff mode.
//
// A rule is a pattern and what it orders. All rules that match a reply count, in the order of the
// configuration; where their orders contradict each other the first one that matches wins.
//
// Thread:    immutable, shared by all queues that were configured alike
// Determinism: pure
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/time_types.h"
#include "shard/backoff/reply_lines.h"
#include "shard/schedule/policy.h"

namespace convoy::shard {

// What a rule that begins backoff mode says about it. Unset: as BackoffSettings says.
struct BackoffOrder {
  std::optional<Duration> to_normal_after;  // kDurationMax: until something else ends it
  std::optional<uint32_t> max_smtp_out;
  std::optional<Rate> max_msg_rate;
};

enum class ModeOrder : uint8_t { kKeep, kBackoff, kNormal };

struct ReplyRule {
  std::shared_ptr<const ReplyPattern> pattern;
  ModeOrder mode = ModeOrder::kBackoff;
  BackoffOrder backoff;      // of kBackoff
  bool bounce_rcpt = false;  // a temporary refusal of a recipient is final
  bool defer_queue = false;  // the queue waits for its next retry-after
};

using ReplyRules = std::vector<std::shared_ptr<const ReplyRule>>;

// The directives backoff-*. Limits never exceed those of normal mode, whatever they say.
struct BackoffSettings {
  ReplyRules rules;
  uint32_t max_smtp_out = 20;
  Rate max_msg_rate;                               // unlimited: that of normal mode
  std::vector<Duration> retry_after = {Hours(1)};  // never empty
  Duration to_normal_after = kDurationMax;         // kDurationMax: never
  bool to_normal_after_delivery = false;
};

// What the rules order for a reply.
struct ReplyOrders {
  const ReplyRule* mode = nullptr;  // the rule that sets the mode; null: none does
  const ReplyRule* defer_queue = nullptr;
  const ReplyRule* bounce_rcpt = nullptr;
};
ReplyOrders OrdersFor(const ReplyRules& rules, const ReplyLines& reply);

// False: no rule can match a reply with this code.
bool AnyMayMatch(const ReplyRules& rules, int code);

}  // namespace convoy::shard
