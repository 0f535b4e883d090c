// DKIM keys: private ones loaded from PEM, public ones from a key record in DNS.
//
// A private key is checked when it is loaded (size, and that it signs what its public half
// verifies), so that a damaged file is a configuration error and not bad mail. Neither messages nor
// errors ever contain key material.
//
//     key record   v=DKIM1; k=rsa; p=<base64 of SubjectPublicKeyInfo, or of RSAPublicKey>
//                  v=DKIM1; k=ed25519; p=<base64 of the 32 raw octets>
//
// RFC:       6376 3.3 (algorithms), 6376 3.6.1 (key records), 8301 3 (SHA-1, sizes), 8463 3
// Limits:    RSA from kRsaBitsMin (2048 is the advice) to kRsaBitsMax; PEM files up to kPemBytesMax
// Errors:    InvalidArgument: not a usable key; NotFound, PermissionDenied: the file
// Thread:    immutable, shared
// Determinism: pure but for Load: RSA PKCS#1 v1.5 and Ed25519 signatures are deterministic
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct evp_pkey_st;

namespace convoy::dkim {

inline constexpr int kRsaBitsMin = 1024;
inline constexpr int kRsaBitsAdvised = 2048;
inline constexpr int kRsaBitsMax = 4096;
inline constexpr size_t kPemBytesMax = 64 * 1024;
inline constexpr size_t kEd25519KeyBytes = 32;

enum class Algorithm { kRsaSha256, kEd25519Sha256 };

// "rsa-sha256", "ed25519-sha256"
std::string_view AlgorithmName(Algorithm algorithm);

namespace internal {
struct FreeKey {
  void operator()(evp_pkey_st* key) const;
};
using KeyHandle = std::unique_ptr<evp_pkey_st, FreeKey>;
}  // namespace internal

class PrivateKey {
 public:
  using Ptr = std::shared_ptr<const PrivateKey>;

  // PKCS#8 or PKCS#1, not encrypted.
  static absl::StatusOr<Ptr> FromPem(std::string_view pem);
  // The file at `path`, which stands in the error.
  static absl::StatusOr<Ptr> Load(const std::string& path);
  // An Ed25519 key from its 32-octet secret.
  static absl::StatusOr<Ptr> FromEd25519Seed(std::string_view seed);

  Algorithm algorithm() const { return algorithm_; }
  // Of the RSA modulus; 256 for Ed25519.
  int bits() const { return bits_; }
  // False for an RSA key under kRsaBitsAdvised: works, but large receivers ask for more.
  bool meets_advice() const;
  // The signature over a SHA-256 digest, raw octets. Internal if the cryptographic library fails.
  absl::StatusOr<std::string> Sign(std::string_view sha256_digest) const;
  // The key record to publish at selector._domainkey.domain.
  std::string PublicRecord() const;

 private:
  PrivateKey(internal::KeyHandle key, Algorithm algorithm, int bits);
  static absl::StatusOr<Ptr> FromHandle(internal::KeyHandle key);
  absl::Status CheckPair() const;

  internal::KeyHandle key_;
  Algorithm algorithm_;
  int bits_;
};

class PublicKey {
 public:
  // From the text of a key record (its strings concatenated). InvalidArgument says which tag is
  // wrong; FailedPrecondition: the key is revoked (empty p=).
  static absl::StatusOr<PublicKey> FromRecord(std::string_view record);

  Algorithm algorithm() const { return algorithm_; }
  int bits() const { return bits_; }
  // t=s: i= must be exactly d=, no subdomain.
  bool strict_identity() const { return strict_identity_; }
  // t=y: the domain is testing DKIM.
  bool testing() const { return testing_; }
  bool Verify(std::string_view sha256_digest, std::string_view signature) const;

 private:
  PublicKey() = default;

  internal::KeyHandle key_;
  Algorithm algorithm_ = Algorithm::kRsaSha256;
  int bits_ = 0;
  bool strict_identity_ = false;
  bool testing_ = false;
};

}  // namespace convoy::dkim
