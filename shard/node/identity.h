// Who this shard is, kept in its data directory: a uid made once, and an incarnation that counts
// starts.
//
// kMeta: "shard/uid" -> 32 hexadecimal digits, "shard/incarnation" -> decimal, "shard/name" -> the
// name.
//
// Errors:    FailedPrecondition when the directory belongs to a shard of another name
// Thread:    start-up only
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/rng.h"
#include "shard/cluster/coordinator_channel.h"
#include "shard/spool/kv_store.h"

namespace convoy::shard {

// Reads the identity, making it at the first start, and counts this start durably.
absl::StatusOr<ShardIncarnation> TakeIdentity(KvStore& store, std::string_view name, Rng& rng);

}  // namespace convoy::shard
