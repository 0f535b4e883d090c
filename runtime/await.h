// Awaits an operation that answers through a callback.
//
//     Await<absl::Status> committed([&](auto done) { spool.Commit(batch, std::move(done)); });
//     const absl::Status status = co_await committed;
//
// The operation starts when it is awaited. Its callback must run exactly once, in a later turn of
// the loop, and must be destroyed unrun only when the whole loop goes.
//
// Thread:    loop-affine
#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace convoy {

template <typename T>
class [[nodiscard]] Await {
 public:
  using Done = absl::AnyInvocable<void(T)>;
  explicit Await(absl::AnyInvocable<void(Done)> start) : start_(std::move(start)) {}
  Await(const Await&) = delete;
  Await& operator=(const Await&) = delete;

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    start_([this, waiting](T value) {
      value_.emplace(std::move(value));
      waiting.resume();
    });
  }
  T await_resume() { return *std::move(value_); }

 private:
  absl::AnyInvocable<void(Done)> start_;
  std::optional<T> value_;
};

}  // namespace convoy
