// The deadline of one stream, kept with as few timers as possible.
//
// A session moves its deadline with every command, but it hardly ever passes. So moving it later
// only stores a number: the timer that is already set fires at the old time, sees that it is too
// early and is set again. While nobody waits there is no timer at all.
//
// Thread:    loop-affine
// Determinism: uses the loop's clock
#pragma once

#include <utility>

#include "runtime/event_loop.h"

namespace convoy {

class DeadlineWatch {
 public:
  // `passed` runs on the loop when the deadline passes while something waits.
  DeadlineWatch(EventLoop& loop, Callback passed) : loop_(loop), passed_(std::move(passed)) {}
  DeadlineWatch(const DeadlineWatch&) = delete;
  DeadlineWatch& operator=(const DeadlineWatch&) = delete;
  ~DeadlineWatch() { loop_.Cancel(timer_); }

  // kMonoMax: none.
  void Set(MonoTime when) {
    when_ = when;
    if (waiting_) Arm();
  }
  // Whether something waits now.
  void SetWaiting(bool waiting) {
    waiting_ = waiting;
    if (waiting_) Arm();
  }
  bool Passed() const { return when_ < kMonoMax && loop_.MonoNow() >= when_; }

 private:
  void Arm() {
    if (when_ >= armed_for_) return;
    loop_.Cancel(timer_);
    timer_ = loop_.CallAt(when_, [this] { Fire(); });
    armed_for_ = when_;
  }
  void Fire() {
    timer_ = TimerId();
    armed_for_ = kMonoMax;
    if (!waiting_) return;
    if (Passed()) {
      passed_();
    } else {
      Arm();
    }
  }

  EventLoop& loop_;
  Callback passed_;
  MonoTime when_ = kMonoMax;
  MonoTime armed_for_ = kMonoMax;  // of timer_; never later than when_ while something waits
  TimerId timer_;
  bool waiting_ = false;
};

}  // namespace convoy
