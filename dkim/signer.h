// Makes one DKIM-Signature field for a message whose body hash is known.
//
// The body is hashed while it is spooled (BodyHasher); what is left is small: hash the header
// fields, sign 32 octets, fold. The field is prepended to the message; from then on nothing may
// change the header fields it covers or the body (6376 5.3, 5.6).
//
//     DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com;
//      s=big-signer; t=1528637909; h=From:Reply-To:Subject:Date:To:Message-ID:
//      From:Reply-To:Subject:Date:To:Cc:Message-ID;
//      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
//      b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrSjV4BwcVc
//      ...
//
// h= lists every instance of the fields to sign, then each over-signed name once more, so that a
// field of that name added later breaks the signature. From is always signed and over-signed. l= is
// never made (6376 8.2), nor rsa-sha1 (8301 3.1).
//
// RFC:       6376 3.5 (the field), 6376 5.4 (what to sign), 8301 3, 8463 3, 8058 4
// Limits:    lines of at most 78 columns unless one name alone is longer; kPatternNamesMax
// Errors:    InvalidArgument naming the option, or that the message has no From
// Thread:    functions; safe from any thread
// Determinism: pure; the time of t= is an option
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/time_types.h"
#include "dkim/canonical.h"
#include "dkim/key.h"
#include "mail/message.h"

namespace convoy::dkim {

// Different names that one pattern such as "Content-*" adds to h=, topmost first.
inline constexpr size_t kPatternNamesMax = 32;

// From, Reply-To, Subject, Date, To, Cc, Message-ID, MIME-Version, Content-*, List-Unsubscribe,
// List-Unsubscribe-Post, List-Id, In-Reply-To, References, Feedback-ID.
const std::vector<std::string>& DefaultSignedHeaders();
// From, Reply-To, Subject, Date, To, Cc, Message-ID.
const std::vector<std::string>& DefaultOversignedHeaders();

struct SignOptions {
  std::string domain;    // d=, ASCII
  std::string selector;  // s=
  // i=: "user@domain" or "@domain", in d= or under it. Empty: left out, which means "@" d=.
  std::string identity;
  Canonicalization header = Canonicalization::kRelaxed;
  Canonicalization body = Canonicalization::kRelaxed;
  // Names to sign; "Content-*" means every name that begins so. From is added if it is missing
  // here.
  std::vector<std::string> headers = DefaultSignedHeaders();
  std::vector<std::string> oversigned = DefaultOversignedHeaders();
  std::optional<WallTime> timestamp;     // t=
  std::optional<Duration> expire_after;  // x= t= + this; needs a timestamp
};

// Checks the options once, when a configuration is loaded. Sign() checks nothing of it again.
absl::Status CheckSignOptions(const SignOptions& options);

// The h= list for this message.
std::vector<std::string> SignedNames(const mail::HeaderBlock& header, const SignOptions& options);

// The whole field, "DKIM-Signature: ...\r\n". `body_hash` is the 32 octets of a BodyHasher made
// with options.body.
absl::StatusOr<std::string> Sign(const PrivateKey& key, const SignOptions& options,
                                 std::string_view header_block, std::string_view body_hash);

// The last step alone: signs `header` and a field that ends with "b=" and returns the field
// complete. Sign() is SignedNames, the field's text, and this.
absl::StatusOr<std::string> CompleteSignature(const PrivateKey& key, Canonicalization c,
                                              const mail::HeaderBlock& header,
                                              const std::vector<std::string>& names,
                                              std::string field_up_to_b);

}  // namespace convoy::dkim
