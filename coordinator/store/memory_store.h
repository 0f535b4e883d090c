// A Store in memory, for the simulator and for tests: a disk that survives, and a store that does
// not.
//
//     MemoryDisk disk;
//     auto store = std::make_unique<MemoryStore>(loop, disk, Milliseconds(3));
//     store.reset();   // a crash: what was not yet `done` is lost
//
// Thread:    loop-affine
// Determinism: pure; a commit takes exactly `latency` of the loop's time
#pragma once

#include <map>
#include <memory>

#include "coordinator/store/store.h"
#include "runtime/event_loop.h"

namespace convoy::coordinator {

struct MemoryDisk {
  Epoch epoch;
  AssignmentTable table;
  std::map<MemberId, MemberRecord> members;
  std::map<uint64_t, ConfigRecordPtr> configs;
};

class MemoryStore final : public Store {
 public:
  MemoryStore(EventLoop& loop, MemoryDisk& disk, Duration latency = {})
      : loop_(loop), disk_(disk), latency_(latency) {}

  absl::StatusOr<Opened> Open() override;
  void Commit(StoreWrite write, Done done) override;

 private:
  EventLoop& loop_;
  MemoryDisk& disk_;
  const Duration latency_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // commits on the way hold it weakly
};

}  // namespace convoy::coordinator
