// Verifies the DKIM signatures of a message. For tests, measurements and inbound reports.
//
// Every DKIM-Signature field gets a result of its own, topmost first; one that cannot be read is a
// permanent error, never a reason to skip the others.
//
// RFC:       6376 6.1 (steps), 6376 3.5 (tags), 8301 3 (no SHA-1, RSA from 1024 bits), 8463
// Limits:    kSignaturesMax signatures are looked at
// Determinism: pure, given `lookup` and `now`
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/time_types.h"

namespace convoy::dkim {

inline constexpr size_t kSignaturesMax = 20;

enum class Verdict { kPass, kFail, kPermError, kTempError };
// "pass", "fail", "permerror", "temperror"
std::string_view VerdictName(Verdict verdict);

struct SignatureResult {
  Verdict verdict = Verdict::kPermError;
  std::string domain;     // d=
  std::string selector;   // s=
  std::string identity;   // i=, or "@" d=
  std::string algorithm;  // a=
  std::string reason;     // why it is not a pass; foreign octets are escaped
  bool testing = false;   // the key record has t=y
};

// The text of the key record at a name such as "s._domainkey.example.com", its strings
// concatenated. NotFound: no such record (permanent); any other error: try again later.
using KeyLookup = std::function<absl::StatusOr<std::string>(std::string_view name)>;

// One result for each DKIM-Signature field of `message` (header, CRLF, body, with CRLF line ends).
// `now` is compared with x=; without it expiry is not checked.
std::vector<SignatureResult> VerifyMessage(std::string_view message, const KeyLookup& lookup,
                                           std::optional<WallTime> now = {});

}  // namespace convoy::dkim
