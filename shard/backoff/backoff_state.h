// Backoff mode of one queue: since when, until when, why, and with which limits.
//
//     normal --a reply that matches, an operator--> backoff
//     backoff --until has come, a delivery (backoff-to-normal-after-delivery), a reply rule that
//               says so, an operator--> normal
//
// What is kept is what began the mode, not its numbers: they are looked up in the configuration by
// the patterns, so a reload changes them. A further reply that matches never loosens the mode: it
// ends at the later of the two times, and each limit is the lower of the two.
//
// Times are wall time because the mode outlives the process.
//
// Limits:    kPatternsMax
// Determinism: pure
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time_types.h"
#include "shard/backoff/backoff_rules.h"
#include "shard/schedule/policy.h"

namespace convoy::shard {

struct BackoffState {
  // Of the patterns that matched; the oldest is forgotten beyond it.
  static constexpr size_t kPatternsMax = 16;

  WallTime since{};
  WallTime until = kWallMax;  // kWallMax: until something else ends it
  bool by_operator = false;   // an operator began it, or confirmed it since
  std::string reply;          // that began it or prolonged it last, as received; empty: none
  std::vector<std::string> patterns;  // that matched, as written, each once; the latest is last

  bool operator==(const BackoffState&) const = default;
};

// What a reply that matched `rule` at `now` makes of a queue in the mode `before` (null: normal).
BackoffState BackoffByReply(const BackoffState* before, const ReplyRule& rule,
                            const std::string& reply, const BackoffSettings& settings,
                            WallTime now);
// The same for an operator's wish.
BackoffState BackoffByOperator(const BackoffState* before, const BackoffSettings& settings,
                               WallTime now);

struct BackoffLimits {
  uint32_t max_smtp_out = kUnlimitedConnections;
  Rate max_msg_rate;  // unlimited: that of normal mode
};
// What the settings say for this mode: the lowest of what the rules of its patterns say, and of the
// directives if an operator set it. The directives alone when no rule has such a pattern (a reload
// took it out).
BackoffLimits LimitsOf(const BackoffState& state, const BackoffSettings& settings);
// The policy that holds in the mode: that of normal mode with its limits lowered.
QueuePolicyPtr PolicyInBackoff(const QueuePolicy& normal, const BackoffSettings& settings,
                               const BackoffState& state);

// The rate that lets less through on the long run.
Rate LowerRate(const Rate& a, const Rate& b);

}  // namespace convoy::shard
