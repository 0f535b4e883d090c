// The stored form of a queue's backoff mode: proto/stored.proto, and back.
//
// Limits:    kBackoffReplyBytesMax octets of the reply are kept
// Errors:    DecodeBackoff: DataLoss
// Determinism: pure
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "shard/backoff/backoff_state.h"

namespace convoy::shard {

inline constexpr size_t kBackoffReplyBytesMax = 512;

std::string EncodeBackoff(const BackoffState& state);
absl::StatusOr<BackoffState> DecodeBackoff(std::string_view bytes);

}  // namespace convoy::shard
