// The SMTP submission listener: connections become dialogues, messages become submissions.
//
// What a client may do is decided by its address (<source>): whether it may speak to us at all,
// whether it may relay. A recipient of a client that may not is refused with 550 5.7.1 and nothing
// is kept.
//
//   high path: connections_max connections, or the store congested -> accepting pauses
//   low path:  a connection ends, or the store has caught up -> it goes on
//
// RFC:       5321 (dialogue in smtp/server_session.h), 6409 (submission)
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "runtime/event_loop.h"
#include "runtime/gate.h"
#include "runtime/stream.h"
#include "shard/engine/policy_book.h"
#include "shard/ingest/ingest.h"
#include "smtp/server_session.h"

namespace convoy::shard {

class SmtpListener {
 public:
  struct Deps {
    EventLoop& loop;
    Network& network;
    PolicyBook& policies;
    std::function<void(Submission, SubmitDone)> submit;
    std::function<bool()> congested;
    uint64_t connections_max = 1000;
  };
  explicit SmtpListener(Deps deps) : deps_(std::move(deps)) {}
  ~SmtpListener() { deps_.loop.Cancel(timer_); }

  absl::Status Listen(const Endpoint& where);
  // With the real ports.
  std::vector<Endpoint> addresses() const;
  uint64_t connections() const { return sessions_.size(); }
  // From the next connection on.
  void SetConnectionsMax(uint64_t connections_max) { deps_.connections_max = connections_max; }
  // No new connections; those open are told 421 after the message they are in.
  void Stop(Callback stopped);

 private:
  class Handler;
  void Accepted(std::unique_ptr<Stream> stream);
  Task<void> Serve(std::unique_ptr<Stream> stream, Gate::Hold hold);
  void AdjustAccepting();

  Deps deps_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  absl::flat_hash_set<smtp::ServerSession*> sessions_;
  bool paused_ = false;
  TimerId timer_;
  Gate gate_;
};

// The SMTP answer to the result of a submission with SourceKind::kSmtp, which is refused whole when
// one of its recipients is invalid.
smtp::Reply ReplyTo(const SubmitResult& result);

}  // namespace convoy::shard
