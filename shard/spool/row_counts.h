// Rows per queue: what is on disk or on its way there.
//
// After a restart the rows are counted by one pass over the keys, on a snapshot of the store as it
// was when the spool recovered; every change since is added as it is made. So the sum is exact as
// soon as the pass is done, however long it takes.
//
// Units:     8 bytes of memory per queue id
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "shard/schedule/ids.h"

namespace convoy::shard {

class RowCounts {
 public:
  void Add(QueueId queue, int64_t rows) {
    if (rows_.size() <= queue.value()) rows_.resize(queue.value() + 1);
    rows_[queue.value()] += rows;
    total_ += rows;
  }
  int64_t rows(QueueId queue) const {
    return queue.value() < rows_.size() ? rows_[queue.value()] : 0;
  }
  int64_t total() const { return total_; }
  bool known() const { return known_; }
  // What was on disk when counting began has been added.
  void SetKnown() {
    for (const int64_t rows : rows_) CHECK(rows >= 0);
    known_ = true;
  }

 private:
  std::vector<int64_t> rows_;
  int64_t total_ = 0;
  bool known_ = false;
};

}  // namespace convoy::shard
