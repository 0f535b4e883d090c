#include "smtp/reply_parser.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace convoy::smtp {

ReplyParser::Result ReplyParser::Consume(std::string_view* input) {
  if (!error_.ok()) return Result::kError;
  while (!input->empty()) {
    const auto* newline = static_cast<const char*>(std::memchr(input->data(), '\n', input->size()));
    const size_t size =
        newline == nullptr ? input->size() : static_cast<size_t>(newline - input->data()) + 1;
    const std::string_view piece = input->substr(0, size);
    input->remove_prefix(size);
    bytes_ += size;
    if (bytes_ > kReplyBytesMax) return Fail("it is longer than 64 KiB");
    // A bare LF is part of the text.
    const bool ended = piece.ends_with("\r\n") || (piece == "\n" && last_ == '\r');
    last_ = piece.back();
    line_bytes_ += size;
    std::string_view line = piece;
    if (!ended || line_bytes_ > size) {
      line_.append(piece.substr(0, kReplyLineBytesMax - line_.size()));
      if (!ended) continue;
      line = line_;
    }
    const Result result = EndLine(line.substr(0, std::min(line_bytes_ - 2, kReplyLineBytesMax)));
    line_.clear();
    line_bytes_ = 0;
    if (result != Result::kMore) return result;
  }
  return Result::kMore;
}

ReplyParser::Result ReplyParser::EndLine(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !IsDigit(line[1]) || !IsDigit(line[2])) {
    return Fail(Cat("its line does not begin with a code: ", Escape(line.substr(0, 40))));
  }
  const bool more = line.size() > 3 && line[3] == '-';
  if (line.size() > 3 && !more && !IsBlank(line[3])) {
    return Fail(Cat("neither blank nor '-' follows the code: ", Escape(line.substr(0, 40))));
  }
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  reply_.lines.emplace_back(line.size() > 3 ? line.substr(4) : std::string_view());
  if (more) return Result::kMore;
  reply_.code = code;
  reply_.enhanced = std::string(LeadingEnhancedCode(code, reply_.lines.front()));
  return Result::kReply;
}

Reply ReplyParser::TakeReply() {
  bytes_ = 0;
  return std::exchange(reply_, Reply());
}

ReplyParser::Result ReplyParser::Fail(std::string_view why) {
  error_ = absl::InvalidArgumentError(Cat("not an SMTP reply: ", why));
  line_ = std::string();
  reply_ = Reply();
  return Result::kError;
}

}  // namespace convoy::smtp
