// Reads replies out of a byte stream, whatever the segments they come in.
//
//     250-first line CRLF      code, '-', text: more follows
//     250 last line CRLF       code, ' ' or nothing, text: the end
//
// Tolerated: no text, no blank after the code, lines with different codes (the last one counts),
// any byte in the text but CRLF, a line that is too long (its beginning is kept, the rest skipped:
// after the final dot a doubted 250 would be a duplicate). One reply at a time is taken, so that
// replies to a pipelined group are matched by count (RFC 2920 3.1) and bytes after the reply to
// STARTTLS can be seen.
//
// RFC:       5321 4.2, 5321 4.2.1 (multi-line), 5321 4.5.3.1.5 (line length), 2034 4
// Limits:    kReplyLineBytesMax of a line are kept; beyond kReplyBytesMax, what was skipped
//            included, the reply is rejected
// Errors:    InvalidArgument; nothing can be read after it. Never fails for lack of data
// Determinism: pure; the result does not depend on how the input is cut
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "smtp/reply.h"

namespace convoy::smtp {

inline constexpr size_t kReplyLineBytesMax = 512;
inline constexpr size_t kReplyBytesMax = 64 * 1024;

class ReplyParser {
 public:
  enum class Result { kMore, kReply, kError };

  // Takes bytes from the front of `*input` until a reply is complete (kReply: see TakeReply(); the
  // rest stays in `*input`), all is used up (kMore), or the bytes are no reply (kError: see
  // error()).
  Result Consume(std::string_view* input);
  // The complete reply; the parser is ready for the next one.
  Reply TakeReply();
  const absl::Status& error() const { return error_; }
  // Part of a reply has been read.
  bool InReply() const { return bytes_ > 0; }

 private:
  // `line`: what is kept of it, without CRLF.
  Result EndLine(std::string_view line);
  Result Fail(std::string_view why);

  std::string line_;       // what is kept of a line that began in an earlier input
  size_t line_bytes_ = 0;  // of the unfinished line, kept or not
  char last_ = 0;          // the octet before
  size_t bytes_ = 0;       // of this reply so far
  Reply reply_;
  absl::Status error_;
};

}  // namespace convoy::smtp
