// What is handed in by SMTP or by API, through a whole shard, to the next hop and the records.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "shard/forward/rpc/forward_codec.h"
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

// Another shard, to which the test carries what the first one sends.
class OtherShard final : public ShardFixture {
 public:
  void TestBody() override {}
  using ShardFixture::ingest_;
  using ShardFixture::next_hop_;
  using ShardFixture::Run;
};

// RFC 5321 4.5.1: the postmaster of no domain is ours.
TEST_F(SubmissionTest, SM_38_PostmasterWithoutDomainIsOurPostmaster) {
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

// A name is in the records of every recipient, so it may not be as long as the client likes.
TEST_F(SubmissionTest, NamesAreBounded) {
  policies_.source.process_x_job = true;
  policies_.source.process_x_envid = true;
  policies_.source.process_x_virtual_mta = true;
  const std::string longest(Ingest::kNameBytesMax, 'n');
  for (const bool fits : {true, false}) {
    const std::string name = fits ? longest : longest + 'n';
    for (std::string Submission::*field : {&Submission::job_id, &Submission::envelope_id}) {
      Submission mail = Mail({"b@x.example"});
      mail.*field = name;
      EXPECT_EQ(Submit(mail).status.ok(), fits);
    }
    for (const std::string_view field : {"X-Job: ", "X-Envid: ", "X-Virtual-MTA: "}) {
      Submission mail = Mail({"b@x.example"});
      mail.content = Cat(field, name, "\n", mail.content);
      const absl::Status status = Submit(mail).status;
      EXPECT_EQ(status.ok(), fits) << field;
      if (!fits) EXPECT_TRUE(std::string(status.message()).starts_with("5.5.4 ")) << status;
    }
  }
  EXPECT_EQ(Events(EventType::kReceipt).size(), 5u);
}

// What a header field says is checked like what the client says.
TEST_F(SubmissionTest, NamesHaveNoControlCharactersWhereverTheyComeFrom) {
  policies_.source.process_x_job = true;
  for (const std::string_view bad : {"a\x01z", "a\x7f", "j\xFCrgen"}) {
    Submission by_header = Mail({"b@x.example"});
    by_header.content = Cat("X-Job: ", bad, "\n", by_header.content);
    EXPECT_TRUE(absl::IsInvalidArgument(Submit(by_header).status)) << Escape(bad);
    Submission by_field = Mail({"b@x.example"});
    by_field.job_id = bad;
    EXPECT_TRUE(absl::IsInvalidArgument(Submit(by_field).status)) << Escape(bad);
  }
  EXPECT_EQ(MessagesOnDisk(), 0u);
  EXPECT_EQ(Delivered(), "");
}

// An envelope id is text for the records and xtext for the next hop; it never costs the message.
TEST_F(SubmissionTest, EnvelopeIdIsEncodedForTheNextHop) {
  policies_.source.process_x_envid = true;
  Submission by_field = Mail({"b@x.example"});
  by_field.envelope_id = "spring sale=7";
  Submission by_header = Mail({"b@x.example"});
  by_header.content = Cat("X-Envid: spring sale 7\n", by_header.content);
  Submission long_one = Mail({"b@x.example"});
  long_one.envelope_id = std::string(smtp::kEnvidBytesMax + 1, 'x');
  Submission not_ascii = Mail({"b@x.example"});
  not_ascii.envelope_id = "frühling";
  for (const Submission& mail : {by_field, by_header, long_one, not_ascii}) {
    EXPECT_TRUE(Submit(mail).status.ok());
  }
  Dialogue(Cat("MAIL FROM:<a@s.example> ENVID=a+2Bb\r\nRCPT TO:<b@x.example>\r\n", kData));

  const auto delivered = Events(EventType::kDelivery);
  ASSERT_EQ(delivered.size(), 5u);
  ASSERT_EQ(next_hop_.envelopes.size(), 5u);
  const std::pair<std::string, std::string> wanted[] = {{"spring sale=7", "spring+20sale+3D7"},
                                                        {"spring sale 7", "spring+20sale+207"},
                                                        {long_one.envelope_id, ""},
                                                        {"frühling", ""},
                                                        {"a+b", "a+2Bb"}};
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(delivered[i].env_id, wanted[i].first);
    EXPECT_EQ(next_hop_.envelopes[i].parameters.envid, wanted[i].second);
  }
}

