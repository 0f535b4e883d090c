#include "mail/sanitize.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "base/text.h"

namespace convoy::mail {
namespace {

std::string Clean(std::string_view header) { return SanitizeHeader(HeaderBlock(header)).text; }

std::string Fault(std::string_view header) {
  const absl::Status status = CheckHeader(HeaderBlock(header));
  return std::string(status.message().data(), status.message().size());
}

TEST(CheckHeader, HD_01_Counts) {
  EXPECT_EQ(Fault("From: a@x\r\nDate: d\r\nSubject: s\r\nReceived: 1\r\nReceived: 2\r\n"), "");
  EXPECT_EQ(Fault("Subject: s\r\n"), "header field From is missing (RFC 5322 3.6)");
  for (const std::string_view name : {"Date", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID",
                                      "In-Reply-To", "References", "Subject", "From"}) {
    const std::string twice = Cat("From: a@x\r\n", name, ": a@x\r\n", Upper(name), ": a@x\r\n");
    EXPECT_NE(Fault(twice).find("more than once"), std::string::npos) << name;
  }
}

TEST(CheckHeader, HD_02_SeveralAuthorsNeedASender) {
  EXPECT_NE(Fault("From: a@x, b@x\r\n").find("Sender"), std::string::npos);
  EXPECT_EQ(Fault("From: a@x, b@x\r\nSender: a@x\r\n"), "");
}

TEST(CheckHeader, WhatIsNoFieldAndNoAddress) {
  EXPECT_NE(Fault("From: a@x\r\nrubbish\r\n").find("'rubbish"), std::string::npos);
  EXPECT_NE(Fault("From: nobody\r\n").find("no address"), std::string::npos);
  EXPECT_EQ(Fault("From: \x1b\r\n").find('\x1b'), std::string::npos) << "escaped";
}

TEST(SanitizeHeader, CleanHeaderIsUnchanged) {
  const std::string_view header =
      "Received: a\r\n\tb\r\nFrom: a@x\r\nTo: b@x,\r\n c@x\r\nSubject:\r\nX-Y:z\r\n";
  const SanitizedHeader result = SanitizeHeader(HeaderBlock(header));
  EXPECT_EQ(result.text, header);
  EXPECT_TRUE(result.repairs.empty());
}

TEST(SanitizeHeader, HD_01_RepeatedSingletons) {
  EXPECT_EQ(Clean("From: a@x\r\nSubject: 1\r\nFROM: b@x\r\nsubject: 2\r\nX: 1\r\nX: 2\r\n"),
            "From: a@x\r\nSubject: 1\r\nX: 1\r\nX: 2\r\n");
  EXPECT_EQ(Clean("To: a@x\r\nTO: b@x\r\nto:c@x\r\nCc: d@x\r\ncc: e@x\r\n"),
            "To: a@x, b@x, c@x\r\nCc: d@x, e@x\r\n");
}

TEST(SanitizeHeader, RepairsAreNamed) {
  const SanitizedHeader result =
      SanitizeHeader(HeaderBlock("junk\r\nDate : d\r\nSubject: a\x01"
                                 "b\r\nSubject: c\r\nX:\r\nY: a\r\n \t\r\n b\r\n"));
  EXPECT_EQ(result.text, "Date: d\r\nSubject: a b\r\nY: a\r\n b\r\n");
  EXPECT_EQ(Join(result.repairs, "; "),
            "removed the line 'junk\\x0d\\x0a', which is no field; "
            "removed blanks before the colon of Date; blanked control characters in Subject; "
            "removed a second Subject; removed the empty field X; "
            "removed a blank continuation line of Y");
}

TEST(SanitizeHeader, EmptyFieldsGoButNotSubject) {
  EXPECT_EQ(Clean("To:\r\nCc: \r\nSubject: \r\nX:\r\n \r\n"), "Subject: \r\n");
}

TEST(SanitizeHeader, SM_33_TraceAndSignaturesAreUntouched) {
  const std::string_view header =
      "Received: a\x01\r\n \r\n b\r\nDKIM-Signature: x \r\n\t\r\nARC-Seal:\r\n"
      "Authentication-Results:\r\nreceived: again\r\n";
  EXPECT_EQ(Clean(header), header);
}

TEST(SanitizeHeader, LongLinesAreFolded) {
  std::string words;
  for (int i = 0; i < 300; ++i) words.append(" word");
  const std::string field = Clean(Cat("Subject:", words, "\r\n"));
  EXPECT_EQ(HeaderBlock(field).fields().size(), 1u);
  EXPECT_EQ(HeaderBlock(field).Value("Subject"), words.substr(1));
  for (const std::string_view line : Split(field, '\n')) EXPECT_LE(line.size(), 79u);

  const std::string one_word = Clean(Cat("X: ", std::string(5000, 'a'), "\r\n"));
  EXPECT_EQ(HeaderBlock(one_word).fields().size(), 1u);
  size_t letters = 0;
  for (const std::string_view line : Split(one_word, '\n')) {
    EXPECT_LE(line.size(), 999u);
    letters += static_cast<size_t>(std::count(line.begin(), line.end(), 'a'));
  }
  EXPECT_EQ(letters, 5000u);
}

TEST(SanitizeHeader, LineOf998IsLeftAlone) {
  const std::string header = Cat("X: ", std::string(995, 'a'), "\r\n");
  EXPECT_EQ(Clean(header), header);
  EXPECT_NE(Clean(Cat("X: ", std::string(996, 'a'), "\r\n")).find("\r\n "), std::string::npos);
}

// Whatever comes in: the result is clean by its own measure, and cleaning it again changes nothing.
TEST(SanitizeHeader, IsIdempotentOnAnything) {
  constexpr std::string_view kPieces[] = {"From", ":",       " ",     "\t",  "\r\n",
                                          "\r\n", "\r",      "\n",    "a@x", "To",
                                          "\x01", "Subject", "\r\n ", "b",   "Received: r\r\n"};
  Rng rng(5);
  for (int i = 0; i < 4000; ++i) {
    std::string text;
    const uint64_t count = rng.Below(40);
    for (uint64_t k = 0; k < count; ++k) text.append(kPieces[rng.Below(std::size(kPieces))]);
    if (rng.Chance(0.1)) text.append(std::string(rng.Below(3000), 'w'));
    const SanitizedHeader once = SanitizeHeader(HeaderBlock(text));
    const SanitizedHeader twice = SanitizeHeader(HeaderBlock(once.text));
    ASSERT_EQ(twice.text, once.text) << testing::PrintToString(text);
    ASSERT_TRUE(twice.repairs.empty()) << twice.repairs[0] << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace convoy::mail
