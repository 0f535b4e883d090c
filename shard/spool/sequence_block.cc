#include "shard/spool/sequence_block.h"

#include <optional>
#include <utility>

#include "base/text.h"
#include "shard/spool/keys.h"

namespace convoy::shard {

absl::Status SequenceBlock::Recover() {
  const absl::StatusOr<std::string> stored = store_.GetNow(Cf::kMeta, key_);
  if (absl::IsNotFound(stored.status())) return absl::OkStatus();
  if (!stored.ok()) return stored.status();
  const std::optional<uint64_t> bound = DecodeU64(*stored);
  if (!bound.has_value()) return absl::DataLossError(Cat("meta key ", key_, " is damaged"));
  next_ = bound_ = *bound;
  return absl::OkStatus();
}

uint64_t SequenceBlock::Next() {
  if (next_ == bound_) {
    bound_ += kSequenceBlock;
    KvBatch batch;
    batch.Put(Cf::kMeta, key_, EncodeU64(bound_));
    store_.Commit(std::move(batch), [](const absl::Status&) {});
  }
  return next_++;
}

}  // namespace convoy::shard
