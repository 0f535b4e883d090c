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
  const std::string kept = "250 " + std::string(kReplyLineBytesMax - 4, 'x');
  for (const size_t more : {1, 2, 3, 4, 100, 3000}) {
    const std::string line = fits + std::string(more, 'x') + "\r\n";
    const std::string shown = (fits + std::string(more, 'x')).substr(0, kept.size());
    ExpectReplies(line, {shown});
    ExpectReplies(line + "251 next\r\n", {shown, "251 next"});
    ExpectReplies("250-a\r\n" + line, {"250 a " + shown.substr(4)});
  }
  // The end is looked for in what is skipped, and only a whole CRLF is one.
  ExpectReplies(kept + "\ry\nz\r\n250 b\r\n", {kept, "250 b"});
}

TEST(ReplyParser, SM_05_ReplyLimit) {
  std::string input;
  const std::string line = "250-" + std::string(506, 'x') + "\r\n";
  while (input.size() + line.size() <= kReplyBytesMax - 5) input += line;
  EXPECT_EQ(ParseAll(input + "250\r\n", 4096).size(), 1u);
  EXPECT_NE(ParseAll(input + "250\r\n", 4096)[0], "!");
  EXPECT_EQ(ParseAll(input + line + line, 4096)[0], "!");
}

TEST(ReplyParser, SM_05_LineWithoutEnd) {
  ReplyParser parser;
  const std::string block(1000, '2');
  size_t fed = 0;
  std::string_view input = block;
  while (parser.Consume(&input) == ReplyParser::Result::kMore && fed <= kReplyBytesMax) {
    fed += block.size();
    input = block;
  }
  EXPECT_GT(fed + block.size(), kReplyBytesMax);
  EXPECT_LE(fed, kReplyBytesMax);
  EXPECT_EQ(parser.error().code(), absl::StatusCode::kInvalidArgument);
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
