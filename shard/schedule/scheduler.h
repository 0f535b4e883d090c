// Decides who is next: opens connections, assigns attempts, holds every limit of a shard. No I/O.
//
// A queue's ready rows need two things, a connection (slots of queue, site, virtual MTA and total)
// and tokens (rates of queue, site and virtual MTA), all or none. A queue that lacks one is
// *parked* at the first scope that refuses it, and served again in fair order when that scope has
// something to give:
//
//     own limit      the queue's timer
//     site           heap of queues by their pass in that site
//     virtual MTA    heap of queues by their pass in that virtual MTA  (slots also when the total
//     is used up) total          heap of virtual MTAs with waiting queues and free slots of their
//     own
//
// Fairness is start-time fair queueing: an attempt or a connection adds 1/(priority + 1) to the
// queue's pass, the lowest pass is served first, nobody saves up credit while idle, debt is
// bounded. When connection slots are contended, sessions without work are closed, and busy ones
// yield after Options::yield_after attempts.
//
// A queue opens a connection only for a row that no session, idle or on its way, would take: two at
// first, then as many at a time as are established. One whose tokens are further away than
// Options::token_horizon opens none.
//
// Units:     MonoTime
// Limits:    Options::steps_max queue services per call; the rest continues on a timer set to `now`
// Errors:    none; misuse stops the process (events.h)
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/time_types.h"
#include "shard/schedule/events.h"
#include "shard/schedule/ids.h"
#include "shard/schedule/wait_reason.h"

namespace convoy::shard {

struct SchedulerOptions {
  uint32_t total_max_smtp_out = 1200;
  // How long before its tokens a connection may be opened or kept without work.
  Duration token_horizon = Seconds(2);
  // Rows that the busy sessions could take soon get a connection of their own after this long.
  Duration growth_patience = Milliseconds(500);
  uint32_t first_connections = 2;
  // Attempts a session makes before it gives its slot to a queue that has had less.
  uint32_t yield_after = 20;
  // Pause after a failed connection while others of the queue work: the peer may limit our number.
  Duration reopen_gap = Seconds(1);
  uint32_t steps_max = 512;
};

struct QueueCounters {
  uint32_t ready = 0;
  uint32_t connecting = 0;
  uint32_t open = 0;       // established, whatever they do
  uint32_t waiting = 0;    // of these, told to wait
  uint32_t assigned = 0;   // attempts without result
  uint32_t failures = 0;   // failed sessions in a row
  MonoTime retry_until{};  // 0: not in retry mode
};

struct SchedulerCounters {
  uint64_t queues = 0;
  uint64_t sessions = 0;  // connecting, open or closing
  uint64_t assigned = 0;  // attempts without result
  uint64_t opened_total = 0;
  uint64_t assigned_total = 0;
  uint64_t yielded_total = 0;    // sessions closed so that another queue could connect
  uint64_t forfeited_total = 0;  // tokens of unused attempts that could not be returned exactly
};

class Scheduler {
 public:
  using Options = SchedulerOptions;

  explicit Scheduler(Options options);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Appends what has to be done to `out`. `now` must not go backwards.
  void OnEvent(MonoTime now, const Event& event, Actions* out);

  // What keeps this queue from sending more. Also for a queue that is not known (kRemoved).
  WaitReason Why(QueueId queue, MonoTime now) const;
  QueueCounters Counters(QueueId queue) const;
  SchedulerCounters Counters() const;
  bool Has(QueueId queue) const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace convoy::shard
