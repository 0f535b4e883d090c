// Where a write of the log waits when the disk is full.
//
// RocksDB does not survive a log that fails twice, so it never sees that the log has no room: the
// write stands still inside the file system, on the commit thread, and is tried again when the loop
// says so. The bytes go to the same place of the file each time, so a write that got half way is
// repaired by the next.
//
//     open --no room--> blocked --Retry (loop)--> open: tries again
//                          \-----GiveUp (loop)--> given up: no room is passed on from now on
//
// Thread:    WaitForRoom on the commit thread, between Arm and Disarm; Retry and GiveUp on the loop
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

namespace convoy::shard {

class RoomGate {
 public:
  // From now on a write without room waits. `blocked` runs each time it begins to wait.
  void Arm(std::function<void()> blocked) { blocked_ = std::move(blocked); }
  void Disarm() { blocked_ = nullptr; }

  // There was no room: true when the write should be tried again, false when it has failed.
  bool WaitForRoom() {
    if (blocked_ == nullptr) return false;
    State expected = State::kOpen;
    if (!state_.compare_exchange_strong(expected, State::kBlocked)) return false;
    blocked_();
    state_.wait(State::kBlocked);
    return state_.load() == State::kOpen;
  }

  // False if nobody waits.
  bool Retry() { return Leave(State::kOpen); }
  void GiveUp() {
    if (!Leave(State::kGivenUp)) state_.store(State::kGivenUp);
  }

 private:
  enum class State : uint32_t { kOpen, kBlocked, kGivenUp };

  bool Leave(State next) {
    State expected = State::kBlocked;
    if (!state_.compare_exchange_strong(expected, next)) return false;
    state_.notify_one();
    return true;
  }

  std::atomic<State> state_ = State::kOpen;
  std::function<void()> blocked_;  // of the commit thread
};

}  // namespace convoy::shard
