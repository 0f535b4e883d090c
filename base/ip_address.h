// IPv4/IPv6 addresses, endpoints and CIDR ranges as plain values.
//
// A v4-mapped IPv6 address (::ffff:0:0/96) is the IPv4 address it stands for: connecting to it
// reaches the same host, so every rule about addresses must see the same one.
//
// RFC:       4291 2.2 (text form), 4291 2.5.5.2 (v4-mapped), 5952 (canonical text)
// Errors:    InvalidArgument for malformed text
// Determinism: pure
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace convoy {

class IpAddress {
 public:
  // 0.0.0.0
  IpAddress() = default;
  static absl::StatusOr<IpAddress> Parse(std::string_view text);
  static IpAddress V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
  // `bytes` is 4 or 16 octets in network order.
  static absl::StatusOr<IpAddress> FromBytes(std::string_view bytes);

  bool is_v6() const { return v6_; }
  bool is_loopback() const;
  bool is_unspecified() const;
  // 4 or 16 octets in network order.
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), v6_ ? size_t{16} : size_t{4}};
  }
  std::string ToString() const;
  // As in an SMTP address literal: 192.0.2.1 or IPv6:2001:db8::1.
  std::string ToLiteral() const;
  // The first `bits` bits, the rest zero.
  IpAddress Masked(int bits) const;

  auto operator<=>(const IpAddress&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const IpAddress& a) {
    return H::combine(std::move(h), a.bytes_, a.v6_);
  }

 private:
  void Unmap();

  std::array<uint8_t, 16> bytes_{};
  bool v6_ = false;
};

struct Endpoint {
  IpAddress ip;
  uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
  // 192.0.2.1:25 or [2001:db8::1]:25
  std::string ToString() const;
  // The reverse of ToString; the port is required.
  static absl::StatusOr<Endpoint> Parse(std::string_view text);
  template <typename H>
  friend H AbslHashValue(H h, const Endpoint& e) {
    return H::combine(std::move(h), e.ip, e.port);
  }
};

// A range of addresses. Host bits are dropped.
struct Cidr {
  IpAddress network;
  int bits = 0;

  auto operator<=>(const Cidr&) const = default;
  bool Contains(const IpAddress& ip) const;
  std::string ToString() const;
};

}  // namespace convoy
