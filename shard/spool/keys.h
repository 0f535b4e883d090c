// The keys of a shard's store.
//
//     big endian throughout, so that the order of bytes is the order of values
//
//     queue    queue_id u32 | due_ms u64 | seq u64 | rcpt u16              -> stored Row
//     message  message_id 16 | part u8
//                  part 0   -> stored Envelope
//                  part 1   -> content: header and body as accepted
//                  part 2   -> rows of this message on this shard, u32 (absent: rows_at_first)
//     outbox   event_seq u64                                               -> stored Event
//     receipt  'r' | message_id 16 | rcpt u16                              -> stored Receipt
//              'k' | tenant_bytes u16 | tenant | key                       -> stored Idempotency
//     meta     "schema_version"            -> u32
//              "next_queue"                -> u32: ids below it may have been used
//              "seq/message", "seq/event"  -> u64: numbers below it may have been used
//              'q' | queue_id u32          -> stored QueueName
//              "projector/" name           -> stored ProjectorCheckpoint
//
// Other families belong to their users: suppression, state, oplog.
//
// Errors:    Parse*: nullopt for a key that this file did not make
// Determinism: pure
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shard/queue/row.h"
#include "shard/schedule/ids.h"
#include "shard/spool/kv_store.h"
#include "shard/spool/records.h"

namespace convoy::shard {

inline constexpr size_t kQueueKeyBytes = 22;
inline constexpr size_t kQueuePrefixBytes = 4;
inline constexpr std::string_view kSchemaVersionKey = "schema_version";
inline constexpr std::string_view kNextQueueKey = "next_queue";
inline constexpr std::string_view kMessageSeqKey = "seq/message";
inline constexpr std::string_view kEventSeqKey = "seq/event";

enum class MessagePart : uint8_t { kEnvelope = 0, kContent = 1, kCount = 2 };

// Fixed-width big-endian integers, as values and in keys.
std::string EncodeU32(uint32_t value);
std::string EncodeU64(uint64_t value);
std::optional<uint32_t> DecodeU32(std::string_view bytes);
std::optional<uint64_t> DecodeU64(std::string_view bytes);

// A due time before 1970 counts as 1970.
std::string QueueKey(QueueId queue, const RowKey& row);
struct ParsedQueueKey {
  QueueId queue;
  RowKey row;
};
std::optional<ParsedQueueKey> ParseQueueKey(std::string_view key);
// The rows of `queue` from `from` on.
KvRange QueueRange(QueueId queue, const RowKey& from);

std::string MessageKey(const MessageId& id, MessagePart part);
// All parts of the message.
KvRange MessageRange(const MessageId& id);

std::string OutboxKey(uint64_t seq);
std::string ReceiptKey(const MessageId& id, uint16_t rcpt);
// All receipts of the message.
KvRange ReceiptRange(const MessageId& id);
// The recipient index in a key of ReceiptRange.
std::optional<uint16_t> ReceiptRcpt(std::string_view key);
std::string IdempotencyKey(std::string_view tenant, std::string_view key);

std::string QueueNameKey(QueueId queue);
KvRange QueueNameRange();
std::optional<QueueId> ParseQueueNameKey(std::string_view key);
std::string ProjectorKey(std::string_view name);

}  // namespace convoy::shard
