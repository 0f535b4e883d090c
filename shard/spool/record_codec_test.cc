// Golden bytes: what one version writes every later one must read. A failure here is a change of
// the disk format and needs a schema version, not another golden.
#include "shard/spool/record_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"

namespace convoy::shard {
namespace {

MessageId Id(char c) { return *MessageId::FromBytes(std::string(16, c)); }

StoredMessage SampleMessage() {
  StoredMessage m;
  m.id = Id(0x11);
  m.sender = "a@s.test";
  m.envelope_id = "e";
  m.job_id = "j";
  m.source_type = "smtp";
  m.source_mta = "h (192.0.2.1)";
  m.source_ip = "192.0.2.1";
  m.listener_ip = "192.0.2.2";
  m.smtp_user = "u";
  m.tenant = "t";
  m.accepted_ms = 1700000000123;
  m.vmta_pool = "p";
  m.from_domain = "s.test";
  m.body_hash = std::string(2, '\xfe');
  m.payload_hash = std::string(2, '\xfd');
  m.header_bytes = 10;
  m.content_bytes = 300;
  m.eight_bit = true;
  m.smtp_utf8 = true;
  m.rows_at_first = 2;
  m.ret = "HDRS";
  return m;
}

StoredRow SampleRow() {
  StoredRow r;
  r.message = Id(0x11);
  r.rcpt = "b@d.test";
  r.orcpt = "rfc822;b@d.test";
  r.notify = kNotifyFailure | kNotifyDelay;
  r.attempts = 3;
  r.accepted_ms = 1;
  r.first_attempt_ms = 2;
  r.last_attempt_ms = 3;
  r.last_reply = "450 4.2.1 busy\xff";
  r.flags = kRowMaybeDelivered;
  r.content_bytes = 300;
  r.transfer_sequence = 9;
  return r;
}

AccountEvent SampleEvent() {
  AccountEvent e;
  e.type = EventType::kBounce;
  e.logged_ms = 1;
  e.queued_ms = 2;
  e.first_attempt_ms = 3;
  e.message_id = "m";
  e.orig = "o";
  e.rcpt = "r";
  e.orcpt = "R";
  e.dsn_action = "failed";
  e.dsn_status = "5.1.1";
  e.dsn_diag = "smtp;550 \xff";
  e.dsn_mta = "mx";
  e.bounce_cat = "bad-mailbox";
  e.src_type = "smtp";
  e.src_mta = "h";
  e.dlv_type = "smtp";
  e.dlv_source_ip = "s";
  e.dlv_destination_ip = "d";
  e.dlv_esmtp_available = "SIZE";
  e.dlv_tls_protocol = "TLSv1.3";
  e.dlv_tls_cipher = "c";
  e.dlv_tls_proof = "dane";
  e.size_bytes = 300;
  e.vmta = "v";
  e.vmta_pool = "p";
  e.job_id = "j";
  e.env_id = "e";
  e.queue = "d/v";
  e.rcv_source_ip = "i";
  e.rcv_destination_ip = "l";
  e.rcv_smtp_user = "u";
  e.attempts = 4;
  e.duplicate_cause = "crash";
  return e;
}

TEST(RecordCodec, GoldenBytes) {
  EXPECT_EQ(HexEncode(EncodeMessage(SampleMessage())),
            "0a086140732e746573741201651a016a2204736d74702a0d6820283139322e302e322e31"
            "2932093139322e302e322e313a093139322e302e322e324201754a017450fbd095ffbc31"
            "5a01706206732e746573746a02fefe7202fdfd780a8001ac02880101900101980102"
            "a2010448445253");
  EXPECT_EQ(HexEncode(EncodeRow(SampleRow())),
            "0a101111111111111111111111111111111112086240642e746573741a0f726663383232"
            "3b6240642e74657374200c28033001380240034a0f34353020342e322e312062757379ff"
            "500158ac026009");
  EXPECT_EQ(HexEncode(EncodeEvent(SampleEvent())),
            "08021001180220032a016d32016f3a01724201524a066661696c65645205352e312e315a"
            "0a736d74703b35353020ff62026d786a0b6261642d6d61696c626f787204736d74707a01"
            "68820104736d74708a010173920101649a010453495a45a20107544c5376312e33aa0101"
            "63b001ac02ba010176c2010170ca01016ad2010165da0103642f76e2010169ea01016cf2"
            "010175f801048202056372617368c2020464616e65");
  EXPECT_EQ(HexEncode(EncodeQueueName({"d.test", "v"})), "0a06642e74657374120176");
  EXPECT_EQ(HexEncode(EncodeReceipt({5, "h"})), "0805120168");
  EXPECT_EQ(HexEncode(EncodeIdempotency({Id(0x11), "h", 5, "a"})),
            "08051201681a1011111111111111111111111111111111220161");
  EXPECT_EQ(HexEncode(EncodeCheckpoint({7, {{"/p", "s", 9}}})), "080712090a022f701201731809");
}

TEST(RecordCodec, EveryFieldComesBack) {
  EXPECT_EQ(*DecodeMessage(Id(0x11), EncodeMessage(SampleMessage())), SampleMessage());
  EXPECT_EQ(*DecodeRow(EncodeRow(SampleRow())), SampleRow());
  EXPECT_EQ(*DecodeEvent(EncodeEvent(SampleEvent())), SampleEvent());
  EXPECT_EQ(*DecodeQueueName(EncodeQueueName({"d.test", "v/w"})), (QueueName{"d.test", "v/w"}));
  const StoredReceipt receipt{5, "h"};
  EXPECT_EQ(*DecodeReceipt(EncodeReceipt(receipt)), receipt);
  const IdempotencyRecord record{Id(0x11), "h", 5, "a"};
  EXPECT_EQ(*DecodeIdempotency(EncodeIdempotency(record)), record);
  const ProjectorCheckpoint checkpoint{7, {{"/p", "s", 9}, {"/q", "t", 0}}};
  EXPECT_EQ(*DecodeCheckpoint(EncodeCheckpoint(checkpoint)), checkpoint);
}

TEST(RecordCodec, ATypicalRowIsSmall) {
  StoredRow row;
  row.message = Id(0x11);
  row.rcpt = "someone@example.com";
  row.accepted_ms = 1700000000123;
  row.content_bytes = 4096;
  EXPECT_LE(EncodeRow(row).size(), 64u);
}

TEST(RecordCodec, CutsWhatAPeerMadeTooLong) {
  StoredRow row = SampleRow();
  row.last_reply.assign(5000, 'x');
  EXPECT_EQ(DecodeRow(EncodeRow(row))->last_reply, std::string(kLastReplyBytesMax, 'x'));
  AccountEvent event = SampleEvent();
  event.dsn_diag.assign(50000, 'x');
  EXPECT_EQ(DecodeEvent(EncodeEvent(event))->dsn_diag, std::string(kDiagBytesMax, 'x'));
}

TEST(RecordCodec, DamageIsDataLoss) {
  std::string row = EncodeRow(SampleRow());
  row.resize(row.size() - 1);
  EXPECT_TRUE(absl::IsDataLoss(DecodeRow(row).status()));
  EXPECT_TRUE(absl::IsDataLoss(DecodeRow("").status())) << "no message id";
  EXPECT_TRUE(absl::IsDataLoss(DecodeMessage(Id(1), "\xff").status()));
  EXPECT_TRUE(absl::IsDataLoss(DecodeEvent("").status())) << "no type";
  EXPECT_TRUE(absl::IsDataLoss(DecodeEvent(std::string("\x08\x63", 2)).status())) << "type 99";
  EXPECT_TRUE(absl::IsDataLoss(DecodeIdempotency("").status())) << "no message id";
}

}  // namespace
}  // namespace convoy::shard
