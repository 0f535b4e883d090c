// Pauses on disk.
//
//     kState: "pause/" PauseSelector::ToString() -> ""
//
// Keys of former versions are names of queues as they were written, perhaps with capitals; they are
// rewritten when they are read, or no resume would find them.
//
// Errors:    RecoverPauses: those of the store. A key that is no selector is logged and left alone
// Thread:    as the store
#pragma once

#include "absl/status/statusor.h"
#include "shard/engine/pause_set.h"
#include "shard/spool/kv_store.h"

namespace convoy::shard {

// Before the loop runs.
absl::StatusOr<PauseSet> RecoverPauses(KvStore& store);
void PutPause(const PauseSelector& selector, KvBatch* batch);
void ErasePause(const PauseSelector& selector, KvBatch* batch);

}  // namespace convoy::shard
