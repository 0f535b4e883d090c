// Deletes receipts and idempotency records that have expired, a page at a time, round and round.
//
// A record counts until it is deleted, even past its expiry. So nobody writes a record anew while a
// page that shows the old one is under way, and the delete can only hit what the page has shown.
//
// Limits:    kSweepRows records per step, one step at a time
// Thread:    loop-affine
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "shard/spool/kv_store.h"

namespace convoy::shard {

inline constexpr size_t kSweepRows = 4096;
inline constexpr size_t kSweepBytes = size_t{1} << 20;

class ExpirySweep {
 public:
  explicit ExpirySweep(KvStore& store) : store_(store) {}

  void Step(int64_t now_ms);
  uint64_t deleted_total() const { return deleted_total_; }

 private:
  void OnPage(int64_t now_ms, absl::StatusOr<KvScan> page);

  KvStore& store_;
  std::string from_;
  bool under_way_ = false;
  uint64_t deleted_total_ = 0;
};

}  // namespace convoy::shard
