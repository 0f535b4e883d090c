#include "smtp/input.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace convoy::smtp {

Input::Input(EventLoop& loop, Stream& stream, size_t capacity_bytes)
    : loop_(loop),
      stream_(stream),
      capacity_bytes_(capacity_bytes),
      buffer_(new char[capacity_bytes]) {}

Input::~Input() { CHECK(Drained() && waiting_ == nullptr); }

void Input::Consume(size_t size) {
  CHECK(size <= end_ - begin_);
  begin_ += size;
  if (begin_ == end_) begin_ = end_ = 0;
}

Input::WaitOp Input::Wait() { return WaitOp(*this, Wake::kBytesOrEnd, kMonoMax); }

Input::WaitOp Input::WaitInterruptibly(MonoTime until) {
  return WaitOp(*this, Wake::kInterruptible, until);
}

Input::WaitOp Input::Drain() { return WaitOp(*this, Wake::kDrained, kMonoMax); }

void Input::ReadAhead() {
  reading_ahead_ = true;
  StartRead();
}

void Input::StartRead() {
  if (read_pending_ || !status_.ok()) return;
  if (begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  CHECK(end_ < capacity_bytes_ || reading_ahead_);
  if (end_ == capacity_bytes_) return;
  read_pending_ = true;
  stream_.StartRead(buffer_.get() + end_, capacity_bytes_ - end_,
                    [this](absl::StatusOr<size_t> result) { OnRead(std::move(result)); });
}

void Input::OnRead(absl::StatusOr<size_t> result) {
  read_pending_ = false;
  fresh_ = true;
  if (!result.ok()) {
    status_ = std::move(result).status();
  } else if (*result == 0) {
    status_ = absl::UnavailableError("the peer closed the connection");
  } else {
    end_ += *result;
  }
  // A posted interrupt refers to this object: it does the resuming, so that the owner cannot end
  // the session before it has run.
  if (waiting_ != nullptr && !interrupt_posted_) {
    ResumeWith(Event::kBytes);
  } else if (reading_ahead_) {
    StartRead();
  }
}

void Input::Interrupt() {
  interrupted_ = true;
  if (waiting_ == nullptr || waiting_->wake_ != Wake::kInterruptible || interrupt_posted_) return;
  interrupt_posted_ = true;
  loop_.Post([this] { OnInterrupt(); });
}

void Input::OnInterrupt() {
  interrupt_posted_ = false;
  ResumeWith(fresh_ ? Event::kBytes : Event::kInterrupted);
}

void Input::OnTimer() {
  timer_ = TimerId();
  if (!interrupt_posted_) ResumeWith(Event::kTimeout);
}

void Input::ResumeWith(Event event) {
  loop_.Cancel(std::exchange(timer_, TimerId()));
  if (event == Event::kBytes) {
    fresh_ = false;
    if (!status_.ok()) event = Event::kEnd;
  }
  if (event == Event::kInterrupted) interrupted_ = false;
  WaitOp* const op = std::exchange(waiting_, nullptr);
  op->event_ = event;
  op->handle_.resume();
}

bool Input::WaitOp::await_ready() {
  CHECK(input_.waiting_ == nullptr);
  if (wake_ == Wake::kDrained) return input_.Drained();
  if (!input_.status_.ok()) {
    event_ = Event::kEnd;
    return true;
  }
  if (std::exchange(input_.fresh_, false)) {
    event_ = Event::kBytes;
    return true;
  }
  if (wake_ == Wake::kInterruptible && std::exchange(input_.interrupted_, false)) {
    event_ = Event::kInterrupted;
    return true;
  }
  return false;
}

void Input::WaitOp::await_suspend(std::coroutine_handle<> waiting) {
  handle_ = waiting;
  input_.waiting_ = this;
  input_.reading_ahead_ = false;
  if (wake_ == Wake::kDrained) return;
  input_.StartRead();
  if (wake_ == Wake::kInterruptible && until_ < kMonoMax) {
    Input& input = input_;
    input.timer_ = input.loop_.CallAt(until_, [&input] { input.OnTimer(); });
  }
}

}  // namespace convoy::smtp
