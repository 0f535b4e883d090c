// ForwardBatch <-> proto/forward.proto.
//
// Errors:    InvalidArgument when a field has an impossible size or an address is missing
// Determinism: pure
#pragma once

#include "absl/status/statusor.h"
#include "proto/forward.pb.h"
#include "shard/forward/peer_channel.h"

namespace convoy::shard {

void ToProto(const ForwardBatch& batch, mta::v1::ForwardBatch* out);
absl::StatusOr<ForwardBatch> FromProto(mta::v1::ForwardBatch&& wire);

}  // namespace convoy::shard
