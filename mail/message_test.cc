#include "mail/message.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/text.h"

namespace convoy::mail {
namespace {

constexpr std::string_view kHeader =
    "Received: from a\r\n\tby b;\r\n  date\r\n"
    "received: second\r\n"
    "Subject :  Hello\r\n\tworld \r\n"
    "X-Empty:\r\n"
    "To: t@x\r\n";

TEST(SplitMessage, AtTheFirstEmptyLine) {
  const MessageParts parts = SplitMessage("A: b\r\nC: d\r\n\r\nbody\r\n\r\nmore");
  EXPECT_EQ(parts.header, "A: b\r\nC: d\r\n");
  EXPECT_EQ(parts.body, "body\r\n\r\nmore");
  EXPECT_TRUE(parts.has_separator);
}

TEST(SplitMessage, Edges) {
  EXPECT_EQ(SplitMessage("\r\nbody").header, "");
  EXPECT_EQ(SplitMessage("\r\nbody").body, "body");
  EXPECT_EQ(SplitMessage("A: b\r\n").header, "A: b\r\n");
  EXPECT_FALSE(SplitMessage("A: b\r\n").has_separator);
  EXPECT_TRUE(SplitMessage("A: b\r\n\r\n").has_separator);
  EXPECT_EQ(SplitMessage("A: b\n\nbody").header, "A: b\n\nbody") << "bare LF ends no line";
}

TEST(HeaderBlock, FieldsAndTheirPlaces) {
  const HeaderBlock header(kHeader);
  ASSERT_EQ(header.fields().size(), 5u);
  EXPECT_EQ(header.fields()[0].name, "Received");
  EXPECT_EQ(header.fields()[0].value, " from a\r\n\tby b;\r\n  date");
  EXPECT_EQ(header.fields()[0].Unfolded(), "from a\tby b;  date");
  EXPECT_EQ(header.fields()[2].name, "Subject") << "blanks before the colon (5322 4.5.8)";
  EXPECT_EQ(header.Value("SUBJECT"), "Hello\tworld");
  EXPECT_EQ(header.Value("x-empty"), "");
  EXPECT_EQ(header.Find("Cc"), nullptr);
  EXPECT_EQ(header.Find("to")->offset, kHeader.find("To:"));
}

TEST(HeaderBlock, SM_31_HopCount) {
  EXPECT_EQ(HeaderBlock(kHeader).Count("Received"), 2u);
  EXPECT_EQ(HeaderBlock("").Count("Received"), 0u);
  EXPECT_EQ(HeaderBlock("X: a\r\n Received: no\r\nReceived-SPF: no\r\n").Count("Received"), 0u);
}

TEST(HeaderBlock, LinesThatAreNoFieldHaveNoName) {
  const HeaderBlock header(
      " starts folded\r\nno colon\r\nbad name: x\r\n: x\r\n\xc3\xa4: x\r\nOk: x");
  ASSERT_EQ(header.fields().size(), 6u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(header.fields()[static_cast<size_t>(i)].name, "") << i;
  EXPECT_EQ(header.fields()[5].name, "Ok");
  EXPECT_EQ(header.fields()[5].raw, "Ok: x") << "cut off without CRLF";
}

TEST(RewriteHeader, RemovesEveryInstanceAndKeepsOctets) {
  const std::string out = RewriteHeader(
      HeaderBlock(kHeader),
      {.remove = {"RECEIVED", "X-None"}, .prepend = "P: 1\r\n", .append = "L: 2\r\n"});
  EXPECT_EQ(out, "P: 1\r\nSubject :  Hello\r\n\tworld \r\nX-Empty:\r\nTo: t@x\r\nL: 2\r\n");
}

TEST(RewriteHeader, SM_33_NothingToDoChangesNothing) {
  EXPECT_EQ(RewriteHeader(HeaderBlock(kHeader), {}), kHeader);
}

TEST(RewriteHeader, CutOffHeaderDoesNotSwallowWhatIsAppended) {
  EXPECT_EQ(RewriteHeader(HeaderBlock("A: b"), {.remove = {}, .prepend = "", .append = "C: d\r\n"}),
            "A: b\r\nC: d\r\n");
}

TEST(RewriteHeader, HD_04_SM_34_FieldsNeverSent) {
  const HeaderBlock header(
      "Return-Path: <x>\r\nTo: a@x\r\nBCC: b@x\r\n\t, c@x\r\nResent-Bcc: d@x\r\n");
  EXPECT_EQ(RewriteHeader(header, {.remove = NeverSentFields(), .prepend = "", .append = ""}),
            "To: a@x\r\n");
}

TEST(MakeField, FoldsAtBlanks) {
  EXPECT_EQ(*MakeField("Subject", " hi "), "Subject: hi\r\n");
  EXPECT_EQ(*MakeField("X", ""), "X:\r\n");
  std::string words;
  for (int i = 0; i < 40; ++i) words.append("word ");
  const std::string field = *MakeField("Subject", words);
  EXPECT_EQ(HeaderBlock(field).fields().size(), 1u);
  EXPECT_EQ(HeaderBlock(field).Value("Subject"), Trim(words));
  for (const std::string_view line : Split(field, '\n')) EXPECT_LE(line.size(), 79u);
}

TEST(MakeField, BY_09_InjectionIsRefused) {
  EXPECT_FALSE(MakeField("Subject", "a\r\nBcc: b@x").ok());
  EXPECT_FALSE(MakeField("Subject", "a\nb").ok());
  EXPECT_FALSE(MakeField("Subject", std::string_view("a\0b", 3)).ok());
  EXPECT_FALSE(MakeField("Sub ject", "a").ok());
  EXPECT_FALSE(MakeField("Subject:", "a").ok());
  EXPECT_FALSE(MakeField("", "a").ok());
  EXPECT_FALSE(MakeField("X", std::string(999, 'a')).ok()) << "cannot be folded";
}

TEST(Has8bit, FindsOneOctetAnywhere) {
  for (size_t size = 0; size < 40; ++size) {
    std::string s(size, 'a');
    EXPECT_FALSE(Has8bit(s));
    for (size_t at = 0; at < size; ++at) {
      s[at] = '\x80';
      EXPECT_TRUE(Has8bit(s)) << size << " " << at;
      s[at] = 'a';
    }
  }
}

TEST(HeaderCollector, AnyChunkingEndsAtTheSameOctet) {
  const std::string message = Cat(kHeader, "\r\nbody\r\n\r\nmore");
  for (size_t chunk = 1; chunk <= message.size(); ++chunk) {
    HeaderCollector collector;
    std::string body;
    for (size_t at = 0; at < message.size(); at += chunk) {
      const std::string_view piece = std::string_view(message).substr(at, chunk);
      body.append(piece.substr(collector.Feed(piece)));
    }
    EXPECT_TRUE(collector.done());
    EXPECT_EQ(collector.header(), kHeader) << chunk;
    EXPECT_EQ(body, "body\r\n\r\nmore") << chunk;
  }
}

TEST(HeaderCollector, Edges) {
  HeaderCollector none;
  EXPECT_EQ(none.Feed("\r\nbody"), 2u);
  EXPECT_TRUE(none.done());
  EXPECT_EQ(none.header(), "");
  HeaderCollector open;
  EXPECT_EQ(open.Feed("A: b\r\n"), 6u);
  EXPECT_FALSE(open.done());
  EXPECT_EQ(open.header(), "A: b\r\n");
}

TEST(HeaderCollector, StopsAtTheLimit) {
  HeaderCollector collector;
  const std::string chunk(size_t{1} << 16, 'a');
  size_t taken = 0;
  for (int i = 0; i < 40; ++i) taken += collector.Feed(chunk);
  EXPECT_TRUE(collector.too_long());
  EXPECT_FALSE(collector.done());
  EXPECT_EQ(taken, kHeaderBytesMax + 1);
}

TEST(HeaderBlock, RawFieldsConcatenatedAreTheBlock) {
  constexpr std::string_view kPieces[] = {"A",    ":",  " ",  "\t", "\r\n",
                                          "\r\n", "\r", "\n", "b",  "\xc3"};
  Rng rng(11);
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    const uint64_t count = rng.Below(30);
    for (uint64_t k = 0; k < count; ++k) text.append(kPieces[rng.Below(std::size(kPieces))]);
    const HeaderBlock header(text);
    std::string joined;
    for (const HeaderField& field : header.fields()) joined.append(field.raw);
    ASSERT_EQ(joined, text);
  }
}

}  // namespace
}  // namespace convoy::mail
