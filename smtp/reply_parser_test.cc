#include "smtp/reply_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"

namespace convoy::smtp {
namespace {

// All replies of `input` given in pieces of `size`, and the error as "!message".
std::vector<std::string> ParseAll(std::string_view input, size_t size) {
  ReplyParser parser;
  std::vector<std::string> out;
  for (size_t at = 0; at < input.size(); at += size) {
    std::string_view piece = input.substr(at, size);
    while (!piece.empty()) {
      const ReplyParser::Result result = parser.Consume(&piece);
      if (result == ReplyParser::Result::kMore) break;
      if (result == ReplyParser::Result::kError) {
        out.push_back("!");
        return out;
      }
      out.push_back(parser.TakeReply().ToString());
    }
  }
  if (parser.InReply()) out.push_back("...");
  return out;
}

void ExpectReplies(const std::string& input, const std::vector<std::string>& expected) {
  for (size_t size = 1; size <= input.size(); size += size < 20 ? 1 : 97) {
    EXPECT_EQ(ParseAll(input, size), expected) << Escape(input) << " in pieces of " << size;
  }
}

TEST(ReplyParser, SM_04_MultilineAndMissingText) {
  ExpectReplies("220 hello\r\n", {"220 hello"});
  ExpectReplies("250-a\r\n250-\r\n250\r\n", {"250 a"});
  ExpectReplies("250 \r\n250\r\n250-x\r\n250 y\r\n", {"250", "250", "250 x y"});
  ExpectReplies("250-a\r\n251 b\r\n", {"251 a b"});
}

TEST(ReplyParser, PL_03_RepliesAreTakenOneByOne) {
  ExpectReplies("250 a\r\n250 b\r\n354 c\r\n", {"250 a", "250 b", "354 c"});
  ExpectReplies("250 a\r\n250-b\r\n", {"250 a", "..."});
  ExpectReplies("250 a\r\n25", {"250 a", "..."});
}

TEST(ReplyParser, SM_06_UnknownCodes) {
  ExpectReplies("299 a\r\n399 b\r\n499 c\r\n599 d\r\n", {"299 a", "399 b", "499 c", "599 d"});
}

TEST(ReplyParser, BareLineEndsAreText) {
  ExpectReplies("250 a\nb\rc\r\n", {"250 a\nb\rc"});
  ExpectReplies("250 a\r\r\n", {"250 a\r"});
  ExpectReplies(std::string("250 a\0b\r\n", 9), {std::string("250 a\0b", 7)});
}

TEST(ReplyParser, NotAReply) {
  for (const char* bad : {"hello\r\n", "25\r\n", "2x0 a\r\n", "120 a\r\n", "600 a\r\n", "250a\r\n",
                          "\r\n", " 250 a\r\n", "250-a\r\nb\r\n"}) {
    ExpectReplies(bad, {"!"});
  }
}

TEST(ReplyParser, SM_05_LineLimit) {
  const std::string fits = "250 " + std::string(kReplyLineBytesMax - 6, 'x');
  ExpectReplies(fits + "\r\n", {fits});
  ExpectReplies(fits + "y\r\n", {"!"});
  // Refused as soon as it is too long, without waiting for an end that may not come.
  ExpectReplies(std::string(kReplyLineBytesMax + 1, '2'), {"!"});
}

TEST(ReplyParser, SM_05_ReplyLimit) {
  std::string input;
  const std::string line = "250-" + std::string(506, 'x') + "\r\n";
  while (input.size() + line.size() <= kReplyBytesMax - 5) input += line;
  EXPECT_EQ(ParseAll(input + "250\r\n", 4096).size(), 1u);
  EXPECT_NE(ParseAll(input + "250\r\n", 4096)[0], "!");
  EXPECT_EQ(ParseAll(input + line + line, 4096)[0], "!");
}

TEST(ReplyParser, StaysInError) {
  ReplyParser parser;
  std::string_view bad = "x\r\n";
  EXPECT_EQ(parser.Consume(&bad), ReplyParser::Result::kError);
  std::string_view good = "250 ok\r\n";
  EXPECT_EQ(parser.Consume(&good), ReplyParser::Result::kError);
  EXPECT_EQ(parser.error().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace convoy::smtp
