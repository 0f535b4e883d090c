// Header policy: CheckHeader refuses what RFC 5322 forbids, SanitizeHeader repairs it.
//
// SanitizeHeader is the `sanitize-headers` directive. It runs once, at submission, before anything
// is signed. What it does, in this order, to each field:
//
//     not a field           a line without a colon or with a bad name: removed, with its
//     continuations blanks before ':'     removed ("Subject : x" -> "Subject: x") control
//     characters    each becomes a blank (TAB and the CRLF of folding stay) blank folded lines    a
//     continuation of only white space is removed empty field           removed; an empty Subject
//     stays repeated singleton    To, Cc and Reply-To are joined into the first one with ", ";
//                           of any other the first stays
//     line over 998 octets  folded at blanks to 78 columns; a longer word is cut with a fold
//
// Trace and authentication fields (Received, DKIM-Signature, ARC-*, Authentication-Results) are
// left exactly as they are: RFC 5321 4.4 forbids touching them and a changed one no longer
// verifies. Order is kept. Nothing is added: Date and Message-ID have directives of their own.
//
// RFC:       5322 3.6 (how often), 5322 2.1.1 (line length), 5322 4.5 (obsolete forms), 5321 4.4
// Determinism: pure
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "mail/message.h"

namespace convoy::mail {

// 5322 3.6 as a refusal: a line that is no field, not exactly one From, a field that may stand once
// standing twice, several authors without a Sender. A missing Date or Message-ID is no error:
// submission adds them.
absl::Status CheckHeader(const HeaderBlock& header);

// Fields that may stand at most once (5322 3.6, 2045 3).
bool IsSingleton(std::string_view name);

struct SanitizedHeader {
  std::string text;
  // One line for each repair, such as "removed a second Subject"; empty if nothing was changed.
  std::vector<std::string> repairs;
};
SanitizedHeader SanitizeHeader(const HeaderBlock& header);

}  // namespace convoy::mail
