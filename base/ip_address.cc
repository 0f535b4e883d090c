#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/status_macros.h"
#include "base/text.h"

namespace convoy {
namespace {

constexpr std::array<uint8_t, 12> kV4Mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

absl::StatusOr<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string copy(text);
  IpAddress out;
  if (copy.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(Cat("'", Escape(text), "' is not an IP address"));
  }
  if (inet_pton(AF_INET, copy.c_str(), out.bytes_.data()) == 1) return out;
  if (inet_pton(AF_INET6, copy.c_str(), out.bytes_.data()) == 1) {
    out.v6_ = true;
    out.Unmap();
    return out;
  }
  return absl::InvalidArgumentError(Cat("'", Escape(text), "' is not an IP address"));
}

IpAddress IpAddress::V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  IpAddress out;
  out.bytes_ = {a, b, c, d};
  return out;
}

absl::StatusOr<IpAddress> IpAddress::FromBytes(std::string_view bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) {
    return absl::InvalidArgumentError(Cat("an IP address has 4 or 16 octets, not ", bytes.size()));
  }
  IpAddress out;
  out.v6_ = bytes.size() == 16;
  std::memcpy(out.bytes_.data(), bytes.data(), bytes.size());
  out.Unmap();
  return out;
}

void IpAddress::Unmap() {
  if (!v6_ || !std::equal(kV4Mapped.begin(), kV4Mapped.end(), bytes_.begin())) return;
  *this = V4(bytes_[12], bytes_[13], bytes_[14], bytes_[15]);
}

bool IpAddress::is_loopback() const {
  if (!v6_) return bytes_[0] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](uint8_t b) { return b == 0; }) &&
         bytes_[15] == 1;
}

bool IpAddress::is_unspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](uint8_t b) { return b == 0; });
}

std::string IpAddress::ToString() const {
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), buffer, sizeof buffer);
  return buffer;
}

std::string IpAddress::ToLiteral() const { return v6_ ? Cat("IPv6:", ToString()) : ToString(); }

IpAddress IpAddress::Masked(int bits) const {
  IpAddress out = *this;
  for (int i = 0; i < 16; ++i) {
    const int keep = std::clamp(bits - i * 8, 0, 8);
    out.bytes_[static_cast<size_t>(i)] &= static_cast<uint8_t>(0xff << (8 - keep));
  }
  return out;
}

std::string Endpoint::ToString() const {
  return ip.is_v6() ? Cat('[', ip.ToString(), "]:", port) : Cat(ip.ToString(), ':', port);
}

absl::StatusOr<Endpoint> Endpoint::Parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return absl::InvalidArgumentError(Cat("'", Escape(text), "' is not IP:PORT"));
  }
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  ASSIGN_OR_RETURN(const IpAddress ip, IpAddress::Parse(host));
  const auto port = ParseUint(text.substr(colon + 1));
  if (!port.has_value() || *port > 65535) {
    return absl::InvalidArgumentError(Cat("'", Escape(text), "': the port must be 0 to 65535"));
  }
  return Endpoint{ip, static_cast<uint16_t>(*port)};
}

bool Cidr::Contains(const IpAddress& ip) const {
  return ip.is_v6() == network.is_v6() && ip.Masked(bits) == network.Masked(bits);
}

std::string Cidr::ToString() const { return Cat(network.ToString(), '/', bits); }

}  // namespace convoy
