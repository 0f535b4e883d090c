// Reads a whole store and says whether it is in a state that spool.h allows.
//
// For the simulator's checkers, the tests and an operator's offline check. Waits for the disk and
// holds all keys in memory: not for a running shard.
//
// Errors:    Unavailable, DataLoss when the store cannot be read; a state that must not be is a
//            defect in the result, not an error
// Determinism: pure, given the store
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "shard/spool/kv_store.h"
#include "shard/spool/records.h"

namespace convoy::shard {

struct SpoolAudit {
  std::vector<SpoolRow> rows;  // all, in the order of their keys
  uint64_t messages = 0;
  uint64_t events = 0;  // in the outbox
  uint64_t receipts = 0;
  // Empty when all is well. Each says what, where and which of the rules is broken.
  std::vector<std::string> defects;
};

absl::StatusOr<SpoolAudit> AuditSpool(KvStore& store);

}  // namespace convoy::shard
