// Turns what follows DATA into the content of a message, and knows where it ends.
//
// The only end is <CRLF>.<CRLF> (at the very start: .<CRLF>). Content is handed on with CRLF line
// ends and without the doubled dots. A bare CR or LF makes the whole message unacceptable
// (smuggling): the bytes are then only read over. A lone dot between line ends of which one is bare
// is what a broken or malicious client takes for the end; it is reported at once as kFalseEnd,
// because nobody can say any more where commands begin, and the connection must be closed.
//
// RFC:       5321 4.1.1.4 (end of data), 5321 4.5.2 (transparency), 5321 2.3.8 (CRLF only)
// Limits:    content_bytes_max given to Start(); beyond it nothing is kept and overflow() is true
// Determinism: pure; the result does not depend on how the input is cut
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace convoy::smtp {

class DataDecoder {
 public:
  enum class Result { kMore, kEnd, kFalseEnd };

  // Ready for a new message, whose content is at most `content_bytes_max` octets.
  void Start(uint64_t content_bytes_max);
  // Takes bytes from the front of `*input` and appends content to `*content`. kEnd: the rest of
  // `*input` are the next commands. kMore: `*input` is used up.
  Result Consume(std::string_view* input, std::string* content);

  // Why the content, when complete, is not acceptable.
  bool bare_line_end() const { return bare_line_end_; }
  uint64_t bare_line_end_at() const { return bare_line_end_at_; }  // octets read before it
  bool has_nul() const { return has_nul_; }
  bool overflow() const { return overflow_; }
  // Longest line without its CRLF.
  uint64_t line_bytes_max() const { return line_bytes_max_; }
  uint64_t wire_bytes() const { return wire_bytes_; }

 private:
  enum class State : uint8_t { kLineStart, kText, kCr, kDot, kDotCr };

  Result Step(char c, std::string* content);
  void TakeText(std::string_view* input, std::string* content);
  void Append(std::string_view text, std::string* content);
  void EndLine(std::string* content);
  void Bare(uint64_t octets_ago);

  State state_ = State::kLineStart;
  bool clean_start_ = true;  // this line follows a CRLF (or nothing)
  bool bare_line_end_ = false;
  bool has_nul_ = false;
  bool overflow_ = false;
  uint64_t content_bytes_max_ = 0;
  uint64_t bare_line_end_at_ = 0;
  uint64_t wire_bytes_ = 0;
  uint64_t line_bytes_ = 0;
  uint64_t line_bytes_max_ = 0;
};

}  // namespace convoy::smtp
