// What the scheduler must respect: the limits of a queue, and of the scopes that queues share.
//
// A limit always names its scope. A queue's own policy is one immutable object shared by all queues
// that were configured alike, so that 100,000 queues do not carry 100,000 copies.
//
// Units:     rates count attempted recipients per interval, in every sliding interval
// Determinism: pure
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/time_types.h"

namespace convoy::shard {

constexpr uint32_t kUnlimitedConnections = UINT32_MAX;

// `count` per `interval`; interval 0 means unlimited, count 0 means never.
struct Rate {
  int64_t count = 0;
  Duration interval{};
  bool unlimited() const { return interval.us == 0; }
  bool operator==(const Rate&) const = default;
};

// Limits of one queue. The names are PowerMTA's directives with underscores.
struct QueuePolicy {
  uint32_t max_smtp_out = 20;
  Rate max_msg_rate;
  // Of backoff mode: holds besides max_msg_rate, from when it is set. Unlimited: not in that mode.
  Rate backoff_msg_rate;
  uint32_t max_msg_per_connection = 0;     // 0: no limit
  uint32_t max_errors_per_connection = 0;  // 0: no limit
  uint32_t priority = 50;  // 0..100; a queue's share of a contended limit is priority + 1
  // Waits of the whole queue after connection failures; the last one repeats; never empty.
  std::vector<Duration> retry_after = {Minutes(10)};
  Duration retry_after_dns_error = Minutes(1);
  // Failed sessions in a row, without an answer to any attempt, that put the queue into retry mode.
  uint32_t mx_connection_attempts = 10;
  // The same on leaving retry mode, where only one connection at a time is tried.
  uint32_t probe_attempts = 3;
  Duration smtp_out_rampup_interval{};
  Duration connection_idle_timeout{};
  bool retry_upon_new_mail = false;
};

// Limits of a scope shared by several queues: a site or a virtual MTA.
struct SharedLimits {
  uint32_t max_connections = kUnlimitedConnections;
  Rate max_msg_rate;
  bool operator==(const SharedLimits&) const = default;
};

using QueuePolicyPtr = std::shared_ptr<const QueuePolicy>;

}  // namespace convoy::shard
