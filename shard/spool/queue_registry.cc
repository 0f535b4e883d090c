#include "shard/spool/queue_registry.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "shard/spool/keys.h"
#include "shard/spool/record_codec.h"

namespace convoy::shard {

absl::Status QueueRegistry::Recover(const std::vector<QueueId>& used) {
  const absl::StatusOr<std::string> next = store_.GetNow(Cf::kMeta, kNextQueueKey);
  if (!next.ok() && !absl::IsNotFound(next.status())) return next.status();
  if (next.ok()) {
    const std::optional<uint32_t> value = DecodeU32(*next);
    if (!value.has_value()) return absl::DataLossError("meta key next_queue is damaged");
    next_ = *value;
  }
  const absl::flat_hash_set<QueueId> live(used.begin(), used.end());
  ASSIGN_OR_RETURN(const KvScan scan, store_.ScanNow(QueueNameRange(), SIZE_MAX));
  KvBatch forget;
  for (const KvRow& row : scan.rows) {
    const std::optional<QueueId> id = ParseQueueNameKey(row.key);
    if (!id.has_value()) return absl::DataLossError("a queue name's key is damaged");
    if (!live.contains(*id)) {
      forget.Delete(Cf::kMeta, row.key);
      continue;
    }
    ASSIGN_OR_RETURN(QueueName name, DecodeQueueName(row.value));
    ids_.emplace(name, *id);
    names_.emplace(*id, std::move(name));
  }
  for (const QueueId id : used) {
    if (id.value() >= next_ || !names_.contains(id)) {
      return absl::DataLossError(Cat("rows of queue ", id.value(), ", which has no name"));
    }
  }
  return forget.empty() ? absl::OkStatus() : store_.CommitNow(forget);
}

QueueId QueueRegistry::Intern(const QueueName& name) {
  const auto found = ids_.find(name);
  if (found != ids_.end()) return found->second;
  CHECK(next_ != UINT32_MAX);
  const QueueId id(next_++);
  ids_.emplace(name, id);
  names_.emplace(id, name);
  KvBatch batch;
  batch.Put(Cf::kMeta, QueueNameKey(id), EncodeQueueName(name));
  batch.Put(Cf::kMeta, kNextQueueKey, EncodeU32(next_));
  store_.Commit(std::move(batch), [](const absl::Status&) {});
  return id;
}

std::optional<QueueId> QueueRegistry::Find(const QueueName& name) const {
  const auto found = ids_.find(name);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

const QueueName& QueueRegistry::NameOf(QueueId queue) const {
  const auto found = names_.find(queue);
  CHECK(found != names_.end());
  return found->second;
}

}  // namespace convoy::shard
