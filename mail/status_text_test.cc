#include "mail/status_text.h"

#include <gtest/gtest.h>

namespace convoy::mail {
namespace {

TEST(EnhancedStatus, Parse) {
  EXPECT_EQ(ParseEnhancedStatus("5.1.1 no such user"), (EnhancedStatus{5, 1, 1}));
  EXPECT_EQ(ParseEnhancedStatus("4.7.650"), (EnhancedStatus{4, 7, 650}));
  EXPECT_EQ(ParseEnhancedStatus("2.0.0\r\n"), (EnhancedStatus{2, 0, 0}));
  for (const std::string_view bad :
       {"", "5", "5.", "5.1", "5.1.", "5.1.1x", "5.1.1.1", "3.0.0 x", "1.2.3", "55.1.1", "5.1000.1",
        "5.1.1000", " 5.1.1", "#5.1.1", "-5.1.1", "5.-1.1", "5,1,1", "5.1.1:", "192.0.2.1"}) {
    EXPECT_EQ(ParseEnhancedStatus(bad), std::nullopt) << bad;
  }
}

TEST(EnhancedStatus, EN_02_OfReply) {
  EXPECT_EQ(StatusOfReply(550, "5.1.1 x"), (EnhancedStatus{5, 1, 1}));
  EXPECT_EQ(StatusOfReply(550, "no such user"), (EnhancedStatus{5, 0, 0}));
  EXPECT_EQ(StatusOfReply(421, "5.1.1 x"), (EnhancedStatus{4, 0, 0})) << "the class disagrees";
  EXPECT_EQ(StatusOfReply(250, "ok"), (EnhancedStatus{2, 0, 0}));
  EXPECT_EQ(StatusOfReply(250, "2.1.5 ok"), (EnhancedStatus{2, 1, 5}));
  EXPECT_EQ(StatusOfReply(354, "go on"), (EnhancedStatus{2, 0, 0}));
  EXPECT_EQ(StatusOfReply(0, ""), (EnhancedStatus{5, 0, 0}));
  EXPECT_EQ(StatusOfReply(199, "2.0.0 x"), (EnhancedStatus{5, 0, 0}));
}

TEST(EnhancedStatus, EN_03_UnknownOnesAreKept) {
  EXPECT_EQ(StatusText({4, 7, 650}), "4.7.650 (other or undefined security status)");
  EXPECT_EQ(StatusText({5, 9, 9}), "5.9.9 (undefined status)");
}

TEST(EnhancedStatus, TextsUsersKnow) {
  EXPECT_EQ(StatusText({2, 0, 0}), "2.0.0 (success)");
  EXPECT_EQ(StatusText({4, 0, 0}), "4.0.0 (undefined status)");
  EXPECT_EQ(StatusText({5, 0, 0}), "5.0.0 (undefined status)");
  EXPECT_EQ(StatusText({4, 1, 0}), "4.1.0 (unknown address-related status)");
  EXPECT_EQ(StatusText({5, 1, 1}), "5.1.1 (bad destination mailbox address)");
  EXPECT_EQ(StatusText({5, 1, 2}), "5.1.2 (bad destination system: no such domain)");
  EXPECT_EQ(StatusText({5, 2, 1}), "5.2.1 (mailbox disabled, not accepting messages)");
  EXPECT_EQ(StatusText({5, 3, 0}), "5.3.0 (unknown mail system-related status)");
  EXPECT_EQ(StatusText(status::kBadConfiguration, "no such virtual MTA"),
            "5.3.5 (no such virtual MTA)");
  EXPECT_EQ(StatusText({4, 4, 1}), "4.4.1 (no answer from host)");
  EXPECT_EQ(StatusText({4, 7, 0}), "4.7.0 (other or undefined security status)");
  EXPECT_EQ(StatusText({5, 7, 1}), "5.7.1 (delivery not authorized)");
}

TEST(EnhancedStatus, EveryNamedOneHasATextOfItsOwn) {
  using namespace status;
  for (const EnhancedStatus& s :
       {kNoMailbox, kNoDomain, kBadAddressSyntax, kNullMx, kMailboxFull, kTooBig, kBadConfiguration,
        kNoAnswer, kLostConnection, kDnsFailure, kNoRoute, kLoop, kExpired, kUtf8Address,
        kUtf8Header, kPolicy, kTlsTrust, kTlsRequired, kRequireTls}) {
    const std::string general = StatusText({s.klass, s.subject, 999});
    EXPECT_NE(StatusText(s).substr(s.ToString().size()), general.substr(general.find(' ')))
        << s.ToString();
    EXPECT_EQ(ParseEnhancedStatus(s.ToString()), s);
  }
}

}  // namespace
}  // namespace convoy::mail
