// Received bytes that are not yet understood, and the one read that fills them.
//
// A read cannot be taken back, so it may outlive the wait it was started for: a session that idles,
// or that writes a large body, keeps a read pending and is resumed by whatever comes first.
// Buffering is bounded; a dialogue consumes what it understands and asks for more.
//
//     const Input::Event event = co_await input.Wait(until);
//       kBytes        there are new bytes
//       kEnd          no more will come: status()
//       kInterrupted  Interrupt() was called
//       kTimeout      `until` has come (the stream's own deadline is separate and gives kEnd)
//
// Limits:    the capacity; Wait() with a full buffer is a bug of the caller
// Errors:    status(): the stream's; Unavailable when the peer ended the connection
// Thread:    loop-affine
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/event_loop.h"
#include "runtime/stream.h"

namespace convoy::smtp {

class Input {
 public:
  enum class Event { kBytes, kEnd, kInterrupted, kTimeout };
  class [[nodiscard]] WaitOp;

  Input(EventLoop& loop, Stream& stream, size_t capacity_bytes);
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input();  // nothing may be pending: see Drain()

  // Received and not consumed. Valid until the next wait or ReadAhead().
  std::string_view bytes() const { return {buffer_.get() + begin_, end_ - begin_}; }
  void Consume(size_t size);
  void Discard() { Consume(end_ - begin_); }
  // Not OK once no more bytes will come.
  const absl::Status& status() const { return status_; }
  bool read_pending() const { return read_pending_; }

  // Starts a read if none is pending (which also starts writing what the stream has queued) and
  // waits for new bytes. Ends at once with kEnd if the end was seen before.
  WaitOp Wait();
  // The same, and also ends at `until` or by Interrupt().
  WaitOp WaitInterruptibly(MonoTime until);
  // Reads on without anyone waiting, as far as there is room, until the next wait.
  void ReadAhead();
  // Ends the pending or else the next WaitInterruptibly(), in a later turn.
  void Interrupt();

  // After Stream::Close(): waits until nothing refers to this object any more.
  WaitOp Drain();

 private:
  enum class Wake { kBytesOrEnd, kInterruptible, kDrained };

  void StartRead();
  void OnRead(absl::StatusOr<size_t> result);
  void OnInterrupt();
  void OnTimer();
  void ResumeWith(Event event);
  bool Drained() const { return !read_pending_ && !interrupt_posted_; }

  // constant after construction
  EventLoop& loop_;
  Stream& stream_;
  const size_t capacity_bytes_;
  const std::unique_ptr<char[]> buffer_;

  // loop state
  size_t begin_ = 0;
  size_t end_ = 0;
  absl::Status status_;
  bool read_pending_ = false;
  bool reading_ahead_ = false;
  bool fresh_ = false;        // bytes came that no Wait() has announced
  bool interrupted_ = false;  // Interrupt() was called and no wait has told so
  bool interrupt_posted_ = false;
  TimerId timer_;
  WaitOp* waiting_ = nullptr;
};

class Input::WaitOp {
 public:
  bool await_ready();
  void await_suspend(std::coroutine_handle<> waiting);
  Event await_resume() const { return event_; }

 private:
  friend class Input;
  WaitOp(Input& input, Wake wake, MonoTime until) : input_(input), wake_(wake), until_(until) {}

  Input& input_;
  const Wake wake_;
  const MonoTime until_;
  Event event_ = Event::kBytes;
  std::coroutine_handle<> handle_;
};

}  // namespace convoy::smtp
