// One queue of this shard: its identity, its policy, the head of its rows, and what was last heard.
//
//     on disk --Window--> due --Preparer--> ready --Scheduler--> assigned --Outcomes--> settled
//
// A row is in exactly one of these places. Rows in `ready` have their message loaded, are signed
// and not suppressed: what is left is to write MAIL.
//
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/time_types.h"
#include "shard/backoff/backoff_state.h"
#include "shard/engine/delivery_policy.h"
#include "shard/queue/window.h"
#include "shard/schedule/ids.h"
#include "shard/spool/records.h"
#include "smtp/wire_body.h"

namespace convoy::shard {

// A row whose message is in memory.
struct ReadyRow {
  SpoolRow row;
  MessagePtr message;
  std::shared_ptr<const smtp::WireBody> body;  // signed, dots doubled
};

// The latest thing a queue's destination said, for `show queues`.
struct LastError {
  WallTime when{};
  std::string text;
};

struct QueueTotals {
  uint64_t delivered = 0;
  uint64_t bounced = 0;
  uint64_t deferred = 0;
};

struct Queue {
  Queue(QueueId queue_id, WindowBudget* budget) : id(queue_id), window(budget) {}

  const QueueId id;
  std::string domain;
  std::string vmta;
  std::string site;
  SiteId site_id;
  VmtaId vmta_id;
  DeliveryPolicyPtr policy;

  Window window;
  std::deque<ReadyRow> ready;
  uint32_t preparing = 0;   // popped from the window, not yet ready
  uint32_t told_ready = 0;  // what the scheduler was last told

  bool owned = false;         // the table says so and former owners have let go
  bool paused = false;        // by an operator
  bool handing_over = false;  // rows are offered to another shard: none is attempted here
  bool vmta_gone = false;     // its virtual MTA is not configured any more: rows bounce when due
  uint64_t policies = 0;      // which policies `policy` is of: Engine::PoliciesChanged counts them

  // Set: in backoff mode. Changed by BackoffBook only.
  std::optional<BackoffState> backoff;

  // The destination cannot exist (NXDOMAIN, null MX): rows that come due before this time bounce.
  std::optional<Verdict> dead;
  MonoTime dead_until{};

  LastError last_error;
  QueueTotals totals;

  std::string Name() const { return domain + "/" + vmta; }
  // The limits that hold now.
  QueuePolicyPtr Schedule() const {
    return backoff.has_value() ? PolicyInBackoff(*policy->schedule, policy->backoff, *backoff)
                               : policy->schedule;
  }
  bool MayAttempt() const { return owned && !paused && !handing_over; }
};

}  // namespace convoy::shard
