#include "runtime/virtual_loop.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace convoy {

VirtualLoop::~VirtualLoop() {
  // One by one: what a callback holds may cancel other timers while it goes.
  TakePosted();
  while (!timers_.empty()) timers_.Pop();
}

void VirtualLoop::Post(Callback work) {
  const std::lock_guard lock(mutex_);
  posted_.push_back(std::move(work));
}

TimerId VirtualLoop::CallAt(MonoTime when, Callback work) {
  TakePosted();  // keeps the order of Post and CallAt calls
  return timers_.Add(std::max(when, MonoNow()), std::move(work));
}

bool VirtualLoop::RunOne() {
  TakePosted();
  if (timers_.empty()) return false;
  now_us_.store(timers_.next().us, std::memory_order_relaxed);
  ++events_run_;
  timers_.Pop()();
  return true;
}

void VirtualLoop::RunUntil(MonoTime when) {
  CHECK(when < kMonoMax);
  while (next() <= when) RunOne();
  now_us_.store(std::max(MonoNow(), when).us, std::memory_order_relaxed);
}

void VirtualLoop::RunUntilIdle() {
  const int64_t events_limit = events_run_ + kEventsMax;
  while (RunOne()) CHECK(events_run_ < events_limit);
}

bool VirtualLoop::RunUntilTrue(absl::FunctionRef<bool()> condition, MonoTime limit) {
  while (!condition()) {
    if (next() > limit) {
      RunUntil(limit);
      return false;
    }
    RunOne();
  }
  return true;
}

MonoTime VirtualLoop::next() {
  TakePosted();
  return timers_.next();
}

void VirtualLoop::TakePosted() {
  std::vector<Callback> posted;
  {
    const std::lock_guard lock(mutex_);
    posted.swap(posted_);
  }
  for (Callback& work : posted) timers_.Add(MonoNow(), std::move(work));
}

}  // namespace convoy
