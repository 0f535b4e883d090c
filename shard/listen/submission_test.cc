// What is handed in by SMTP or by API, through a whole shard, to the next hop and the records.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "shard/listen/shard_fixture.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kMailFrom = "MAIL FROM:<a@s.example>\r\n";
constexpr std::string_view kData = "DATA\r\nFrom: a@s.example\r\nSubject: s\r\n\r\nbody\r\n.\r\n";

class SubmissionTest : public ShardFixture {
 protected:
  // "a@x.example b@x.example", in the order of arrival.
  std::string Delivered() const {
    std::string all;
    for (const smtp::Envelope& envelope : next_hop_.envelopes) {
      for (const smtp::EnvelopeRecipient& rcpt : envelope.recipients) {
        CatTo(&all, all.empty() ? "" : " ", rcpt.address.ToString());
      }
    }
    return all;
  }
};

// RFC 5321 4.5.1: the postmaster of no domain is ours.
TEST_F(SubmissionTest, PostmasterWithoutDomainIsOurPostmaster) {
  const std::string told =
      Dialogue(Cat(kMailFrom, "RCPT TO:<Postmaster>\r\nRCPT TO:<b@x.example>\r\n", kData));
  EXPECT_NE(told.find("250 2.0.0"), std::string::npos) << told;
  EXPECT_EQ(Events(EventType::kDelivery).size(), 2u);
  EXPECT_NE(Delivered().find("Postmaster@shard.example"), std::string::npos) << Delivered();
}

// A recipient that had its 250 may not disappear behind another one's.
TEST_F(SubmissionTest, SmtpMessageWithAnInvalidRecipientIsRefusedWhole) {
  Submission mail = Mail({"b@x.example", "nobody"});
  mail.source.kind = SourceKind::kSmtp;
  const SubmitResult result = Submit(mail);
  const smtp::Reply reply = ReplyTo(result);
  EXPECT_EQ(reply.code, 554);
  EXPECT_EQ(reply.enhanced, "5.1.3");
  EXPECT_NE(reply.Text().find("'nobody'"), std::string::npos) << reply.Text();
  EXPECT_EQ(MessagesOnDisk(), 0u);
  EXPECT_EQ(Events(EventType::kReceipt).size(), 0u);
  EXPECT_EQ(Delivered(), "");
}

TEST_F(SubmissionTest, ApiMessageIsKeptForItsValidRecipients) {
  const SubmitResult result = Submit(Mail({"b@x.example", "nobody"}));
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.recipients[1].state, RecipientState::kInvalid);
  EXPECT_EQ(Delivered(), "b@x.example");
}

}  // namespace
}  // namespace convoy::shard
