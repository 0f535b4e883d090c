// The part of a window that exists only while it has rows in memory or out, or reads. Internal.
//
// Determinism: pure (the hash sets are never iterated)
#pragma once

#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_set.h>

#include "shard/queue/window.h"

namespace convoy::shard {

struct RowBefore {
  bool operator()(const Row& a, const Row& b) const { return a.key < b.key; }
};

struct Window::Active {
  absl::btree_set<Row, RowBefore> rows;
  absl::flat_hash_set<RowId> out;

  // While a refill is pending:
  bool pending = false;
  RowKey on_disk_since = kRowKeyEnd;  // the lowest key that came to disk at or above the cursor
  absl::flat_hash_set<RowId> gone;    // rows whose key was given up since: settled or deleted

  // Place among the windows of the budget.
  WindowBudget::Lru* lru = nullptr;
  Window* older = nullptr;
  Window* newer = nullptr;
};

}  // namespace convoy::shard
