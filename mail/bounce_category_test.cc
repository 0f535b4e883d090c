#include "mail/bounce_category.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace convoy::mail {
namespace {

// As delivery does it: status and diagnostic from one reply.
std::string_view OfReply(int code, std::string_view text) {
  return BounceCategoryName(CategorizeBounce(StatusOfReply(code, text), text));
}

TEST(BounceCategory, NamesRoundTrip) {
  std::set<std::string_view> names;
  for (int i = 0; i < kBounceCategoryCount; ++i) {
    const BounceCategory category = static_cast<BounceCategory>(i);
    names.insert(BounceCategoryName(category));
    EXPECT_EQ(ParseBounceCategory(BounceCategoryName(category)), category);
  }
  EXPECT_EQ(names.size(), 18u);
  EXPECT_EQ(ParseBounceCategory("hardbnc"), std::nullopt);
}

TEST(BounceCategory, OurOwnStatuses) {
  using namespace status;
  const std::pair<EnhancedStatus, std::string_view> cases[] = {
      {kSuccess, "success"},
      {kNoMailbox, "bad-mailbox"},
      {kNoDomain, "bad-domain"},
      {kNullMx, "bad-domain"},
      {kMailboxFull, "quota-issues"},
      {kTooBig, "content-related"},
      {kNoAnswer, "no-answer-from-host"},
      {kLostConnection, "bad-connection"},
      {kDnsFailure, "routing-errors"},
      {kNoRoute, "routing-errors"},
      {kLoop, "routing-errors"},
      {kExpired, "message-expired"},
      {kBadConfiguration, "bad-configuration"},
      {kUtf8Address, "content-related"},
      {kPolicy, "policy-related"},
      {kTlsTrust, "policy-related"},
      {kRequireTls, "policy-related"},
  };
  for (const auto& [status, name] : cases) {
    EXPECT_EQ(BounceCategoryName(CategorizeBounce(status, "")), name) << status.ToString();
  }
}

struct Case {
  int code;
  std::string_view text;
  std::string_view category;
};

class Replies : public testing::TestWithParam<Case> {};

TEST_P(Replies, OfRealReceivers) {
  EXPECT_EQ(OfReply(GetParam().code, GetParam().text), GetParam().category) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Mailbox, Replies,
    testing::Values(
        Case{550, "5.1.1 The email account that you tried to reach does not exist.", "bad-mailbox"},
        Case{550,
             "5.1.1 <x@example.com>: Recipient address rejected: User unknown in virtual mailbox "
             "table",
             "bad-mailbox"},
        Case{554, "delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com) [0]",
             "bad-mailbox"},
        Case{550, "Requested action not taken: mailbox unavailable", "bad-mailbox"},
        Case{550, "No such user here", "bad-mailbox"},
        Case{550, "Unrouteable address", "bad-mailbox"},
        Case{550,
             "5.1.1 Adresse d au moins un destinataire invalide. Invalid recipient. OFR204_416 "
             "[416]",
             "bad-mailbox"},
        Case{550, "<no-spam@example.com>: unknown user", "bad-mailbox"},
        Case{550, "5.2.1 The email account that you tried to reach is disabled.",
             "inactive-mailbox"},
        Case{550, "5.2.1 x", "inactive-mailbox"},
        Case{554,
             "30 Sorry, your message to x@y.com cannot be delivered. This mailbox is disabled "
             "(554.30).",
             "inactive-mailbox"},
        Case{525, "5.7.13 Disabled recipient address", "inactive-mailbox"},
        Case{552, "5.2.2 The email account that you tried to reach is over quota.", "quota-issues"},
        Case{552, "mailbox is full", "quota-issues"},
        Case{452, "4.3.1 Insufficient system storage", "quota-issues"},
        Case{450,
             "4.2.1 The user you are trying to contact is receiving mail at a rate that prevents "
             "additional messages",
             "quota-issues"}));

INSTANTIATE_TEST_SUITE_P(
    Reputation, Replies,
    testing::Values(
        Case{421,
             "4.7.28 Our system has detected an unusual rate of unsolicited mail originating from "
             "your IP address",
             "spam-related"},
        Case{554,
             "5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
             "spam-related"},
        Case{550,
             "5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. part of their network "
             "is on our block list (S3150)",
             "spam-related"},
        Case{550, "Message rejected as spam", "spam-related"},
        Case{554, "DT:SPM 163 smtp12", "spam-related"},
        Case{553, "5.3.0 flpd575 DNSBL:RBL 521< 192.0.2.1 >_is_blocked", "spam-related"},
        Case{550, "5.7.1 message content contains a virus", "virus-related"},
        Case{421,
             "4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume",
             "policy-related"},
        Case{550, "5.7.26 This mail has been blocked because the sender is unauthenticated.",
             "policy-related"},
        Case{550,
             "5.7.515 Access denied, sending domain example.com does not meet the required "
             "authentication level",
             "policy-related"},
        Case{554, "5.7.9 Message not accepted for policy reasons.", "policy-related"},
        Case{450, "4.2.0 <x@y.z>: Recipient address rejected: Greylisted for 5 minutes",
             "policy-related"},
        Case{421, "4.3.2 Too many connections", "policy-related"},
        Case{550, "Domain frequency limited", "policy-related"}));

INSTANTIATE_TEST_SUITE_P(
    Others, Replies,
    testing::Values(Case{250, "2.0.0 OK", "success"}, Case{250, "spam folder", "success"},
                    Case{554, "5.7.1 <x@y.z>: Relay access denied", "relaying-issues"},
                    Case{550, "relaying denied", "relaying-issues"},
                    Case{550, "5.1.8 Sender address rejected: Domain not found", "invalid-sender"},
                    Case{450, "Sender address rejected: Domain not found", "invalid-sender"},
                    Case{550, "5.7.27 sender has null MX", "invalid-sender"},
                    Case{550, "No such domain at this location", "bad-domain"},
                    Case{552, "5.3.4 Message size exceeds fixed limit", "content-related"},
                    Case{552, "message size exceeds fixed maximum message size", "content-related"},
                    Case{554, "5.6.0 MIME broken", "content-related"},
                    Case{554, "5.4.6 Too many hops", "routing-errors"},
                    Case{554, "Too many hops 26 (25 max)", "routing-errors"},
                    Case{501, "5.5.4 Invalid arguments", "protocol-errors"},
                    Case{500, "Syntax error, command unrecognized", "protocol-errors"},
                    Case{452, "4.5.3 Too many recipients", "policy-related"},
                    Case{554, "Transaction failed", "other"}, Case{451, "4.3.0 try later", "other"},
                    Case{550, "", "other"}, Case{550, "sometime later", "other"}));

TEST(BounceCategory, ExpiryWinsOverTheLastReply) {
  EXPECT_EQ(CategorizeBounce(status::kExpired, "smtp;450 4.2.2 mailbox full"),
            BounceCategory::kMessageExpired);
}

TEST(BounceCategory, HugeAndBrokenDiagnosticsAreHarmless) {
  EXPECT_EQ(OfReply(550, std::string(1 << 20, '<')), "other");
  EXPECT_EQ(OfReply(550, std::string(5000, 'x') + " user unknown"), "other") << "beyond the limit";
  EXPECT_EQ(CategorizeBounce({5, -3, 12}, "\xff\xfe"), BounceCategory::kOther);
}

}  // namespace
}  // namespace convoy::mail
