// Moves the rows of queues that belong to another shard there: after the table has changed, after
// mail was kept here because its owner was away.
//
// One page of a queue at a time:
//
//     read rows -> store the offer -> send -> acknowledged -> delete rows and offer -> next page
//
// The offer (sequence, peer, exactly these rows) is on disk before it is sent and is repeated as it
// is, to the same peer, until acknowledged, also after a restart; the peer keeps a receipt for (our
// uid, sequence). So a row is never lost and never in two queues, whatever crashes in between. From
// the offer to the acknowledgement nobody attempts the row: the queue is marked handing-over here,
// and not yet there.
//
//     crash after            disk here        disk there         mended by
//     offer stored           rows, offer      -                  repeated offer
//     peer committed         rows, offer      rows, receipt      repeated offer: receipt, deleted
//     here
//     deleted here           -                rows, receipt      receipt forgotten with a later
//     offer
//
// An offer to a shard that has left the cluster for good is withdrawn: its rows are ours again. If
// that shard did commit them this makes duplicates (cause: adoption).
//
// Limits:    kPageRows rows or kPageBytes of content per offer; one offer per queue, kQueuesMax
//            queues
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "runtime/event_loop.h"
#include "runtime/gate.h"
#include "runtime/task.h"
#include "shard/cluster/assignment_view.h"
#include "shard/engine/engine.h"
#include "shard/forward/peer_channel.h"
#include "shard/spool/spool.h"

namespace convoy::shard {

class HandOver {
 public:
  static constexpr uint32_t kPageRows = 256;
  static constexpr size_t kPageBytes = size_t{8} << 20;
  static constexpr size_t kQueuesMax = 8;
  static constexpr Duration kDeadline = Seconds(10);
  static constexpr Duration kPause = Seconds(1);

  struct Deps {
    EventLoop& loop;
    Spool& spool;
    Engine& engine;
    const AssignmentView& assignment;
    PeerChannel& channel;
    std::string self;
    std::string uid;
  };
  explicit HandOver(Deps deps) : deps_(std::move(deps)) {}
  ~HandOver() { deps_.loop.Cancel(timer_); }

  // Reads stored offers; before the loop runs. Their queues are handing over until they are
  // answered.
  absl::Status Recover();
  // Looks for work now and then every kPause.
  void Start();
  void Stop(Callback stopped);

  uint64_t rows_handed_over_total() const { return rows_total_; }

 private:
  struct Offer {
    uint64_t sequence = 0;
    std::string peer;  // name
    QueueId queue;
    std::vector<SpoolRow> rows;
  };

  void Look();
  Task<void> MoveQueue(QueueId queue, Gate::Hold hold);
  Task<void> Repeat(std::shared_ptr<Offer> offer, Gate::Hold hold);
  Task<bool> MovePage(Queue& queue);
  Task<absl::Status> Deliver(std::shared_ptr<Offer> offer);
  Task<absl::StatusOr<std::shared_ptr<const ForwardBatch>>> BatchOf(std::shared_ptr<Offer> offer);
  Task<absl::Status> Conclude(std::shared_ptr<Offer> offer);
  Task<absl::Status> Withdraw(std::shared_ptr<Offer> offer);
  absl::Status Decode(std::string_view key, std::string_view value);

  Deps deps_;
  Gate gate_;
  TimerId timer_;
  bool stopping_ = false;
  uint64_t next_sequence_ = 1;
  uint64_t rows_total_ = 0;
  std::vector<std::shared_ptr<Offer>> recovered_;
  absl::flat_hash_set<uint64_t> open_;  // sequences stored and not concluded
  absl::flat_hash_set<QueueId> moving_;
};

}  // namespace convoy::shard
