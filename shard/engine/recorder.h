// Writes down what became of a row: the spool's change and its accounting event, in one batch.
//
//     delivered                       Finish, d record
//     bounced, expired, suppressed    Finish, b record
//     deferred                        Defer to its next due time, t record; past bounce-after:
//     expired
//
// The window is told after the commit, in the order of the commits. Until then the outcome is in a
// duplicate window: a crash would repeat the attempt. Gauge kOutcomes counts these.
//
// Thread:    loop-affine
#pragma once

#include <functional>

#include "base/gauge_file.h"
#include "base/traffic_meter.h"
#include "runtime/event_loop.h"
#include "shard/account/event.h"
#include "shard/deliver/verdict.h"
#include "shard/engine/delivery_session.h"
#include "shard/engine/queue_book.h"
#include "shard/spool/spool.h"

namespace convoy::shard {

class Recorder {
 public:
  struct Deps {
    EventLoop& loop;
    Spool& spool;
    QueueBook& queues;
    GaugeFile* gauges;  // may be null
    // The queue's window has changed after a commit.
    std::function<void(Queue&)> settled;
  };
  explicit Recorder(Deps deps) : deps_(std::move(deps)) {}

  // `row` is out of the window. `message`: null means that it is loaded for the record's fields.
  // `place`: null when no host was asked.
  void Settle(Queue& queue, const SpoolRow& row, MessagePtr message, Verdict verdict,
              const SessionPlace* place);
  // A queue-level failure, once per failed session: tq record, and the queue's last error.
  void QueueFailed(Queue& queue, const Verdict& verdict, const SessionPlace& place);

  // Delivered, as the remote server confirmed.
  TrafficPeriods traffic() const { return traffic_.At(deps_.loop.MonoNow()); }
  uint64_t maybe_duplicates_total() const { return maybe_duplicates_total_; }

 private:
  void Write(Queue& queue, const SpoolRow& row, const MessagePtr& message, Verdict verdict,
             AccountEvent event);
  void Defer(Queue& queue, const SpoolRow& row, const Verdict& verdict, AccountEvent event);
  void Count(Queue& queue, const Verdict& verdict, uint64_t bytes);
  AccountEvent EventFor(const Queue& queue, const SpoolRow& row, const Verdict& verdict,
                        const SessionPlace* place) const;

  Deps deps_;
  uint64_t maybe_duplicates_total_ = 0;
  TrafficMeter traffic_;
};

}  // namespace convoy::shard
