#include "shard/spool/keys.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"

namespace convoy::shard {
namespace {

MessageId Id(char c) { return *MessageId::FromBytes(std::string(16, c)); }

TEST(Keys, GoldenBytes) {
  EXPECT_EQ(HexEncode(QueueKey(QueueId(7), {1700000000123, {0x0102030405060708, 0x0a0b}})),
            "00000007"
            "0000018bcfe5687b"
            "0102030405060708"
            "0a0b");
  EXPECT_EQ(HexEncode(MessageKey(Id(0x11), MessagePart::kContent)),
            "1111111111111111111111111111111101");
  EXPECT_EQ(HexEncode(OutboxKey(258)), "0000000000000102");
  EXPECT_EQ(HexEncode(ReceiptKey(Id(0x22), 513)), "72222222222222222222222222222222220201");
  EXPECT_EQ(HexEncode(IdempotencyKey("ab", "c")), "6b0002616263");
  EXPECT_EQ(HexEncode(QueueNameKey(QueueId(258))), "7100000102");
  EXPECT_EQ(ProjectorKey("csv"), "projector/csv");
}

TEST(Keys, TheOrderOfKeysIsTheOrderOfRows) {
  const QueueId queue(3);
  const std::vector<RowKey> rows = {{0, {0, 0}},
                                    {0, {0, 1}},
                                    {0, {1, 0}},
                                    {255, {9, 9}},
                                    {256, {0, 0}},
                                    {1700000000000, {5, 1}},
                                    {1700000000000, {5, 256}}};
  for (size_t i = 1; i < rows.size(); ++i) {
    EXPECT_LT(QueueKey(queue, rows[i - 1]), QueueKey(queue, rows[i])) << i;
  }
  EXPECT_LT(QueueKey(queue, rows.back()), QueueKey(QueueId(4), rows.front()));
}

TEST(Keys, ParseIsTheReverse) {
  const RowKey row{1700000000123, {77, 12}};
  const auto parsed = ParseQueueKey(QueueKey(QueueId(9), row));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->queue, QueueId(9));
  EXPECT_EQ(parsed->row, row);
  EXPECT_EQ(ParseQueueNameKey(QueueNameKey(QueueId(5))), QueueId(5));
  EXPECT_EQ(ReceiptRcpt(ReceiptKey(Id(1), 65535)), 65535);
  EXPECT_EQ(DecodeU32(EncodeU32(0xdeadbeef)), 0xdeadbeef);
  EXPECT_EQ(DecodeU64(EncodeU64(UINT64_MAX)), UINT64_MAX);
}

TEST(Keys, RefusesForeignKeys) {
  EXPECT_FALSE(ParseQueueKey("short").has_value());
  EXPECT_FALSE(ParseQueueKey(std::string(23, 'x')).has_value());
  EXPECT_FALSE(ParseQueueKey(std::string(22, '\xff')).has_value()) << "a due time above 2^63";
  EXPECT_FALSE(ParseQueueNameKey("qabc").has_value());
  EXPECT_FALSE(ReceiptRcpt(IdempotencyKey("t", "k")).has_value());
  EXPECT_FALSE(DecodeU32("abc").has_value());
  EXPECT_FALSE(DecodeU64("").has_value());
  EXPECT_FALSE(MessageId::FromBytes("15 bytes long..").has_value());
}

TEST(Keys, ANegativeDueTimeIsTheBeginning) {
  EXPECT_EQ(QueueKey(QueueId(1), {-5, {1, 1}}), QueueKey(QueueId(1), {0, {1, 1}}));
}

TEST(Keys, RangesHoldTheirKeysAndNothingElse) {
  const KvRange queue = QueueRange(QueueId(7), {100, {0, 0}});
  EXPECT_GE(QueueKey(QueueId(7), {100, {0, 0}}), queue.begin);
  EXPECT_LT(QueueKey(QueueId(7), {99, {9, 9}}), queue.begin);
  EXPECT_LT(QueueKey(QueueId(7), kRowKeyEnd), queue.end);
  EXPECT_GE(QueueKey(QueueId(8), {0, {0, 0}}), queue.end);
  EXPECT_EQ(QueueRange(QueueId(UINT32_MAX), {}).end, "");

  const KvRange message = MessageRange(Id(0x11));
  EXPECT_GE(MessageKey(Id(0x11), MessagePart::kEnvelope), message.begin);
  EXPECT_LT(MessageKey(Id(0x11), MessagePart::kCount), message.end);
  EXPECT_GE(MessageKey(Id(0x12), MessagePart::kEnvelope), message.end);

  const KvRange receipts = ReceiptRange(Id(0x11));
  EXPECT_LT(ReceiptKey(Id(0x11), UINT16_MAX), receipts.end);
  EXPECT_GE(ReceiptKey(Id(0x12), 0), receipts.end);

  const KvRange names = QueueNameRange();
  EXPECT_LT(QueueNameKey(QueueId(UINT32_MAX)), names.end);
  for (const std::string_view other :
       {kSchemaVersionKey, kNextQueueKey, kMessageSeqKey, kEventSeqKey}) {
    EXPECT_TRUE(other < names.begin || other >= names.end) << other;
  }
}

}  // namespace
}  // namespace convoy::shard
