// The seam between the product and the world: one thread's time, timers and posted work.
//
// AsioLoop runs it on the kernel, SimLoop (sim/) on virtual time. Production code cannot tell
// which. Everything a shard owns is touched only from its loop; other threads hand values in with
// Post().
//
// Thread:    loop-affine, except Post()
// Determinism: timers with equal deadlines fire in the order they were set
#pragma once

#include <coroutine>
#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "base/clock.h"
#include "base/strong_id.h"
#include "base/time_types.h"

namespace convoy {

using Callback = absl::AnyInvocable<void()>;

struct TimerIdTag;
using TimerId = StrongId<TimerIdTag, uint64_t>;  // 0: no timer

class EventLoop : public Clock {
 public:
  // Runs `work` on the loop thread in a later turn, in the order of the calls. Thread-safe.
  virtual void Post(Callback work) = 0;
  // Runs `work` at `when` or soon after; a past time means the next turn.
  virtual TimerId CallAt(MonoTime when, Callback work) = 0;
  // The work will not run. Harmless for a timer that has fired or for TimerId(0).
  virtual void Cancel(TimerId timer) = 0;

  TimerId CallAfter(Duration delay, Callback work) {
    return CallAt(MonoNow() + delay, std::move(work));
  }
};

// `co_await SleepUntil(loop, when)`. Cannot be cancelled: use for short, bounded waits only.
class SleepUntil {
 public:
  SleepUntil(EventLoop& loop, MonoTime when) : loop_(loop), when_(when) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    loop_.CallAt(when_, [waiting] { waiting.resume(); });
  }
  void await_resume() const noexcept {}

 private:
  EventLoop& loop_;
  MonoTime when_;
};

}  // namespace convoy
