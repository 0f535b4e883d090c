// Task<T>: a lazy coroutine that is awaited once, and Spawn(), which starts one on its own.
//
// Deliberately small: no executor, no cancellation token. A task runs on whatever thread resumes
// it, which for everything below shard/ is the loop thread. Cancellation is by closing the stream
// (or gate) a task waits on; it then ends by itself, with the status of the closed operation.
//
//     Task<absl::Status> Greet(Stream& stream);              // does nothing until awaited
//     const absl::Status greeted = co_await Greet(stream);   // runs it, in this coroutine
//     Spawn(Serve(std::move(stream)));                       // runs it until it ends, detached
//
// House rules (style: Coroutines): only named variables, literals and non-aggregate constructors
// inside a co_await expression, none in a condition, none in a catch block.
//
// Errors:    results are values; an exception that leaves a task ends the process
// Thread:    loop-affine
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"

namespace convoy {

namespace task_internal {

// Resumes whoever awaited the finished task, without growing the stack.
struct FinalAwaiter {
  bool await_ready() noexcept { return false; }
  template <typename Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) noexcept {
    return done.promise().continuation;
  }
  void await_resume() noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { std::terminate(); }
};

template <typename T>
struct Promise : PromiseBase {
  std::optional<T> value;
  auto get_return_object() { return std::coroutine_handle<Promise>::from_promise(*this); }
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T Take() { return std::move(*value); }
};

template <>
struct Promise<void> : PromiseBase {
  auto get_return_object() { return std::coroutine_handle<Promise>::from_promise(*this); }
  void return_void() {}
  void Take() {}
};

}  // namespace task_internal

template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = task_internal::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task(Handle handle) : handle_(handle) {}  // NOLINT: made by the compiler from the promise
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  class Awaiter {
   public:
    explicit Awaiter(Handle handle) : handle_(handle) {}
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
      handle_.promise().continuation = awaiting;
      return handle_;
    }
    T await_resume() { return handle_.promise().Take(); }

   private:
    Handle handle_;
  };
  Awaiter operator co_await() const& = delete;
  Awaiter operator co_await() && {
    CHECK(handle_);
    return Awaiter(handle_);
  }
  // For a task held in a named variable: `co_await task.Join()`.
  Awaiter Join() { return Awaiter(handle_); }

 private:
  Handle handle_;
};

namespace task_internal {

// A coroutine that starts at once and destroys itself at its end.
struct Detached {
  struct promise_type {
    Detached get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

inline Detached RunDetached(Task<void> task) { co_await task.Join(); }

}  // namespace task_internal

// Starts `task` now, on this thread. Its frame is freed when it ends; it must not outlive what it
// references (pass owners by value, or hold a Gate).
inline void Spawn(Task<void> task) { task_internal::RunDetached(std::move(task)); }

}  // namespace convoy
