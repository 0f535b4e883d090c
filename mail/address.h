// Mailbox addresses and SMTP paths: parsing, validation, and the spelling used as a queue key.
//
// The local part is kept octet for octet, quotes included: only its own host may interpret it
// (RFC 5321 2.4). The domain is stored in ASCII: a U-label is converted to its A-label at once, so
// DNS, DKIM and a server without SMTPUTF8 all see the same name. Case of an ASCII domain is kept;
// DomainKey() is the lower-case form that compares equal for equal domains.
//
//     null reverse-path   <>             local and domain empty
//     postmaster path     <Postmaster>   domain empty (ParsePath only)
//     address literal     a@[192.0.2.1], a@[IPv6:2001:db8::1]
//
// RFC:       5321 4.1.2 (grammar), 5321 4.1.3 (literals), 5321 4.5.3.1 (limits), 6531 3.3 (UTF-8),
// 5891 Limits:    kLocalPartBytesMax, kDomainBytesMax, kPathBytesMax; beyond them an address is
// refused Errors:    InvalidArgument that quotes the address escaped and says what is wrong and how
// to mend it Determinism: pure
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/ip_address.h"

namespace convoy::mail {

inline constexpr size_t kLocalPartBytesMax = 64;
inline constexpr size_t kDomainBytesMax = 255;
inline constexpr size_t kDomainLabelBytesMax = 63;
// Of the mailbox, without the angle brackets and without a source route.
inline constexpr size_t kPathBytesMax = 254;
// Of what is looked at as one path, source route included.
inline constexpr size_t kPathTextBytesMax = 1024;

struct Address {
  std::string local;
  std::string domain;

  bool operator==(const Address&) const = default;
  // The null reverse-path.
  bool IsNull() const { return local.empty() && domain.empty(); }
  // local@domain; "" for the null path, "Postmaster" without a domain.
  std::string ToString() const;
  // As in MAIL and RCPT: <local@domain>.
  std::string ToPath() const;
  // The domain in lower case; an address literal in canonical spelling.
  std::string DomainKey() const;
  // The address to connect to when the domain is an address literal.
  std::optional<IpAddress> Literal() const;
  // True if the local part has octets above 127, so that the next hop must offer SMTPUTF8.
  bool NeedsSmtpUtf8() const;
};

// local@domain with nothing before or after it.
absl::StatusOr<Address> ParseAddress(std::string_view text);

// A whole path: <local@domain>, <> or <Postmaster>. A source route (<@a,@b:user@c>) is accepted and
// dropped, as RFC 5321 asks. Angle brackets are required.
absl::StatusOr<Address> ParsePath(std::string_view text);

// Takes one path from the front of `*text`, which then starts at what follows it. For
// `MAIL FROM:<a@b> SIZE=1`, where a quoted local part may hold '>' and blanks. On failure `*text`
// is unchanged.
absl::StatusOr<Address> ConsumePath(std::string_view* text);

// A domain name in ASCII: U-labels become A-labels, the rest is returned as spelled. Checks length,
// labels and characters (letters, digits, '-', and '_', which real mail domains contain). No
// address literal.
absl::StatusOr<std::string> DomainToAscii(std::string_view domain);

}  // namespace convoy::mail
