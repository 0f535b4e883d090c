// An event loop on virtual time: time stands still while work runs and jumps to the next timer.
//
// For unit tests and the simulator. The same calls in the same order give the same run.
//
//     VirtualLoop loop;
//     loop.CallAfter(Hours(1), [&] { fired = true; });
//     loop.RunUntilIdle();                    // an hour later, at once
//
// Limits:    kEventsMax in one RunUntilIdle, then the process stops: something spins
// Thread:    single-threaded, except Post() and the clocks
// Determinism: pure; work due at one time runs in the order it was posted or set
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/time_types.h"
#include "runtime/event_loop.h"
#include "runtime/timer_queue.h"

namespace convoy {

class VirtualLoop final : public EventLoop {
 public:
  static constexpr int64_t kEventsMax = 200'000'000;

  explicit VirtualLoop(MonoTime mono = {1000000}, WallTime wall = {1700000000000000})
      : now_us_(mono.us), wall_offset_us_(wall.us - mono.us) {}
  ~VirtualLoop() override;

  void Post(Callback work) override;
  TimerId CallAt(MonoTime when, Callback work) override;
  void Cancel(TimerId timer) override { timers_.Cancel(timer); }
  MonoTime MonoNow() const override { return {now_us_.load(std::memory_order_relaxed)}; }
  WallTime WallNow() const override {
    return {now_us_.load(std::memory_order_relaxed) +
            wall_offset_us_.load(std::memory_order_relaxed)};
  }

  // Runs the next piece of work, moving time to it. False if there is none.
  bool RunOne();
  // Runs everything due up to and including `when`; the time is `when` afterwards.
  void RunUntil(MonoTime when);
  void RunFor(Duration d) { RunUntil(MonoNow() + d); }
  // Runs until no work is left.
  void RunUntilIdle();
  // Runs until `condition` holds; false if it did not before `limit` (time is then `limit`).
  bool RunUntilTrue(absl::FunctionRef<bool()> condition, MonoTime limit);

  // The time of the next piece of work; kMonoMax if there is none.
  MonoTime next();
  // The civil clock jumps; the monotonic one does not.
  void JumpWall(Duration by) { wall_offset_us_.fetch_add(by.us, std::memory_order_relaxed); }
  int64_t events_run() const { return events_run_; }

 private:
  void TakePosted();

  std::atomic<int64_t> now_us_;
  std::atomic<int64_t> wall_offset_us_;
  TimerQueue timers_;
  int64_t events_run_ = 0;

  std::mutex mutex_;
  std::vector<Callback> posted_;  // guarded by mutex_
};

}  // namespace convoy
