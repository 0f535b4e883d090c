#include "runtime/timer_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace convoy {
namespace {

constexpr size_t kSweepEntriesMin = 1024;

}  // namespace

TimerId TimerQueue::Add(MonoTime when, Callback work) {
  const uint64_t id = ++last_id_;
  work_.emplace(id, std::move(work));
  heap_.push_back({.when = when, .id = id});
  std::push_heap(heap_.begin(), heap_.end());
  return TimerId(id);
}

void TimerQueue::Cancel(TimerId id) {
  const auto found = work_.find(id.value());
  if (found == work_.end()) return;
  const Callback dropped = std::move(found->second);  // its destructor may come back to us
  work_.erase(found);
  if (heap_.size() > kSweepEntriesMin && heap_.size() > 2 * work_.size()) Sweep();
}

MonoTime TimerQueue::next() {
  DropDead();
  return heap_.empty() ? kMonoMax : heap_.front().when;
}

Callback TimerQueue::Pop() {
  DropDead();
  CHECK(!heap_.empty());
  const auto found = work_.find(heap_.front().id);
  Callback work = std::move(found->second);
  work_.erase(found);
  std::pop_heap(heap_.begin(), heap_.end());
  heap_.pop_back();
  return work;
}

void TimerQueue::DropDead() {
  while (!heap_.empty() && !work_.contains(heap_.front().id)) {
    std::pop_heap(heap_.begin(), heap_.end());
    heap_.pop_back();
  }
}

void TimerQueue::Sweep() {
  std::erase_if(heap_, [this](const Entry& e) { return !work_.contains(e.id); });
  std::make_heap(heap_.begin(), heap_.end());
}

}  // namespace convoy
