// Why mail was refused, as one of PowerMTA's 17 categories (and `success`).
//
// Three steps, each a table, the first hit wins:
//
//   1. a precise status (5.1.1, 4.4.1, 5.2.2, ...) decides alone: its sender has already
//   classified;
//   2. a vague status (x.0.0, x.7.1, other x.7.z, x.y.0) is decided by phrases of the reply, from
//   the
//      most telling ("virus") to the most general ("rejected");
//   3. else the subject of the status decides, and x.0.0 is `other`.
//
// Addresses in angle brackets are not searched, so that <no-spam@example.com> is no spam verdict. A
// phrase matches at the start of a word. Users' own <bounce-category-patterns> come before this
// table and are not this file's business.
//
// RFC:       3463 (status codes), 5248 (registry)
// Limits:    the first kDiagnosticBytesMax octets of the diagnostic are read
// Determinism: pure
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "mail/status_text.h"

namespace convoy::mail {

inline constexpr size_t kDiagnosticBytesMax = 4096;

enum class BounceCategory {
  kBadConfiguration,
  kBadConnection,
  kBadDomain,
  kBadMailbox,
  kContentRelated,
  kInactiveMailbox,
  kInvalidSender,
  kMessageExpired,
  kNoAnswerFromHost,
  kOther,
  kPolicyRelated,
  kProtocolErrors,
  kQuotaIssues,
  kRelayingIssues,
  kRoutingErrors,
  kSpamRelated,
  kVirusRelated,
  kSuccess,
};
inline constexpr int kBounceCategoryCount = 18;

// "bad-mailbox"
std::string_view BounceCategoryName(BounceCategory category);
std::optional<BounceCategory> ParseBounceCategory(std::string_view name);

// `diagnostic` is the reply text, with or without "smtp;550 " before it.
BounceCategory CategorizeBounce(const EnhancedStatus& status, std::string_view diagnostic);

}  // namespace convoy::mail
