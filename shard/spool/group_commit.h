// The loop's side of a store: merges commits into cycles and keeps reads and commits in order.
//
//     loop     Commit Commit Read | Commit Read Commit ...      (filling)
//     disk                        [ write, sync, view, ]        (one cycle at a time)
//
// A cycle is everything that was asked for while the one before was on its way to the disk: first
// its batches are written and synced as one, then a view (snapshot) of the store is taken for its
// reads. The next cycle starts when the write has been reported; reads go on beside it. Because a
// view is taken after its own cycle's write and before the next one's, and because the write is
// reported first, a read sees what kv_store.h promises.
//
// A write that finds no room stalls: the same cycle is started again every kStallRetry until it
// succeeds. Nothing is lost, nothing is reordered.
//
// Thread:    loop-affine; a StoreDriver works elsewhere and reports by EventLoop::Post
// Determinism: pure, given the driver
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/time_types.h"
#include "runtime/event_loop.h"
#include "shard/spool/kv_store.h"

namespace convoy::shard {

inline constexpr Duration kStallRetry = Seconds(1);
inline constexpr Duration kFloorRecheck = Seconds(1);
// A cycle that has reached this is closed; what comes later starts another.
inline constexpr size_t kCycleBytesMax = size_t{8} << 20;
// Callbacks run in one turn of the loop.
inline constexpr size_t kCallbacksPerTurn = 64;

struct GetRequest {
  Cf cf;
  std::string key;
};
struct ScanRequest {
  KvRange range;
  size_t rows_max;
  size_t bytes_max;
};
struct SurveyRequest {
  Cf cf;
  size_t prefix_bytes;
  SurveyMode mode;
};
using ReadRequest = std::variant<GetRequest, ScanRequest, SurveyRequest>;
using ReadResult = std::variant<absl::StatusOr<std::string>, absl::StatusOr<KvScan>,
                                absl::StatusOr<std::vector<KvGroup>>>;

// Immutable once it has been given to the driver.
struct StoreCycle {
  uint64_t number = 0;
  std::vector<KvBatch> batches;
  std::vector<ReadRequest> reads;
};

// What the disk says about a cycle's batches.
struct CycleWritten {
  absl::Status status;  // OK, or ResourceExhausted: nothing was written, try again
  uint64_t free_bytes = 0;
};

class StoreDriver {
 public:
  virtual ~StoreDriver() = default;
  // Begins a cycle, or begins it again after ResourceExhausted (`again`). Reports by
  // GroupCommit::OnWritten, then, if the cycle has reads and was written, by OnRead, each in a
  // later turn of the loop.
  virtual void StartCycle(std::shared_ptr<const StoreCycle> cycle, bool again) = 0;
};

class GroupCommit {
 public:
  // `loop` and `driver` outlive this object. `floor_bytes`: accept nothing new with less free.
  GroupCommit(EventLoop& loop, StoreDriver& driver, uint64_t floor_bytes);
  ~GroupCommit();
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  void Commit(KvBatch batch, StatusDone done);
  void Scan(KvRange range, size_t rows_max, size_t bytes_max, ScanDone done);
  void Get(Cf cf, std::string key, GetDone done);
  void Survey(Cf cf, size_t prefix_bytes, SurveyMode mode, SurveyDone done);

  void OnWritten(uint64_t cycle, CycleWritten written);
  void OnRead(uint64_t cycle, std::vector<ReadResult> results);

  const StoreHealth& health() const { return health_; }
  void AddHealthListener(std::function<void()> changed) {
    listeners_.push_back(std::move(changed));
  }
  size_t pending_bytes() const { return pending_bytes_; }
  void Stop(Callback stopped);

 private:
  using ReadDone = std::variant<GetDone, ScanDone, SurveyDone>;
  struct Waiting {
    std::shared_ptr<StoreCycle> cycle;
    std::vector<StatusDone> commits;
    std::vector<ReadDone> reads;
    size_t bytes = 0;
    bool closed = false;
  };

  Waiting& Filling();
  void AddRead(ReadRequest request, ReadDone done, bool exact);
  void StartSoon();
  void StartNext();
  void Retry();
  void Complete(Callback callback);
  void Drain();
  void Cancel(Waiting waiting);
  void Post(void (GroupCommit::*method)());
  void SetHealth(StoreHealth health);
  void Measure(const CycleWritten& written);
  void UpdateCongestion();
  void StopIfIdle();

  EventLoop& loop_;
  StoreDriver& driver_;
  const uint64_t floor_bytes_;

  std::deque<Waiting> waiting_;         // filling, and closed cycles before it
  std::unique_ptr<Waiting> in_flight_;  // being written
  std::deque<Waiting> reading_;         // written, reads outstanding
  std::deque<Callback> completed_;      // to be called, in order
  uint64_t cycles_ = 0;
  size_t pending_bytes_ = 0;
  bool start_posted_ = false;
  bool drain_posted_ = false;
  TimerId timer_{};  // retry of a stalled cycle, or another look at the free space
  StoreHealth health_;
  std::vector<std::function<void()>> listeners_;
  Callback stopped_;
  bool stopping_ = false;
  // Posted work that outlives this object finds the token gone.
  std::shared_ptr<GroupCommit*> self_;
};

}  // namespace convoy::shard