// RFC 3461 5.2.1: what a client says for notifications goes on to a next hop that can do it.
constexpr std::string_view kDsnDialogue =
    "MAIL FROM:<a@s.example> RET=HDRS ENVID=e\r\n"
    "RCPT TO:<b@x.example> NOTIFY=NEVER ORCPT=rfc822;old+2Bb@x.example\r\n";

TEST_F(SubmissionTest, DsnParametersReachTheNextHopAndTheRecords) {
  Dialogue(Cat(kDsnDialogue, "RCPT TO:<c@x.example> NOTIFY=delay,success\r\n", kData));
  ASSERT_EQ(next_hop_.envelopes.size(), 2u);
  for (const smtp::Envelope& envelope : next_hop_.envelopes) {
    EXPECT_EQ(envelope.parameters.ret, "HDRS");
    const bool first = envelope.recipients[0].address.local == "b";
    EXPECT_EQ(envelope.recipients[0].parameters.notify, first ? "NEVER" : "SUCCESS,DELAY");
    EXPECT_EQ(envelope.recipients[0].parameters.orcpt, first ? "rfc822;old+2Bb@x.example" : "");
  }
  for (const EventType type : {EventType::kReceipt, EventType::kDelivery}) {
    ASSERT_EQ(Events(type).size(), 2u);
    EXPECT_EQ(Events(type)[0].orcpt, "rfc822;old+2Bb@x.example");
  }
}

TEST_F(SubmissionTest, DsnParametersAreForwardedToTheOwner) {
  GiveAllTo("other");
  Dialogue(Cat(kDsnDialogue, kData));
  ASSERT_EQ(peers_.sent.size(), 1u);
  auto batch = std::make_shared<ForwardBatch>(*peers_.sent[0]);
  // A peer's reply is any octets, and must not make the batch unreadable.
  batch->messages[0].recipients[0].last_reply = "451 sp\xE4ter";
  mta::v1::ForwardBatch wire;
  ToProto(*batch, &wire);
  mta::v1::ForwardBatch parsed;
  ASSERT_TRUE(parsed.ParseFromString(wire.SerializeAsString()));
  const auto received = FromProto(std::move(parsed));
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_EQ(received->messages[0].recipients[0].last_reply, "451 sp\xE4ter");

  OtherShard owner;
  absl::Status status = absl::UnknownError("not answered");
  owner.ingest_.Receive(std::make_shared<ForwardBatch>(*received),
                        [&](absl::StatusOr<ForwardAnswer> answer) { status = answer.status(); });
  owner.Run();
  EXPECT_TRUE(status.ok()) << status;
  ASSERT_EQ(owner.next_hop_.envelopes.size(), 1u);
  const smtp::Envelope& envelope = owner.next_hop_.envelopes[0];
  EXPECT_EQ(envelope.parameters.ret, "HDRS");
  EXPECT_EQ(envelope.parameters.envid, "e");
  EXPECT_EQ(envelope.recipients[0].parameters.notify, "NEVER");
  EXPECT_EQ(envelope.recipients[0].parameters.orcpt, "rfc822;old+2Bb@x.example");
}

// The client hears that it repeated itself, whichever shard has its recipients.
TEST_F(SubmissionTest, DuplicateIsKnownFromTheOwnersAnswer) {
  GiveAllTo("other");
  peers_.owner = &ingest_;  // the receipts are in the same store, but only Receive() asks them
  Submission keyed = Mail({"b@x.example", "c@x.example"});
  keyed.idempotency_key = "k";
  const SubmitResult first = Submit(keyed);
  const SubmitResult second = Submit(keyed);
  ASSERT_TRUE(first.status.ok() && second.status.ok());
  EXPECT_FALSE(first.duplicate);
  EXPECT_TRUE(second.duplicate);
  EXPECT_EQ(first.id, second.id);
  EXPECT_EQ(peers_.sent.size(), 2u);

  // Two in one batch, of which one is known: each has its own count.
  Submission other = keyed;
  other.idempotency_key = "l";
  SubmitResult known, fresh;
  ingest_.Submit(keyed, [&](SubmitResult r) { known = std::move(r); });
  ingest_.Submit(other, [&](SubmitResult r) { fresh = std::move(r); });
  Run();
  ASSERT_EQ(peers_.sent.size(), 3u);
  EXPECT_EQ(peers_.sent[2]->messages.size(), 2u);
  EXPECT_TRUE(known.duplicate);
  EXPECT_FALSE(fresh.duplicate);
}

}  // namespace
}  // namespace convoy::shard
