#include "smtp/command.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"

namespace convoy::smtp {
namespace {

Command Parsed(std::string_view line) {
  const std::variant<Command, Reply> parsed = ParseCommand(line);
  if (const Reply* error = std::get_if<Reply>(&parsed)) {
    ADD_FAILURE() << Escape(line) << ": " << error->ToString();
    return {};
  }
  return std::get<Command>(parsed);
}

// "501 5.5.4"
std::string Refused(std::string_view line) {
  const std::variant<Command, Reply> parsed = ParseCommand(line);
  const Reply* error = std::get_if<Reply>(&parsed);
  return error == nullptr ? "taken" : Cat(error->code, " ", error->enhanced);
}

TEST(Command, VerbsInAnyCase) {
  EXPECT_EQ(Parsed("DATA").verb, Verb::kData);
  EXPECT_EQ(Parsed("data  ").verb, Verb::kData);
  EXPECT_EQ(Parsed("eHLo a.example").verb, Verb::kEhlo);
  EXPECT_EQ(Parsed("EHLO [192.0.2.1]").argument, "[192.0.2.1]");
  EXPECT_EQ(Parsed("NOOP anything at all").argument, "anything at all");
  EXPECT_EQ(Refused("DATAX"), "500 5.5.1");
  EXPECT_EQ(Refused(""), "500 5.5.1");
  EXPECT_EQ(Refused(" DATA"), "500 5.5.1");
  EXPECT_EQ(Refused("EHLO"), "501 5.5.4");
  EXPECT_EQ(Refused("HELO a b"), "501 5.5.4");
  EXPECT_EQ(Refused("QUIT now"), "501 5.5.4");
}

TEST(Command, SM_36_LocalPartIsKeptAsItIs) {
  EXPECT_EQ(Parsed("MAIL FROM:<FooBar@Example.COM>").address.local, "FooBar");
  EXPECT_EQ(Parsed("mail from: <a@example.com>").address.ToString(), "a@example.com");
  EXPECT_TRUE(Parsed("MAIL FROM:<>").address.IsNull());
  EXPECT_EQ(Parsed("RCPT TO:<\"a > b\"@example.com> NOTIFY=NEVER").rcpt.notify, "NEVER");
}

TEST(Command, PathSyntax) {
  for (const char* line : {"MAIL FROM:a@example.com", "MAIL FROM:<a@example.com",
                           "MAIL FROM:", "MAIL FROM:<a@b c>", "MAIL FROM:<@>"}) {
    EXPECT_EQ(Refused(line), "501 5.1.7") << line;
  }
  EXPECT_EQ(Refused("RCPT TO:<>"), "501 5.1.3");
  EXPECT_EQ(Refused("RCPT TO:<a@-example.com>"), "501 5.1.3");
  EXPECT_EQ(Refused("MAIL <a@b.c>"), "501 5.5.4");
  EXPECT_EQ(Refused("MAIL TO:<a@b.c>"), "501 5.5.4");
  EXPECT_EQ(Refused("MAIL FROM:<a@b.c>SIZE=1"), "501 5.5.4");
}

TEST(Command, MailParameters) {
  const MailParameters mail =
      Parsed("MAIL FROM:<a@b.c> size=12 body=8bitmime RET=full ENVID=x+2B smtputf8").mail;
  EXPECT_EQ(mail.size_bytes, 12u);
  EXPECT_TRUE(mail.eight_bit && mail.smtputf8);
  EXPECT_EQ(mail.ret, "FULL");
  EXPECT_EQ(mail.envid, "x+2B");
  EXPECT_FALSE(Parsed("MAIL FROM:<a@b.c> BODY=7BIT").mail.eight_bit);
  for (const char* bad : {"SIZE=", "SIZE=-1", "SIZE=1 SIZE=2", "SIZE=99999999999999999999",
                          "BODY=BINARYMIME", "RET=", "ENVID=", "ENVID=a=b", "SMTPUTF8=yes"}) {
    EXPECT_EQ(Refused(Cat("MAIL FROM:<a@b.c> ", bad)), "501 5.5.4") << bad;
  }
  EXPECT_EQ(Refused("MAIL FROM:<a@b.c> NOTIFY=NEVER"), "555 5.5.4");
  EXPECT_EQ(Refused("MAIL FROM:<a@b.c> AUTH=<>"), "555 5.5.4");
}

TEST(Command, DS_02_DS_03_RcptParameters) {
  const RcptParameters rcpt =
      Parsed("RCPT TO:<a@b.c> NOTIFY=success,FAILURE,DELAY ORCPT=rfc822;x+3Dy@b.c").rcpt;
  EXPECT_EQ(rcpt.notify, "SUCCESS,FAILURE,DELAY");
  EXPECT_EQ(rcpt.orcpt, "rfc822;x+3Dy@b.c");
  for (const char* bad :
       {"NOTIFY=", "NOTIFY=NEVER,SUCCESS", "NOTIFY=SUCCESS,SUCCESS", "NOTIFY=SUCCESS,", "NOTIFY=X",
        "ORCPT=", "ORCPT=;a@b", "ORCPT=rfc822;", "ORCPT=rfc822;a+3d", "ORCPT=rfc 822;a",
        "ORCPT=rfc822;a ORCPT=rfc822;b"}) {
    EXPECT_EQ(Refused(Cat("RCPT TO:<a@b.c> ", bad)), "501 5.5.4") << bad;
  }
}

TEST(Command, BY_09_NoLineEndsInside) {
  EXPECT_EQ(Refused("MAIL FROM:<a@b.c>\rRCPT"), "500 5.5.2");
  EXPECT_EQ(Refused("MAIL FROM:<a@b.c>\nRCPT"), "500 5.5.2");
  EXPECT_EQ(Refused(std::string_view("NOOP\0", 5)), "500 5.5.2");
}

TEST(Command, Xtext) {
  EXPECT_TRUE(IsXtext("abc+2B+3D"));
  EXPECT_TRUE(IsXtext(""));
  for (const char* bad : {"a b", "a=b", "a+", "a+2", "a+2b", "a\x7f", "a\xc3\xa9", "a\t"}) {
    EXPECT_FALSE(IsXtext(bad)) << bad;
  }
}

TEST(Xtext, EnvelopeIdsThereAndBack) {
  EXPECT_EQ(EnvidOf("spring sale=7"), "spring+20sale+3D7");
  EXPECT_EQ(*EnvelopeIdOf("spring+20sale+3D7"), "spring sale=7");
  for (int c = ' '; c <= '~'; ++c) {
    const std::string id(3, static_cast<char>(c));
    EXPECT_TRUE(IsXtext(EnvidOf(id)));
    EXPECT_EQ(*EnvelopeIdOf(EnvidOf(id)), id);
  }
  EXPECT_EQ(EnvidOf(std::string(kEnvidBytesMax, 'x')).size(), kEnvidBytesMax);
  EXPECT_EQ(EnvidOf(std::string(kEnvidBytesMax + 1, 'x')), "");
  EXPECT_EQ(EnvidOf(std::string(34, '=')), "");  // 102 characters
  EXPECT_EQ(EnvidOf("b\xC3\xBCro"), "");
  EXPECT_EQ(EncodeXtext("b\xC3\xBCro"), "b+C3+BCro");
  EXPECT_FALSE(EnvelopeIdOf("line+0D+0Aend").has_value());
  EXPECT_FALSE(EnvelopeIdOf("b+C3+BCro").has_value());
  EXPECT_EQ(Refused("MAIL FROM:<a@b.example> ENVID=line+0Aend"), "501 5.5.4");
}

}  // namespace
}  // namespace convoy::smtp
