// The bounded head of one queue in memory; the rest is only on disk (the spool, ordered by the same
// key).
//
// Every row of the queue is on disk from before Accepted() until after Done(). Let `cursor` be a
// key. Then
//
//     key <  cursor   the row is in memory (the window) or out (popped, not yet settled)
//     key >= cursor   the row is not in memory; it may be out
//
// which is all there is to know: memory is the covered range below the cursor, a refill reads
// upwards from the cursor, and cursor == kRowKeyEnd means that nothing is left to read. Hence
//   - a new or deferred row below the cursor must enter memory. If there is no room the highest row
//   leaves
//     and the cursor comes down to it, so the window always holds the *first* rows;
//   - a row at or above the cursor stays on disk and costs a counter;
//   - whatever moves keys on disk to earlier times behind our back (MovedEarlier) takes the cursor
//   down.
//
// A refill reads a snapshot that may be older than what happened while it was read:
//   - a row that came to disk at or above the cursor meanwhile bounds how far the new cursor may
//   go;
//   - a row that was out, or was settled meanwhile, is recognised by its id and not taken from the
//   snapshot.
//
// Call Accepted, Deferred and Done when their commit has completed, in the order of the commits,
// before handing in a read that may have seen them: a read begun later then sees them, one begun
// earlier is covered by the above.
//
// Idle (no rows in memory, none out) a window is the object itself; see kWindowIdleBytes in
// window_test.cc.
//
// Units:     milliseconds of wall time
// Limits:    capacity() rows in memory, and the shared WindowBudget
// Errors:    none; misuse stops the process
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "shard/queue/row.h"
#include "shard/queue/window_budget.h"

namespace convoy::shard {

class Window {
 public:
  // `budget` outlives the window. An empty queue: nothing on disk.
  explicit Window(WindowBudget* budget);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  // After a restart: `rows` are on disk, none due before `head_due_ms`. Only on a new window.
  void Restore(uint64_t rows, int64_t head_due_ms);

  // A new row is on disk. True if it is in memory too; otherwise it has been released.
  bool Accepted(const Row& row);
  // The first row if it is due at `now_ms`; it is out until PutBack, Deferred or Done.
  std::optional<Row> PopDue(int64_t now_ms);
  // An out row was not used; its key on disk is unchanged. True if it is in memory.
  bool PutBack(const Row& row);
  // An out row is on disk with another due time: `row.key` is the new key. True if it is in memory.
  bool Deferred(const Row& row);
  // An out row is gone from disk.
  void Done(RowId id);
  // A row that is not out is gone from disk (deleted by an operator, suppressed).
  void Removed(const RowKey& key);
  // All rows that are not out are gone from disk.
  void Cleared();
  // Rows on disk got earlier due times, none earlier than `due_ms`. Their number is unchanged.
  void MovedEarlier(int64_t due_ms);
  // Drops all rows from memory (a paused queue, a lost lease). They stay on disk.
  void Evict();

  struct Refill {
    RowKey from;         // read rows with key >= from, ascending
    uint32_t limit = 0;  // at most so many
    uint32_t epoch = 0;
  };
  // True if rows should be read now: the window is at half of its capacity, disk has more that may
  // be due.
  bool NeedsRefill(int64_t now_ms) const;
  // Starts the one refill that may be under way.
  Refill BeginRefill();
  // What the read gave, ascending; `reached_end`: the queue has no row after them. Rows not taken
  // are released.
  void OnRefilled(const Refill& refill, const std::vector<Row>& rows, bool reached_end);
  // The read failed: nothing changed.
  void OnRefillFailed(const Refill& refill);

  // When to look at this queue again: exact if the first row is in memory, a lower bound if it is
  // on disk, nullopt if no row waits.
  std::optional<int64_t> HeadDueMs() const;

  // Rows above a new, lower capacity leave memory.
  void SetCapacity(uint32_t rows);
  uint32_t capacity() const { return capacity_; }
  // Rows of the queue that are not done, wherever they are.
  uint64_t rows() const { return rows_; }
  uint64_t rows_in_memory() const;
  uint64_t rows_out() const;
  uint64_t rows_on_disk_only() const { return rows_ - rows_in_memory() - rows_out(); }
  const RowKey& cursor() const { return cursor_; }
  bool refill_pending() const;

 private:
  friend class WindowBudget;
  struct Active;

  Active& active();
  // Frees `active_` if it says nothing.
  void Settle();
  uint32_t Allowance() const;
  // A row at a key the disk has: into memory if it is in the covered range.
  bool Place(const Row& row);
  bool Insert(const Row& row);
  void EvictLast();
  void EvictDownTo(uint64_t rows);
  void VoidRefill();
  void EndRefill();
  void Leave(RowId id);
  void NoteOnDisk(const RowKey& key);
  void NoteGone(RowId id);

  WindowBudget* const budget_;
  RowKey cursor_ = kRowKeyEnd;
  uint64_t rows_ = 0;
  uint32_t capacity_ = kWindowRowsMin;
  uint32_t epoch_ = 0;  // of the last refill begun or made void
  std::unique_ptr<Active> active_;
};

}  // namespace convoy::shard
