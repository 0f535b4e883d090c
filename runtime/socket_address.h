// Between IpAddress values and the kernel's socket addresses and error numbers.
//
// Determinism: pure, except LocalEndpoint and PeerEndpoint, which ask the kernel
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string_view>

#include "absl/status/status.h"
#include "base/ip_address.h"

namespace convoy {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress ToSocketAddress(const Endpoint& endpoint);
Endpoint FromSocketAddress(const SocketAddress& address);
// Zero when the socket has none.
Endpoint LocalEndpoint(int fd);
// The failure of `what` with errno `error`, as Unavailable, or FailedPrecondition when it is this
// machine's fault (descriptors, ports or addresses it does not have).
absl::Status SocketError(std::string_view what, int error);

}  // namespace convoy
