#include "smtp/reply.h"

#include <gtest/gtest.h>

#include <string>

#include "smtp/ehlo_capabilities.h"

namespace convoy::smtp {
namespace {

TEST(Reply, EN_02_EnhancedCodeOnlyWhenItsClassAgrees) {
  EXPECT_EQ(LeadingEnhancedCode(550, "5.1.1 who?"), "5.1.1");
  EXPECT_EQ(LeadingEnhancedCode(550, "5.7.999"), "5.7.999");
  EXPECT_EQ(LeadingEnhancedCode(550, "4.1.1 who?"), "");
  EXPECT_EQ(LeadingEnhancedCode(550, "5.1 who?"), "");
  EXPECT_EQ(LeadingEnhancedCode(550, "5.1.1who?"), "");
  EXPECT_EQ(LeadingEnhancedCode(550, "5.1.1234 x"), "");
  EXPECT_EQ(LeadingEnhancedCode(550, "5..1 x"), "");
  EXPECT_EQ(LeadingEnhancedCode(550, "5.1."), "");
  EXPECT_EQ(LeadingEnhancedCode(354, "3.0.0 go"), "");
  EXPECT_EQ(LeadingEnhancedCode(250, ""), "");
}

TEST(Reply, EN_02_DerivedFromTheCode) {
  EXPECT_EQ(MakeReply(451, "", "x").EnhancedOrDerived(), "4.0.0");
  EXPECT_EQ(MakeReply(451, "4.7.1", "x").EnhancedOrDerived(), "4.7.1");
  EXPECT_EQ(Reply().EnhancedOrDerived(), "");
}

TEST(Reply, SM_07_FirstDigitDecides) {
  EXPECT_TRUE(MakeReply(299, "", "").Positive());
  EXPECT_TRUE(MakeReply(399, "", "").Intermediate());
  EXPECT_TRUE(MakeReply(499, "", "").Transient());
  EXPECT_TRUE(MakeReply(599, "", "").Permanent());
  const Reply none;
  EXPECT_FALSE(none.Positive() || none.Intermediate() || none.Transient() || none.Permanent());
}

TEST(Reply, EN_01_EnhancedCodeOnEachLine) {
  EXPECT_EQ(MakeReply(550, "5.1.1", "no\nreally").Encode(), "550-5.1.1 no\r\n550 5.1.1 really\r\n");
  EXPECT_EQ(MakeReply(250, "", "mail.example\nSIZE 5").Encode(),
            "250-mail.example\r\n250 SIZE 5\r\n");
  EXPECT_EQ(Reply{.code = 250}.Encode(), "250 \r\n");
}

TEST(Reply, BY_01_NothingInTheTextCanEndTheLine) {
  Reply reply;
  reply.code = 550;
  reply.lines = {std::string("a\r\n250 b\0c", 10), std::string(2000, 'x')};
  EXPECT_EQ(reply.Encode(), "550-a  250 b c\r\n550 " + std::string(500, 'x') + "\r\n");
}

TEST(Reply, TextJoinsLinesAndKeepsTheEnhancedCodeOnce) {
  const Reply reply = MakeReply(550, "5.1.1", "no such user\nsee help");
  EXPECT_EQ(reply.Text(), "5.1.1 no such user see help");
  EXPECT_EQ(reply.ToString(), "550 5.1.1 no such user see help");
  EXPECT_EQ(Reply{.code = 250}.ToString(), "250");
  EXPECT_EQ(Reply().ToString(), "");
}

EhloCapabilities Offered(const std::string& text) { return ParseEhlo(MakeReply(250, "", text)); }

TEST(EhloCapabilities, KnownKeywordsInAnyCase) {
  const EhloCapabilities caps = Offered(
      "mx.example at your service\npipelining\nSize 1000\n8BITMIME\nSTARTTLS\n"
      "EnhancedStatusCodes\nSMTPUTF8\nDSN\nAUTH PLAIN LOGIN\nX-FOO bar");
  EXPECT_EQ(caps.host, "mx.example");
  EXPECT_TRUE(caps.pipelining && caps.eight_bit_mime && caps.starttls && caps.smtp_utf8);
  EXPECT_TRUE(caps.enhanced_status_codes && caps.dsn && caps.auth_plain && caps.auth_login);
  EXPECT_TRUE(caps.size);
  EXPECT_EQ(caps.size_bytes_max, 1000u);
  EXPECT_EQ(caps.keywords.back(), "X-FOO");
  EXPECT_EQ(caps.keywords.front(), "PIPELINING");
}

TEST(EhloCapabilities, SZ_05_NoFixedLimit) {
  EXPECT_EQ(Offered("mx\nSIZE").size_bytes_max, 0u);
  EXPECT_TRUE(Offered("mx\nSIZE").size);
  EXPECT_EQ(Offered("mx\nSIZE 0").size_bytes_max, 0u);
  EXPECT_EQ(Offered("mx\nSIZE many").size_bytes_max, 0u);
  EXPECT_FALSE(Offered("mx").size);
}

TEST(EhloCapabilities, AUTH_WithEqualsSignAndTheFirstLineIsNoKeyword) {
  EXPECT_TRUE(Offered("mx\nAUTH=LOGIN").auth_login);
  EXPECT_FALSE(Offered("mx\nAUTH=LOGIN").auth_plain);
  EXPECT_FALSE(Offered("PIPELINING\nDSN").pipelining);
  EXPECT_FALSE(Offered("mx\nPIPELININGS").pipelining);
  EXPECT_TRUE(Offered("mx\n\n \nDSN").keywords.size() == 1);
}

}  // namespace
}  // namespace convoy::smtp
