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
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "runtime/event_loop.h"
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
  };
  explicit BackoffBook(Deps deps) : deps_(std::move(deps)) {}
  ~BackoffBook() { deps_.loop.Cancel(timer_); }

  // What was on disk at start. Before any queue is made.
  absl::Status Recover();
  // A queue that has just been made gets the mode it had.
  void Added(Queue& queue);

  // A reply of the queue's destination.
  void Heard(Queue& queue, const smtp::Reply& reply);
  // A delivery of an attempt that was begun in backoff mode.
  void Delivered(Queue& queue);
  // An operator's wish. Setting the mode a queue is in is no error.
  void Set(Queue& queue, bool backoff);

 private:
  void Enter(Queue& queue, BackoffState state);
  void Leave(Queue& queue, std::string_view why);
  void Keep(const Queue& queue);
  void SetTimer();
  void OnTimer();

  Deps deps_;
  absl::flat_hash_map<std::string, BackoffState> at_start_;  // of queues not made yet
  absl::btree_set<std::pair<WallTime, uint32_t>> ends_;      // until, queue id
  TimerId timer_;
};

}  // namespace convoy::shard
