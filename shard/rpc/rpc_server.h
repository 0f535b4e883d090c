// The gRPC server of a shard: Submission, Forwarding, ShardAdmin, health and reflection on one
// port.
//
// There is no TLS yet, so it listens on loopback only unless insecure listening is allowed: whoever
// can reach it can submit mail for any source and pause queues. The address is announced to the
// coordinator and to the other shards, so it names one interface in any case.
//
// Limits:    kMessageBytesMax per request
// Errors:    InvalidArgument for an address that is not IP:PORT, that nobody can call (0.0.0.0), or
//            that is not loopback and not allowed; Unavailable when the port cannot be bound
// Thread:    Start and Shutdown from one thread; Shutdown blocks while the loop runs elsewhere
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/ip_address.h"
#include "runtime/event_loop.h"
#include "shard/rpc/rpc_hooks.h"

namespace convoy::shard {

absl::Status CheckRpcListen(const Endpoint& listen, bool allow_insecure);

class RpcServer {
 public:
  static constexpr int kMessageBytesMax = 128 << 20;

  virtual ~RpcServer() = default;
  // The address bound, with the real port.
  virtual std::string address() const = 0;
  // No new calls; waits for open ones, at most `patience`, then cuts them. The loop must run
  // meanwhile.
  virtual void Shutdown(Duration patience) = 0;

  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(std::string_view listen, EventLoop& loop,
                                                          const RpcHooks& hooks,
                                                          bool allow_insecure = false);
};

}  // namespace convoy::shard
