// Signs a message for the brand it is sent for, off the loop.
//
// PoolSigner (pool_signer.h) uses the signing pool; the simulator signs inline. A message is signed
// once per set of keys, never per recipient or attempt: the caller keeps the result with the
// message.
//
// Errors:    NotFound: no key is configured for the domain; ResourceExhausted: the pool is full,
//            try later; anything else: the key cannot sign
// Thread:    loop-affine; `done` runs on the loop in a later turn
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/time_types.h"
#include "runtime/stream.h"

namespace convoy::shard {

struct SignRequest {
  std::string from_domain;  // lower case
  std::string vmta;
  SharedBytes content;  // header and body
  size_t header_bytes = 0;
  std::string body_hash;  // SHA-256 over the relaxed body, 32 octets
  WallTime now{};
};
// The DKIM-Signature fields to put before the content, with CRLF.
using SignDone = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;

class SigningService {
 public:
  virtual ~SigningService() = default;
  virtual void Sign(SignRequest request, SignDone done) = 0;
  // Requests that wait or are being worked on.
  virtual size_t depth() const = 0;
};

}  // namespace convoy::shard
