// The header block of a message, read in place and rewritten in one pass.
//
//     message = header block, CRLF, body       (the CRLF and body may be missing)
//     header block = field*                    each: name ":" value CRLF, folded lines begin with
//     WSP
//
// Reading never fails: every octet of the block belongs to exactly one field, in order, so that the
// fields' raw text concatenated is the block again. A line that is not a field (no colon, a bad
// name, a continuation with nothing before it) becomes a field with an empty name; policy
// (sanitize.h) decides about it, not the reader.
//
// Field names compare without case. Bytes are never changed in a field that stays: signatures of
// others may cover them.
//
// RFC:       5322 2.2 (fields), 5322 2.2.3 (folding), 5322 3.6 (which fields, how often)
// Limits:    kHeaderBytesMax (HeaderCollector stops there); the caller bounds what it parses
// Thread:    a HeaderBlock refers to the text it was given, which must outlive it
// Determinism: pure
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace convoy::mail {

inline constexpr size_t kHeaderBytesMax = size_t{1} << 20;
// Of a line without its CRLF (RFC 5322 2.1.1).
inline constexpr size_t kLineBytesMax = 998;
inline constexpr size_t kFoldColumns = 78;

struct HeaderField {
  std::string_view name;   // without the colon and blanks before it; empty: not a field
  std::string_view value;  // after the colon, folding kept, without the last CRLF
  std::string_view raw;    // the whole field with its last CRLF
  size_t offset = 0;       // of raw in the block

  bool Is(std::string_view other) const;
  // The value on one line: CRLF before WSP removed, blanks at both ends trimmed.
  std::string Unfolded() const;
};

// The header block, what separates it from the body, and the body.
struct MessageParts {
  std::string_view header;  // with the CRLF of its last field
  std::string_view body;
  bool has_separator = false;  // false: the text ended inside the header block
};
// Splits at the first empty line. Expects CRLF line ends (see normalize.h).
MessageParts SplitMessage(std::string_view message);

class HeaderBlock {
 public:
  explicit HeaderBlock(std::string_view header);

  const std::vector<HeaderField>& fields() const { return fields_; }
  std::string_view text() const { return text_; }
  // The first (topmost) field of that name; null if there is none.
  const HeaderField* Find(std::string_view name) const;
  // How many fields have that name. Count("Received") is the hop count of `max-loop-count`.
  size_t Count(std::string_view name) const;
  // Unfolded value of the first field of that name, "" if there is none.
  std::string Value(std::string_view name) const;

 private:
  std::string_view text_;
  std::vector<HeaderField> fields_;
};

// What RewriteHeader does: the named fields are left out, `prepend` stands before the rest (trace
// fields go there), `append` after it. Both are complete fields with CRLF, for example from
// MakeField.
struct HeaderEdit {
  std::vector<std::string> remove;
  std::string prepend;
  std::string append;
};
std::string RewriteHeader(const HeaderBlock& header, const HeaderEdit& edit);

// Fields that are never sent to a next hop: Bcc, Resent-Bcc (5322 3.6.3) and Return-Path
// (5321 4.4).
const std::vector<std::string>& NeverSentFields();

// "Name: value\r\n", folded at blanks to kFoldColumns where it can be. InvalidArgument if the name
// is no field name, or if the value has CR, LF or NUL (header injection), or a word too long for
// one line.
absl::StatusOr<std::string> MakeField(std::string_view name, std::string_view value);

// True if `s` has an octet above 127.
bool Has8bit(std::string_view s);

// True for one or more printable ASCII characters without colon and blanks.
bool IsFieldName(std::string_view s);

// Collects the header block from a message that arrives in pieces.
class HeaderCollector {
 public:
  // Takes octets up to and including the empty line and returns how many; the rest is body.
  size_t Feed(std::string_view chunk);
  // The empty line was seen.
  bool done() const { return done_; }
  // More than kHeaderBytesMax without an empty line; Feed takes nothing more.
  bool too_long() const { return header_.size() > kHeaderBytesMax; }
  // With the CRLF of the last field, without the empty line. Also valid when the message ended
  // early.
  const std::string& header() const { return header_; }

 private:
  std::string header_;
  bool done_ = false;
};

}  // namespace convoy::mail
