// Callbacks by due time: what both event loops keep their timers in.
//
// A heap of (time, id) beside a table of callbacks. Cancelling only drops the callback; its heap
// entry goes when it surfaces, or in a sweep when most entries are dead. So a timer that never
// fires, the usual fate of an SMTP timeout, costs one hash insertion and one removal.
//
// Thread:    loop-affine
// Determinism: pure; equal times come out in the order they went in
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/time_types.h"
#include "runtime/event_loop.h"

namespace convoy {

class TimerQueue {
 public:
  TimerId Add(MonoTime when, Callback work);
  // Harmless for an unknown or spent id.
  void Cancel(TimerId id);
  // The earliest due time; kMonoMax when there is none.
  MonoTime next();
  // Takes out the earliest callback. There must be one.
  Callback Pop();

  bool empty() const { return work_.empty(); }
  size_t size() const { return work_.size(); }

 private:
  struct Entry {
    MonoTime when;
    uint64_t id;
    // The heap functions keep the greatest on top; the earliest is our greatest.
    bool operator<(const Entry& o) const { return when != o.when ? when > o.when : id > o.id; }
  };
  void DropDead();
  void Sweep();

  uint64_t last_id_ = 0;
  std::vector<Entry> heap_;
  absl::flat_hash_map<uint64_t, Callback> work_;
};

}  // namespace convoy
