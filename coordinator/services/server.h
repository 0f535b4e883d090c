// The coordinator's gRPC server: Cluster, Admin, health and reflection on one port.
//
// There is no TLS yet, so it listens on loopback only unless insecure listening is allowed: whoever
// can reach it can take a cluster's slots.
//
// Errors:    InvalidArgument for an address that is not HOST:PORT, or not loopback and not allowed;
//            Unavailable when the port cannot be bound
// Thread:    Start and Shutdown from one thread that is not the loop's; Shutdown blocks
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/node.h"
#include "coordinator/services/admin_rows.h"
#include "runtime/event_loop.h"

namespace convoy::coordinator {

// OK for localhost, 127.0.0.0/8 and ::1, with a port; for any HOST:PORT if insecure listening is
// allowed.
absl::Status CheckListen(std::string_view listen, bool allow_insecure);

class CoordinatorServer {
 public:
  virtual ~CoordinatorServer() = default;
  // The address bound, with the real port.
  virtual std::string address() const = 0;
  // No new calls; waits for open ones, at most `patience`, then cuts them. The loop must run
  // meanwhile.
  virtual void Shutdown(Duration patience) = 0;

  static absl::StatusOr<std::unique_ptr<CoordinatorServer>> Start(std::string_view listen,
                                                                  EventLoop& loop,
                                                                  CoordinatorNode& node,
                                                                  Build build,
                                                                  bool allow_insecure = false);
};

}  // namespace convoy::coordinator
