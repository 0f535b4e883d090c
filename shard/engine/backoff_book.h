// The backoff mode of this shard's queues: hears replies, keeps the mode on disk, ends it in time.
//
// What a mode is stands in shard/backoff; here it is applied to queues. A mode counts from the
// moment of the reply; the disk has it a commit later. A crash in between forgets it, and the next
// matching reply begins it again.
//
//     kState  "backoff/" queue name -> stored Backoff, while the queue is in backoff mode
//
// Each change of a mode is logged with its cause.
//
// Limits:    one timer; a jump of the wall clock delays an end by at most a minute
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/event_loop.h"
#include "shard/engine/pause_set.h"
#include "shard/engine/queue.h"
#include "shard/engine/queue_book.h"
#include "shard/spool/spool.h"
#include "smtp/reply.h"

namespace convoy::shard {

class BackoffBook {
 public:
  struct Deps {
    EventLoop& loop;
    Spool& spool;
    QueueBook& queues;
    // The limits of the queue have changed: they hold from now on.
    std::function<void(Queue&)> changed;
    // defer-queue: into retry mode.
    std::function<void(Queue&)> defer;
  };
  explicit BackoffBook(Deps deps) : deps_(std::move(deps)) {}
  ~BackoffBook() { deps_.loop.Cancel(timer_); }

  // What was on disk at start. Before any queue is made.
  absl::Status Recover();
  // A queue that has just been made gets the mode it had.
  void Added(Queue& queue);

  // A reply of the queue's destination.
  void Heard(Queue& queue, const smtp::Reply& reply);
  // bounce-rcpt: whether a rule makes this refusal of a recipient final.
  bool BouncesRecipient(const Queue& queue, const smtp::Reply& reply) const;
  // A delivery of an attempt that was begun in backoff mode.
  void Delivered(Queue& queue);
  // An operator's wish for the queues that exist; setting the mode a queue is in is no error.
  // `done` runs when it will survive a restart, with how many of them have mail; Cancelled while
  // stopping.
  using ChangeDone = absl::AnyInvocable<void(absl::StatusOr<uint64_t>)>;
  void SetMode(const PauseSelector& selector, bool backoff, ChangeDone done);

 private:
  void SetMode(Queue& queue, bool backoff, KvBatch* batch);
  void Enter(Queue& queue, BackoffState state, KvBatch* batch);
  void Leave(Queue& queue, std::string_view why, KvBatch* batch);
  void Commit(KvBatch batch);
  void SetTimer();
  void OnTimer();

  Deps deps_;
  absl::flat_hash_map<std::string, BackoffState> at_start_;  // of queues not made yet
  absl::btree_set<std::pair<WallTime, uint32_t>> ends_;      // until, queue id
  TimerId timer_;
};

}  // namespace convoy::shard
