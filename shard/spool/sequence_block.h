// Hands out numbers that are never handed out again, even after a crash.
//
// The store holds a bound; every number below it may have been used. When the numbers below the
// bound are used up the bound is raised first, in a commit that is called before any that uses the
// new numbers and so is durable no later.
//
// Limits:    kSequenceBlock numbers are lost at most at a restart
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "shard/spool/kv_store.h"

namespace convoy::shard {

inline constexpr uint64_t kSequenceBlock = 65536;

class SequenceBlock {
 public:
  // `key` in the meta family holds the bound.
  SequenceBlock(KvStore& store, std::string_view key) : store_(store), key_(key) {}
  // Start-up: reads the bound.
  absl::Status Recover();
  uint64_t Next();
  // The number that Next() will return.
  uint64_t peek() const { return next_; }

 private:
  KvStore& store_;
  const std::string key_;
  uint64_t next_ = 1;
  uint64_t bound_ = 1;
};

}  // namespace convoy::shard
