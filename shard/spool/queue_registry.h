// Which queue has which id.
//
// A name is put into the store by a commit that is called before any that uses its id. Ids count up
// and are never reused: at start-up the names of queues without rows are forgotten, their ids are
// not.
//
// Units:     about 150 bytes of memory per queue
// Errors:    DataLoss from Recover: the store contradicts itself
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/statusor.h"
#include "shard/schedule/ids.h"
#include "shard/spool/kv_store.h"
#include "shard/spool/records.h"

namespace convoy::shard {

class QueueRegistry {
 public:
  explicit QueueRegistry(KvStore& store) : store_(store) {}

  // Start-up: reads the names, forgets those of queues that are not in `used`.
  absl::Status Recover(const std::vector<QueueId>& used);
  QueueId Intern(const QueueName& name);
  std::optional<QueueId> Find(const QueueName& name) const;
  const QueueName& NameOf(QueueId queue) const;
  size_t size() const { return ids_.size(); }

 private:
  KvStore& store_;
  absl::flat_hash_map<QueueName, QueueId> ids_;
  // Nodes: NameOf gives references away.
  absl::node_hash_map<QueueId, QueueName> names_;
  uint32_t next_ = 1;
};

}  // namespace convoy::shard
