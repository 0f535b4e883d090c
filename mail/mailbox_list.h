// The addresses inside a From, Sender, To or Cc field, read as real mail writes them.
//
// A tolerant reader: comments (nested), quoted strings, display names with encoded words, groups,
// source routes, blanks and comments around '.' and '@' (the obsolete forms of 5322 4.4), and
// several mailboxes. What cannot be understood is skipped up to the next comma; it never throws the
// rest of the list away.
//
// RFC:       5322 3.4 (addresses), 5322 4.4 (obsolete forms), 2047 5 (encoded words are only words
// here) Limits:    comments nest kCommentDepthMax deep; at most kMailboxesMax are returned
// Determinism: pure
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "mail/address.h"
#include "mail/message.h"

namespace convoy::mail {

inline constexpr size_t kCommentDepthMax = 32;
inline constexpr size_t kMailboxesMax = 10000;

struct Mailbox {
  std::string display_name;  // raw words joined by one blank, quotes removed, encoded words kept
  Address address;
};

// All mailboxes of a field's raw value, members of groups included, in order.
std::vector<Mailbox> ParseMailboxList(std::string_view value);

// The first author of the message. InvalidArgument if there is no From or no address in it.
absl::StatusOr<Address> FromAddress(const HeaderBlock& header);
// Its domain in lower case and ASCII: what `$domain` and DKIM alignment mean.
absl::StatusOr<std::string> FromDomain(const HeaderBlock& header);

}  // namespace convoy::mail
