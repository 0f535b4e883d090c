// Asserts about ReplyParser, for any bytes: it never crashes, its memory is bounded, no line of a
// reply is longer than what is kept of one, and the replies and the error do not depend on how the
// input is cut.
//
// How it works: 1. the first byte chooses the size of the pieces; 2. the rest is parsed whole and
// in pieces; 3. both lists of replies must be equal, and what a reply encodes to must parse again.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "smtp/ehlo_capabilities.h"
#include "smtp/reply_parser.h"

namespace {

using convoy::smtp::Reply;
using convoy::smtp::ReplyParser;

struct Parsed {
  std::vector<Reply> replies;
  bool error = false;
};

Parsed ParseIn(std::string_view input, size_t piece_size) {
  ReplyParser parser;
  Parsed out;
  for (size_t at = 0; at < input.size() && !out.error; at += piece_size) {
    std::string_view piece = input.substr(at, piece_size);
    while (!piece.empty() && !out.error) {
      const ReplyParser::Result result = parser.Consume(&piece);
      if (result == ReplyParser::Result::kMore) break;
      out.error = result == ReplyParser::Result::kError;
      if (!out.error) out.replies.push_back(parser.TakeReply());
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const Parsed whole = ParseIn(input, input.size() + 1);
  const Parsed pieces = ParseIn(input, data[0] % 64 + 1);
  CHECK(whole.error == pieces.error);
  CHECK(whole.replies == pieces.replies);
  for (const Reply& reply : whole.replies) {
    CHECK(reply.code >= 200 && reply.code <= 599 && !reply.lines.empty());
    for (const std::string& line : reply.lines) {
      CHECK(line.size() <= convoy::smtp::kReplyLineBytesMax);
    }
    convoy::smtp::ParseEhlo(reply);
    const Parsed again = ParseIn(reply.Encode(), 4096);
    CHECK(again.replies.size() == 1 && again.replies[0].code == reply.code);
  }
  return 0;
}
