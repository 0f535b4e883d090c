#include "shard/spool/keys.h"

#include <algorithm>

#include "base/check.h"

namespace convoy::shard {
namespace {

template <typename Int>
void AppendBigEndian(std::string* out, Int value) {
  for (int shift = static_cast<int>(sizeof(Int)) * 8 - 8; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(value >> shift));
  }
}

template <typename Int>
Int ReadBigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(Int); ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return static_cast<Int>(value);
}

// The first key above all keys that begin with `prefix`, which does not end with 0xff.
std::string After(std::string prefix) {
  CHECK(static_cast<unsigned char>(prefix.back()) != 0xff);
  prefix.back() = static_cast<char>(prefix.back() + 1);
  return prefix;
}

}  // namespace

std::string EncodeU32(uint32_t value) {
  std::string out;
  AppendBigEndian(&out, value);
  return out;
}

std::string EncodeU64(uint64_t value) {
  std::string out;
  AppendBigEndian(&out, value);
  return out;
}

std::optional<uint32_t> DecodeU32(std::string_view bytes) {
  if (bytes.size() != 4) return std::nullopt;
  return ReadBigEndian<uint32_t>(bytes);
}

std::optional<uint64_t> DecodeU64(std::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  return ReadBigEndian<uint64_t>(bytes);
}

std::string QueueKey(QueueId queue, const RowKey& row) {
  std::string key;
  key.reserve(kQueueKeyBytes);
  AppendBigEndian(&key, queue.value());
  AppendBigEndian(&key, static_cast<uint64_t>(std::max<int64_t>(row.due_ms, 0)));
  AppendBigEndian(&key, row.id.seq);
  AppendBigEndian(&key, row.id.rcpt);
  return key;
}

std::optional<ParsedQueueKey> ParseQueueKey(std::string_view key) {
  if (key.size() != kQueueKeyBytes) return std::nullopt;
  ParsedQueueKey parsed;
  parsed.queue = QueueId(ReadBigEndian<uint32_t>(key));
  parsed.row.due_ms = static_cast<int64_t>(ReadBigEndian<uint64_t>(key.substr(4)));
  parsed.row.id.seq = ReadBigEndian<uint64_t>(key.substr(12));
  parsed.row.id.rcpt = ReadBigEndian<uint16_t>(key.substr(20));
  if (parsed.row.due_ms < 0) return std::nullopt;
  return parsed;
}

KvRange QueueRange(QueueId queue, const RowKey& from) {
  KvRange range{Cf::kQueue, QueueKey(queue, from), {}};
  if (queue.value() != UINT32_MAX) range.end = EncodeU32(queue.value() + 1);
  return range;
}

std::string MessageKey(const MessageId& id, MessagePart part) {
  std::string key(id.bytes());
  key.push_back(static_cast<char>(part));
  return key;
}

KvRange MessageRange(const MessageId& id) {
  const std::string first(id.bytes());
  std::string end = first;
  end.push_back(static_cast<char>(0x7f));
  return {Cf::kMessage, first, end};
}

std::string OutboxKey(uint64_t seq) { return EncodeU64(seq); }

std::string ReceiptKey(const MessageId& id, uint16_t rcpt) {
  std::string key = "r";
  key.append(id.bytes());
  AppendBigEndian(&key, rcpt);
  return key;
}

KvRange ReceiptRange(const MessageId& id) {
  const std::string first = ReceiptKey(id, 0);
  // One octet longer than the last key, so that it is included.
  return {Cf::kReceipt, first, ReceiptKey(id, UINT16_MAX) + '\0'};
}

std::optional<uint16_t> ReceiptRcpt(std::string_view key) {
  if (key.size() != 19 || key[0] != 'r') return std::nullopt;
  return ReadBigEndian<uint16_t>(key.substr(17));
}

std::string IdempotencyKey(std::string_view tenant, std::string_view key) {
  CHECK(tenant.size() <= UINT16_MAX);
  std::string out = "k";
  AppendBigEndian(&out, static_cast<uint16_t>(tenant.size()));
  out.append(tenant);
  out.append(key);
  return out;
}

std::string QueueNameKey(QueueId queue) { return "q" + EncodeU32(queue.value()); }

// Above it lie "schema_version" and "seq/": 'q' + 1.
KvRange QueueNameRange() { return {Cf::kMeta, "q", After("q")}; }

std::optional<QueueId> ParseQueueNameKey(std::string_view key) {
  if (key.size() != 5 || key[0] != 'q') return std::nullopt;
  return QueueId(ReadBigEndian<uint32_t>(key.substr(1)));
}

std::string ProjectorKey(std::string_view name) { return "projector/" + std::string(name); }

}  // namespace convoy::shard
