#include "mail/received.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "mail/message.h"

namespace convoy::mail {
namespace {

constexpr WallTime At(int64_t unix_seconds) { return {unix_seconds * 1000000}; }

ReceivedInfo Info() {
  ReceivedInfo info;
  info.helo = "client.example";
  info.client_ip = IpAddress::V4(192, 0, 2, 1);
  info.by = "mx.convoy.example";
  info.with = "ESMTPS";
  info.id = "4f00a1";
  info.recipient = "joe@example.com";
  info.when = At(1057982437);
  return info;
}

TEST(FormatDate, HD_03_KnownDates) {
  EXPECT_EQ(FormatDate(At(1057982437), -420), "Fri, 11 Jul 2003 21:00:37 -0700");
  EXPECT_EQ(FormatDate(At(1057982437)), "Sat, 12 Jul 2003 04:00:37 +0000");
  EXPECT_EQ(FormatDate(At(0)), "Thu, 1 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(FormatDate(At(951782400)), "Tue, 29 Feb 2000 00:00:00 +0000");
  EXPECT_EQ(FormatDate(At(4107542399)), "Sun, 28 Feb 2100 23:59:59 +0000");
  EXPECT_EQ(FormatDate(At(1700000000), 345), "Wed, 15 Nov 2023 03:58:20 +0545");
  EXPECT_EQ(FormatDate(At(1700000000), -30), "Tue, 14 Nov 2023 21:43:20 -0030");
  EXPECT_EQ(FormatDate({-1}), "Wed, 31 Dec 1969 23:59:59 +0000");
}

TEST(Received, SM_32_Clauses) {
  EXPECT_EQ(MakeReceived(Info()),
            "Received: from client.example ([192.0.2.1]) by mx.convoy.example with ESMTPS\r\n"
            " id 4f00a1 for <joe@example.com>; Sat, 12 Jul 2003 04:00:37 +0000\r\n");
}

TEST(Received, HiddenSourceAndManyRecipients) {
  ReceivedInfo info = Info();
  info.client_ip = {};
  info.helo = "";
  info.recipient = "";
  EXPECT_EQ(MakeReceived(info),
            "Received: by mx.convoy.example with ESMTPS id 4f00a1;\r\n"
            " Sat, 12 Jul 2003 04:00:37 +0000\r\n");
  info.client_ip = *IpAddress::Parse("2001:db8::1");
  EXPECT_TRUE(MakeReceived(info).starts_with("Received: from [IPv6:2001:db8::1] by "));
}

TEST(Received, BY_09_ClientTextCannotBreakOut) {
  ReceivedInfo info = Info();
  info.helo = Cat("evil (x);\r\nX-Injected: y\x80", std::string(1000, 'a'));
  info.recipient = "\"a\r\nX: y\"@example.com";
  const std::string field = MakeReceived(info);
  const HeaderBlock header(field);
  ASSERT_EQ(header.fields().size(), 1u);
  EXPECT_EQ(field.find("X-Injected: "), std::string::npos);
  EXPECT_NE(field.find("evil??x????X-Injected:?y?"), std::string::npos);
  EXPECT_LT(field.size(), 500u);
}

TEST(Received, ProtocolKeywordsOfRfc3848) {
  EXPECT_EQ(ProtocolKeyword({.extended = false}), "SMTP");
  EXPECT_EQ(ProtocolKeyword({}), "ESMTP");
  EXPECT_EQ(ProtocolKeyword({.tls = true}), "ESMTPS");
  EXPECT_EQ(ProtocolKeyword({.authenticated = true}), "ESMTPA");
  EXPECT_EQ(ProtocolKeyword({.tls = true, .authenticated = true}), "ESMTPSA");
  EXPECT_EQ(ProtocolKeyword({.tls = true, .authenticated = true, .utf8 = true}), "UTF8SMTPSA");
}

TEST(MessageId, Form) { EXPECT_EQ(MakeMessageId("4f00a1", "x.y"), "<4f00a1@x.y>"); }

}  // namespace
}  // namespace convoy::mail
