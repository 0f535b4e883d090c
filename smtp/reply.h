// A reply of an SMTP server: what a remote one said, or what ours says.
//
// Not an error: a 4yz or 5yz is a value, and only shard/deliver/verdict.h says what it means. The
// text is kept as it came, enhanced code included, because patterns and accounting quote it;
// whoever shows it passes it through Escape() first.
//
// RFC:       5321 4.2 (first digit decides), 2034 4 and 3463 2 (enhanced codes)
// Determinism: pure
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace convoy::smtp {

struct Reply {
  int code = 0;          // 200..599; 0: there was no reply
  std::string enhanced;  // "5.1.1", or empty if none was given or its class disagrees with `code`
  std::vector<std::string> lines;  // the text after each code, as it came

  bool operator==(const Reply&) const = default;
  bool empty() const { return code == 0; }
  bool Positive() const { return code / 100 == 2; }
  bool Intermediate() const { return code / 100 == 3; }
  bool Transient() const { return code / 100 == 4; }
  bool Permanent() const { return code / 100 == 5; }
  bool Refusal() const { return Transient() || Permanent(); }
  // The enhanced code, or class.0.0 derived from the code; empty for an empty reply.
  std::string EnhancedOrDerived() const;
  // All lines as one, joined by a space; an enhanced code is kept once only.
  std::string Text() const;
  // `code text`, as quoted in records and matched by patterns; empty for an empty reply.
  std::string ToString() const;
  // The bytes a server sends, one line each, CRLF included. CR, LF and NUL in the text become
  // spaces.
  std::string Encode() const;
};

// A reply of ours. `enhanced` may be empty (greeting, EHLO) and is repeated on each line; lines of
// `text` are separated by '\n'.
Reply MakeReply(int code, std::string_view enhanced, std::string_view text);

// The enhanced status code at the start of `text` ("5.1.1 User unknown"), if its class is that of
// `code` and a blank or the end follows; else empty.
std::string_view LeadingEnhancedCode(int code, std::string_view text);

}  // namespace convoy::smtp
