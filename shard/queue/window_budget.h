// How many rows all windows of a shard may hold in memory together.
//
// The budget is strict. A window that needs room when none is left takes it from the windows unused
// for longest: first those above kWindowRowsMin shrink to it, then those at the minimum are
// emptied. A row that loses its place is still on disk; it costs a read later, never a message.
//
//   high path: rows arrive -> budget used up -> other windows shrink, refills get smaller
//   low path:  rows are popped -> room -> windows at half of their capacity refill
//
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <cstdint>
#include <functional>

#include "shard/queue/row.h"

namespace convoy::shard {

class Window;

constexpr uint32_t kWindowRowsMin = 16;
constexpr uint32_t kWindowRowsMax = 4096;

// What `connections` sessions can use up while a refill is read: the capacity to give to their
// window.
uint32_t WindowCapacity(uint32_t connections);

class WindowBudget {
 public:
  // `release` is told of every row that leaves memory other than by PopDue, so that the caller can
  // free what its handle stands for. It must not call the window.
  WindowBudget(uint64_t rows_max, std::function<void(const Row&)> release);
  ~WindowBudget();
  WindowBudget(const WindowBudget&) = delete;
  WindowBudget& operator=(const WindowBudget&) = delete;

  uint64_t rows_max() const { return rows_max_; }
  uint64_t rows_used() const { return rows_used_; }
  uint64_t rows_evicted_total() const { return rows_evicted_total_; }
  // Nearly used up: windows aim at their minimum.
  bool tight() const { return rows_used_ >= rows_max_ - rows_max_ / 8; }

 private:
  friend class Window;
  // Windows with rows, least recently used first.
  struct Lru {
    Window* oldest = nullptr;
    Window* newest = nullptr;
  };

  // Makes room for one more row of `asking`; false if there is none to be had.
  bool Reserve(Window* asking);
  void Return(uint64_t rows) { rows_used_ -= rows; }
  bool Reclaim(Window* asking);
  // Puts the window where its number of rows says, as the most recently used.
  void Touch(Window* window);
  // The same without counting as use.
  void Relist(Window* window);
  void Unlist(Window* window);
  void Append(Lru* lru, Window* window);
  void Release(const Row& row) { release_(row); }

  const uint64_t rows_max_;
  const std::function<void(const Row&)> release_;

  uint64_t rows_used_ = 0;
  Lru large_;  // more than kWindowRowsMin rows
  Lru small_;

  uint64_t rows_evicted_total_ = 0;
};

}  // namespace convoy::shard
