// The event loop of a daemon: one thread, epoll, and timers on CLOCK_BOOTTIME.
//
// A turn takes what other threads posted, runs posted work, then due timers, then asks the kernel
// once which descriptors are ready. Work posted from the loop thread itself runs in the same turn,
// up to kRoundsMax rounds, without another system call. Other threads wake the loop through an
// eventfd, and only when it sleeps. Descriptors are registered once, edge-triggered, for both
// directions: waiting for readiness costs no system call.
//
// A callback that takes longer than kSlowTurn is logged with what it was (see
// runtime/turn_cause.h).
//
// Thread:    loop-affine, except Post(), Stop() and the clocks. Before Run() the constructing
// thread
//            counts as the loop thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/time_types.h"
#include "runtime/event_loop.h"
#include "runtime/timer_queue.h"

struct epoll_event;

namespace convoy {

// Told when its descriptor becomes readable or writable, or fails.
class FdWatcher {
 public:
  virtual ~FdWatcher() = default;
  // `events` as epoll reports them. Called once for each change: work until EAGAIN, or remember.
  virtual void OnReady(uint32_t events) = 0;
};

class KernelLoop final : public EventLoop {
 public:
  static constexpr Duration kSlowTurn = Milliseconds(5);
  static constexpr int kRoundsMax = 16;
  static constexpr int kTimersMax = 1024;  // in one turn, so that descriptors get their share

  KernelLoop();
  KernelLoop(const KernelLoop&) = delete;
  KernelLoop& operator=(const KernelLoop&) = delete;
  ~KernelLoop() override;

  void Post(Callback work) override;
  TimerId CallAt(MonoTime when, Callback work) override;
  void Cancel(TimerId timer) override { timers_.Cancel(timer); }
  MonoTime MonoNow() const override { return clock_.MonoNow(); }
  WallTime WallNow() const override { return clock_.WallNow(); }

  // Runs on the calling thread until Stop(). May be called again.
  void Run();
  // Run() returns after the current turn. Thread-safe.
  void Stop();
  // Runs until `condition` holds; false if it did not before `limit`.
  bool RunUntilTrue(absl::FunctionRef<bool()> condition, MonoTime limit);

  // Edge-triggered, both directions. Unwatch before the descriptor is closed.
  void Watch(int fd, FdWatcher* watcher);
  void Unwatch(FdWatcher* watcher);

  int64_t slow_turns() const { return slow_turns_; }

 private:
  bool on_loop_thread() const;
  void RunWork();
  void TakeInbox();
  void RunReady();
  void RunTimers();
  void Poll(MonoTime limit);
  // Whether a wake-up must be sent for what other threads post from now on.
  bool PrepareToSleep();
  void FinishTiming(const char* kind);
  void LogSlow(Duration took, const char* kind);

  // Constant after construction.
  const Clock& clock_;
  int epoll_fd_ = -1;
  int wake_fd_ = -1;

  // Loop state.
  std::deque<Callback> ready_;
  TimerQueue timers_;
  std::unique_ptr<epoll_event[]> events_;
  int events_next_ = 0;  // the part of events_ not yet handed out
  int events_end_ = 0;
  bool stopped_ = false;
  MonoTime step_started_{};

  // Statistics.
  int64_t slow_turns_ = 0;
  int64_t slow_unlogged_ = 0;
  MonoTime slow_logged_at_{};

  std::mutex mutex_;
  std::vector<Callback> inbox_;  // guarded by mutex_
  bool sleeping_ = false;        // guarded by mutex_
};

}  // namespace convoy
