// Backoff mode of one queue: since when, until when, why, and with which limits.
//
//     normal --a reply that matches, an operator--> backoff
//     backoff --until has come, a delivery (backoff-to-normal-after-delivery), a reply rule that
//               says so, an operator--> normal
//
// A further reply that matches never loosens the mode: it ends at the later of the two times, and
// each limit is the lower of the two. It counts from the moment of that reply.
//
// Times are wall time because the mode outlives the process.
//
// Determinism: pure
#pragma once

#include <cstdint>
#include <string>

#include "base/time_types.h"
#include "shard/backoff/backoff_rules.h"
#include "shard/schedule/policy.h"

namespace convoy::shard {

struct BackoffState {
  WallTime since{};
  WallTime until = kWallMax;  // kWallMax: until something else ends it
  bool by_operator = false;
  std::string reply;    // that began it or prolonged it last, as received; empty: none
  std::string pattern;  // that matched, as written
  uint32_t max_smtp_out = kUnlimitedConnections;
  Rate max_msg_rate;  // unlimited: that of normal mode

  bool operator==(const BackoffState&) const = default;
};

// What `order` makes of a queue in normal mode at `now`.
BackoffState EnterBackoff(const ModeOrder& order, const BackoffSettings& settings, WallTime now);
// What a further order makes of a queue that is in backoff mode.
BackoffState ProlongBackoff(const BackoffState& state, const ModeOrder& order,
                            const BackoffSettings& settings, WallTime now);
// The limits that hold in the mode: those of normal mode, lowered.
QueuePolicyPtr PolicyInBackoff(const QueuePolicy& normal, const BackoffSettings& settings,
                               const BackoffState& state);

// The rate that lets less through on the long run.
Rate LowerRate(const Rate& a, const Rate& b);

}  // namespace convoy::shard
