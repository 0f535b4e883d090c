// Enhanced mail system status codes: parsing them out of replies, and the text shown beside them.
//
// Accounting, DSNs and the API show `5.1.1 (bad destination mailbox address)`. A reply without an
// enhanced code, or with one whose class contradicts the reply code, counts as x.0.0. Unknown
// subjects and details are kept: only the text falls back to the subject's, then to "undefined
// status".
//
// RFC:       3463 2 (syntax), 2034 4 (in replies), 5248 (registry), 7505 4.1, 8689 5
// Determinism: pure
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace convoy::mail {

struct EnhancedStatus {
  int klass = 5;  // 2, 4 or 5
  int subject = 0;
  int detail = 0;

  auto operator<=>(const EnhancedStatus&) const = default;
  bool Permanent() const { return klass == 5; }
  // "5.1.1"
  std::string ToString() const;
};

// What our own failures are called, the same in accounting, DSN and API.
namespace status {
inline constexpr EnhancedStatus kSuccess{2, 0, 0};
inline constexpr EnhancedStatus kNoMailbox{5, 1, 1};
inline constexpr EnhancedStatus kNoDomain{5, 1, 2};
inline constexpr EnhancedStatus kBadAddressSyntax{5, 1, 3};
inline constexpr EnhancedStatus kNullMx{5, 1, 10};
inline constexpr EnhancedStatus kMailboxFull{5, 2, 2};
inline constexpr EnhancedStatus kTooBig{5, 3, 4};
inline constexpr EnhancedStatus kBadConfiguration{5, 3, 5};
inline constexpr EnhancedStatus kNoAnswer{4, 4, 1};
inline constexpr EnhancedStatus kLostConnection{4, 4, 2};
inline constexpr EnhancedStatus kDnsFailure{4, 4, 3};
inline constexpr EnhancedStatus kNoRoute{5, 4, 4};
inline constexpr EnhancedStatus kLoop{5, 4, 6};
inline constexpr EnhancedStatus kExpired{4, 4, 7};
inline constexpr EnhancedStatus kUtf8Address{5, 6, 7};
inline constexpr EnhancedStatus kUtf8Header{5, 6, 9};
inline constexpr EnhancedStatus kPolicy{5, 7, 1};
inline constexpr EnhancedStatus kTlsTrust{4, 7, 5};
inline constexpr EnhancedStatus kTlsRequired{5, 7, 10};
inline constexpr EnhancedStatus kRequireTls{5, 7, 30};
}  // namespace status

// The code at the start of `text`: "5.1.1", followed by white space or the end. nullopt if there is
// none.
std::optional<EnhancedStatus> ParseEnhancedStatus(std::string_view text);

// The status a reply stands for: the code in its text if the class agrees with `reply_code`, else
// x.0.0. A reply code outside 200..599 gives 5.0.0.
EnhancedStatus StatusOfReply(int reply_code, std::string_view text);

// "5.1.1 (bad destination mailbox address)"
std::string StatusText(const EnhancedStatus& status);
// The same with a text of our own: "5.3.5 (no such virtual MTA)".
std::string StatusText(const EnhancedStatus& status, std::string_view text);

}  // namespace convoy::mail
