// The event loop of one simulated process: virtual time it shares with all others, clocks of its
// own, and kill -9.
//
// Killing a process drops everything it was waiting for. Its objects are not destroyed (a killed
// process runs no destructors): their owner leaves them where they are, and nothing ever calls into
// them again.
//
// Thread:    loop-affine
// Determinism: pure, given the shared loop
#pragma once

#include <memory>
#include <utility>

#include "runtime/event_loop.h"

namespace convoy::sim {

class ProcessLoop final : public EventLoop {
 public:
  // The clocks of this process are ahead of the shared ones by these amounts.
  ProcessLoop(EventLoop& shared, Duration mono_ahead, Duration wall_ahead)
      : shared_(shared), mono_ahead_(mono_ahead), wall_ahead_(wall_ahead) {}

  void Post(Callback work) override { shared_.Post(Guard(std::move(work))); }
  TimerId CallAt(MonoTime when, Callback work) override {
    const MonoTime there = when >= kMonoMax ? kMonoMax : when - mono_ahead_;
    return shared_.CallAt(there, Guard(std::move(work)));
  }
  void Cancel(TimerId timer) override { shared_.Cancel(timer); }
  MonoTime MonoNow() const override { return shared_.MonoNow() + mono_ahead_; }
  WallTime WallNow() const override { return shared_.WallNow() + wall_ahead_; }

  void Kill() { *alive_ = false; }
  bool alive() const { return *alive_; }

 private:
  Callback Guard(Callback work) {
    return [alive = alive_, work = std::move(work)]() mutable {
      if (*alive) work();
    };
  }

  EventLoop& shared_;
  const Duration mono_ahead_;
  const Duration wall_ahead_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace convoy::sim
