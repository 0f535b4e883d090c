// One TLSA record: a certificate or key that the DNS vouches for.
//
// RFC:       6698 2.1
// Determinism: pure
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace convoy {

struct TlsaRecord {
  uint8_t usage = 0;     // 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE
  uint8_t selector = 0;  // 0 the certificate, 1 its public key
  uint8_t matching = 0;  // 0 itself, 1 SHA-256, 2 SHA-512
  std::string data;      // octets

  auto operator<=>(const TlsaRecord&) const = default;
};

}  // namespace convoy
