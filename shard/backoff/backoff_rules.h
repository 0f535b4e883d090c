// What a queue does about replies, and the settings of its backoff mode.
//
// A rule is a pattern and what it orders: backoff mode (for how long, with which limits) or normal
// mode. Rules are tried in the order of the configuration, the first that matches decides.
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

struct ModeOrder {
  bool backoff = true;  // false: normal mode
  // Unset: as BackoffSettings says. kDurationMax: until something else ends it.
  std::optional<Duration> to_normal_after;
  std::optional<uint32_t> max_smtp_out;
  std::optional<Rate> max_msg_rate;
};

struct ReplyRule {
  std::shared_ptr<const ReplyPattern> pattern;
  ModeOrder order;
};

// The directives backoff-*. Limits never exceed those of normal mode, whatever they say.
struct BackoffSettings {
  std::vector<ReplyRule> rules;
  uint32_t max_smtp_out = 20;
  Rate max_msg_rate;  // unlimited: that of normal mode
  std::vector<Duration> retry_after = {Hours(1)};  // never empty
  Duration to_normal_after = kDurationMax;         // kDurationMax: never
  bool to_normal_after_delivery = false;
};

// The first rule that matches; null if none does.
const ReplyRule* FindRule(const std::vector<ReplyRule>& rules, const ReplyLines& reply);

}  // namespace convoy::shard
