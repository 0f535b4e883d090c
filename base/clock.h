// The only place that may read a clock.
//
// Everything that needs the time takes a Clock (or `now`) from its owner, so that the simulator and
// the tests can run on virtual time. The lint forbids clock reads elsewhere.
//
// Thread:    thread-safe
#pragma once

#include "base/time_types.h"

namespace convoy {

class Clock {
 public:
  virtual ~Clock() = default;
  // Monotonic, counts while the machine is suspended: a lease must not outlive a suspend.
  virtual MonoTime MonoNow() const = 0;
  // Civil time. May jump in both directions.
  virtual WallTime WallNow() const = 0;
};

// CLOCK_BOOTTIME and CLOCK_REALTIME of this machine. Never null, lives for ever.
const Clock& SystemClock();

// A clock that moves only when told. Both times advance together; the wall may also be set to jump.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(MonoTime mono = {1000000}, WallTime wall = {1700000000000000})
      : mono_(mono), wall_(wall) {}
  MonoTime MonoNow() const override { return mono_; }
  WallTime WallNow() const override { return wall_; }
  void Advance(Duration d) {
    mono_ = mono_ + d;
    wall_ = wall_ + d;
  }
  void SetWall(WallTime wall) { wall_ = wall; }

 private:
  MonoTime mono_;
  WallTime wall_;
};

}  // namespace convoy
