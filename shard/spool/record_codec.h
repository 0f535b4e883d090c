// The stored form of the spool's records: proto/stored.proto, and back.
//
// Encoding is deterministic (fields in the order of their numbers), so golden bytes hold. Decoding
// ignores fields it does not know: a row of a newer minor version is not lost by an older one.
//
// Errors:    DataLoss for bytes that are not the record
// Thread:    thread-safe
// Determinism: pure
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "shard/account/event.h"
#include "shard/spool/records.h"

namespace convoy::shard {

struct StoredReceipt {
  int64_t expires_ms = 0;
  std::string payload_hash;

  bool operator==(const StoredReceipt&) const = default;
};

struct CheckpointFile {
  std::string path;
  std::string segment;
  uint64_t offset = 0;

  bool operator==(const CheckpointFile&) const = default;
};
struct ProjectorCheckpoint {
  uint64_t next_sequence = 0;
  std::vector<CheckpointFile> files;

  bool operator==(const ProjectorCheckpoint&) const = default;
};

std::string EncodeMessage(const StoredMessage& message);
// The id comes from the key.
absl::StatusOr<StoredMessage> DecodeMessage(const MessageId& id, std::string_view bytes);

// Cuts last_reply at kLastReplyBytesMax.
std::string EncodeRow(const StoredRow& row);
absl::StatusOr<StoredRow> DecodeRow(std::string_view bytes);

std::string EncodeQueueName(const QueueName& name);
absl::StatusOr<QueueName> DecodeQueueName(std::string_view bytes);

// Cuts dsn_diag at kDiagBytesMax.
std::string EncodeEvent(const AccountEvent& event);
absl::StatusOr<AccountEvent> DecodeEvent(std::string_view bytes);

std::string EncodeReceipt(const StoredReceipt& receipt);
absl::StatusOr<StoredReceipt> DecodeReceipt(std::string_view bytes);

std::string EncodeIdempotency(const IdempotencyRecord& record);
absl::StatusOr<IdempotencyRecord> DecodeIdempotency(std::string_view bytes);

std::string EncodeCheckpoint(const ProjectorCheckpoint& checkpoint);
absl::StatusOr<ProjectorCheckpoint> DecodeCheckpoint(std::string_view bytes);

}  // namespace convoy::shard
