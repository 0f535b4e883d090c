// A Network and Stream that fail at the Nth operation, so that a test can walk every error path.
//
//     for (int64_t n = 1;; ++n) {
//       FailAtNth plan(n);
//       FailingNetwork network(real, loop, plan);
//       RunTheScenario(network);                 // must end cleanly whatever happened
//       if (!plan.struck()) break;               // fewer than n operations: all have been failed
//     }
//
// Connects, reads, flushes and handshakes count, in the order they are started, over all streams of
// the plan. The operation that is struck ends with Unavailable and its connection is closed.
//
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/event_loop.h"
#include "runtime/stream.h"

namespace convoy {

// Lives longer than the networks and streams that use it.
class FailAtNth {
 public:
  // 1 is the first operation; 0 never fails.
  explicit FailAtNth(int64_t n) : n_(n) {}
  // Counts one operation; true if it is the one to fail.
  bool Strike() { return ++count_ == n_; }
  bool struck() const { return n_ > 0 && count_ >= n_; }
  int64_t count() const { return count_; }

 private:
  const int64_t n_;
  int64_t count_ = 0;
};

std::unique_ptr<Stream> MakeFailingStream(std::unique_ptr<Stream> inner, EventLoop& loop,
                                          FailAtNth& plan);

// Streams of connects and accepts are failing streams.
class FailingNetwork final : public Network {
 public:
  FailingNetwork(Network& inner, EventLoop& loop, FailAtNth& plan)
      : inner_(inner), loop_(loop), plan_(plan) {}
  void StartConnect(ConnectRequest request, ConnectDone done) override;
  absl::StatusOr<std::unique_ptr<Listener>> Listen(Endpoint where, AcceptHandler accepted) override;

 private:
  Network& inner_;
  EventLoop& loop_;
  FailAtNth& plan_;
};

}  // namespace convoy
