// TCP over the kernel's sockets, on a KernelLoop.
//
// Sockets are non-blocking, without Nagle's delay. A source address is bound without a port, so
// that one address carries as many connections as there are (source, port, peer) triples.
// A listener that cannot get a descriptor waits kAcceptPause and says so in the log; connections
// wait in the kernel's backlog meanwhile.
//
// Limits:    kBacklog connections wait to be accepted (less if net.core.somaxconn is less)
// Thread:    loop-affine; listeners must go before the network
#pragma once

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "runtime/kernel_loop.h"
#include "runtime/stream.h"

namespace convoy {

class KernelNetwork final : public Network {
 public:
  static constexpr int kBacklog = 4096;
  static constexpr Duration kAcceptPause = Milliseconds(100);

  explicit KernelNetwork(KernelLoop& loop) : loop_(loop) {}
  KernelNetwork(const KernelNetwork&) = delete;
  KernelNetwork& operator=(const KernelNetwork&) = delete;
  // Abandons what is still connecting, without calling back.
  ~KernelNetwork() override;

  void StartConnect(ConnectRequest request, ConnectDone done) override;
  absl::StatusOr<std::unique_ptr<Listener>> Listen(Endpoint where, AcceptHandler accepted) override;

 private:
  struct Attempt {
    std::unique_ptr<Stream> stream;
    TimerId timer;
    ConnectDone done;
  };
  void EndAttempt(int64_t id, absl::Status status);

  KernelLoop& loop_;
  int64_t last_attempt_ = 0;
  absl::flat_hash_map<int64_t, Attempt> attempts_;
};

}  // namespace convoy
