// One recipient of one queue as the window knows it: its key in the spool and a handle of the
// caller's.
//
// The order is the order of the spool's keys: due | seq | rcpt.
//
// Units:     due_ms milliseconds since the Unix epoch (wall time)
// Determinism: pure
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <utility>

namespace convoy::shard {

// What stays the same while a recipient is deferred again and again.
struct RowId {
  uint64_t seq = 0;
  uint16_t rcpt = 0;
  auto operator<=>(const RowId&) const = default;
  template <typename H>
  friend H AbslHashValue(H h, const RowId& id) {
    return H::combine(std::move(h), id.seq, id.rcpt);
  }
};

struct RowKey {
  int64_t due_ms = 0;
  RowId id;
  auto operator<=>(const RowKey&) const = default;
};
// Above every key.
constexpr RowKey kRowKeyEnd{std::numeric_limits<int64_t>::max(), {UINT64_MAX, UINT16_MAX}};

// The smallest key above `key`.
constexpr RowKey NextKey(RowKey key) {
  if (key.id.rcpt != UINT16_MAX)
    return {key.due_ms, {key.id.seq, static_cast<uint16_t>(key.id.rcpt + 1)}};
  if (key.id.seq != UINT64_MAX) return {key.due_ms, {key.id.seq + 1, 0}};
  return {key.due_ms + 1, {0, 0}};
}

struct Row {
  RowKey key;
  uint64_t handle = 0;  // the caller's: what it needs to attempt this row
};

}  // namespace convoy::shard
