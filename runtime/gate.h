// Counts work in progress on an object, so that stopping it can wait for the last of it.
//
//     Gate::Hold hold = gate.TryEnter();   // empty once the gate is closed
//     if (!hold) return;                   // refuse new work
//     ...                                  // leaving the scope lets go
//
// Thread:    loop-affine
#pragma once

#include <utility>

#include "absl/functional/any_invocable.h"
#include "base/check.h"

namespace convoy {

class Gate {
 public:
  class Hold {
   public:
    Hold() = default;
    explicit Hold(Gate* gate) : gate_(gate) { ++gate_->inside_; }
    Hold(Hold&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Hold& operator=(Hold&& other) noexcept {
      if (this != &other) {
        Release();
        gate_ = std::exchange(other.gate_, nullptr);
      }
      return *this;
    }
    ~Hold() { Release(); }
    explicit operator bool() const { return gate_ != nullptr; }

   private:
    void Release() {
      if (gate_ != nullptr) std::exchange(gate_, nullptr)->Leave();
    }
    Gate* gate_ = nullptr;
  };

  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate() { CHECK(inside_ == 0); }

  Hold TryEnter() { return closed_ ? Hold() : Hold(this); }
  // No new work from now on; `empty` runs when the last hold is gone (at once if there is none).
  void Close(absl::AnyInvocable<void()> empty) {
    CHECK(!closed_);
    closed_ = true;
    empty_ = std::move(empty);
    RunIfEmpty();
  }
  bool closed() const { return closed_; }
  int inside() const { return inside_; }

 private:
  void Leave() {
    --inside_;
    RunIfEmpty();
  }
  void RunIfEmpty() {
    if (closed_ && inside_ == 0 && empty_ != nullptr) std::exchange(empty_, nullptr)();
  }
  int inside_ = 0;
  bool closed_ = false;
  absl::AnyInvocable<void()> empty_;
};

}  // namespace convoy
