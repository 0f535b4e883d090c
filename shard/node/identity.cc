#include "shard/node/identity.h"

#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kUidKey = "shard/uid";
constexpr std::string_view kNameKey = "shard/name";
constexpr std::string_view kIncarnationKey = "shard/incarnation";

// The stored value, or "" when there is none.
absl::StatusOr<std::string> Stored(KvStore& store, std::string_view key) {
  auto value = store.GetNow(Cf::kMeta, key);
  if (absl::IsNotFound(value.status())) return std::string();
  return value;
}

std::string NewUid(Rng& rng) {
  std::string bytes;
  for (int i = 0; i < 16; ++i) bytes.push_back(static_cast<char>(rng.Below(256)));
  return HexEncode(bytes);
}

}  // namespace

absl::StatusOr<ShardIncarnation> TakeIdentity(KvStore& store, std::string_view name, Rng& rng) {
  ShardIncarnation shard;
  shard.name = name;
  ASSIGN_OR_RETURN(const std::string known_name, Stored(store, kNameKey));
  if (!known_name.empty() && known_name != name) {
    return absl::FailedPreconditionError(Cat("the data directory belongs to shard '", known_name,
                                             "', not to '", name, "': start it with --name ",
                                             known_name, " or give another --data-dir"));
  }
  ASSIGN_OR_RETURN(shard.uid, Stored(store, kUidKey));
  if (shard.uid.empty()) shard.uid = NewUid(rng);
  ASSIGN_OR_RETURN(const std::string starts, Stored(store, kIncarnationKey));
  shard.incarnation = ParseUint(starts).value_or(0) + 1;
  KvBatch batch;
  batch.Put(Cf::kMeta, kNameKey, name);
  batch.Put(Cf::kMeta, kUidKey, shard.uid);
  batch.Put(Cf::kMeta, kIncarnationKey, Cat(shard.incarnation));
  RETURN_IF_ERROR(store.CommitNow(batch));
  return shard;
}

}  // namespace convoy::shard
