#include "runtime/socket_address.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/text.h"

namespace convoy {

SocketAddress ToSocketAddress(const Endpoint& endpoint) {
  SocketAddress address;
  const std::string_view bytes = endpoint.ip.bytes();
  if (endpoint.ip.is_v6()) {
    auto* const in6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(endpoint.port);
    std::memcpy(&in6->sin6_addr, bytes.data(), sizeof in6->sin6_addr);
    address.size = sizeof *in6;
  } else {
    auto* const in4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    in4->sin_family = AF_INET;
    in4->sin_port = htons(endpoint.port);
    std::memcpy(&in4->sin_addr, bytes.data(), sizeof in4->sin_addr);
    address.size = sizeof *in4;
  }
  return address;
}

Endpoint FromSocketAddress(const SocketAddress& address) {
  Endpoint endpoint;
  if (address.storage.ss_family == AF_INET6) {
    const auto* const in6 = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    endpoint.ip = *IpAddress::FromBytes(
        {reinterpret_cast<const char*>(&in6->sin6_addr), sizeof in6->sin6_addr});
    endpoint.port = ntohs(in6->sin6_port);
  } else if (address.storage.ss_family == AF_INET) {
    const auto* const in4 = reinterpret_cast<const sockaddr_in*>(&address.storage);
    endpoint.ip = *IpAddress::FromBytes(
        {reinterpret_cast<const char*>(&in4->sin_addr), sizeof in4->sin_addr});
    endpoint.port = ntohs(in4->sin_port);
  }
  return endpoint;
}

Endpoint LocalEndpoint(int fd) {
  SocketAddress address;
  address.size = sizeof address.storage;
  if (getsockname(fd, address.get(), &address.size) != 0) return {};
  return FromSocketAddress(address);
}

absl::Status SocketError(std::string_view what, int error) {
  char buffer[128];
  const std::string text = Cat(what, ": ", strerror_r(error, buffer, sizeof buffer));
  switch (error) {
    case EADDRNOTAVAIL:
    case EADDRINUSE:
    case EAFNOSUPPORT:
    case EACCES:
    case EPERM:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      return absl::FailedPreconditionError(text);
    default:
      return absl::UnavailableError(text);
  }
}

}  // namespace convoy
