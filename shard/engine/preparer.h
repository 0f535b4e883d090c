// Makes due rows ready: suppression and expiry are checked, the message is loaded and signed.
//
// Works ahead of the sessions by a bounded number of rows per queue, so that a session that asks
// gets an answer at once, and memory holds few bodies. What must not be attempted is settled here.
//
//   high path: enough rows ready or the signing pool full -> nothing more is popped
//   low path:  an attempt is assigned -> Pump() tops up
//
// RFC:       6376 5 (signed once per message and set of keys, before the first attempt)
// Limits:    kAheadMax rows prepared ahead per queue; kAheadIdle for a queue without connections
// Thread:    loop-affine
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "runtime/event_loop.h"
#include "shard/engine/queue_book.h"
#include "shard/engine/recorder.h"
#include "shard/engine/signing_service.h"
#include "shard/engine/suppression_book.h"

namespace convoy::shard {

class Preparer {
 public:
  static constexpr uint32_t kAheadMax = 256;
  static constexpr uint32_t kAheadIdle = 4;

  struct Deps {
    EventLoop& loop;
    Spool& spool;
    QueueBook& queues;
    Recorder& recorder;
    SigningService& signer;
    const SuppressionBook& suppressions;
    // `queue.ready` has changed.
    std::function<void(Queue&)> ready_changed;
  };
  explicit Preparer(Deps deps) : deps_(std::move(deps)) {}

  // Tops up `queue.ready`; `sessions` are the connections that will use it. Reads the disk if
  // needed.
  void Pump(Queue& queue, uint32_t sessions);
  // Puts all ready rows but `keep` back into the window: the queue cannot use them for a while.
  void Unprepare(Queue& queue, size_t keep);
  void PutBack(Queue& queue, const SpoolRow& row);
  // Other keys sign from now on: nothing signed before is used for rows that are not ready yet.
  void ForgetSignatures() { ++signatures_; }

 private:
  using BodyPtr = std::shared_ptr<const smtp::WireBody>;
  using BodyDone = std::function<void(absl::StatusOr<BodyPtr>)>;

  void Refill(Queue& queue);
  void Prepare(Queue& queue, SpoolRow row);
  bool SettleWithoutAttempt(Queue& queue, const SpoolRow& row);
  void Loaded(Queue& queue, SpoolRow row, absl::StatusOr<MessagePtr> message);
  void MakeBody(Queue& queue, const MessagePtr& message, BodyDone done);
  void Signed(const std::string& key, const MessagePtr& message, absl::StatusOr<std::string> fields,
              bool unsigned_ok);
  void BodyMade(Queue& queue, SpoolRow row, MessagePtr message, absl::StatusOr<BodyPtr> body);
  void RetryLater(Queue& queue, const SpoolRow& row);

  Deps deps_;
  // Bodies being signed, and those in use: one signature per message and virtual MTA.
  absl::flat_hash_map<std::string, std::vector<BodyDone>> signing_;
  absl::flat_hash_map<std::string, std::weak_ptr<const smtp::WireBody>> bodies_;
  size_t bodies_swept_at_ = 1024;
  uint64_t signatures_ = 0;  // part of the keys of both: how often the signing keys have changed
};

}  // namespace convoy::shard
