#include "runtime/kernel_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "runtime/turn_cause.h"

namespace convoy {
namespace {

constexpr int kEventsMax = 256;
// The kernel's wait does not count a suspend; timers do, so look at the clock at least this often.
constexpr Duration kSleepMax = Seconds(1);
constexpr Duration kSlowLogInterval = Seconds(1);

thread_local const KernelLoop* t_running_loop = nullptr;

timespec ToTimespec(Duration d) {
  return {.tv_sec = d.us / 1000000, .tv_nsec = d.us % 1000000 * 1000};
}

}  // namespace

KernelLoop::KernelLoop() : clock_(SystemClock()), events_(new epoll_event[kEventsMax]) {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  CHECK(epoll_fd_ >= 0 && wake_fd_ >= 0);
  // Edge-triggered and never read: each write is one wake-up.
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
  CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) == 0);
}

KernelLoop::~KernelLoop() {
  // One by one: what a callback holds may post or cancel while it goes.
  for (TakeInbox(); !ready_.empty() || !timers_.empty(); TakeInbox()) {
    Callback dropped;
    if (ready_.empty()) {
      dropped = timers_.Pop();
    } else {
      dropped = std::move(ready_.front());
      ready_.pop_front();
    }
  }
  close(wake_fd_);
  close(epoll_fd_);
}

bool KernelLoop::on_loop_thread() const { return t_running_loop == this; }

void KernelLoop::Post(Callback work) {
  if (on_loop_thread()) {
    ready_.push_back(std::move(work));
    return;
  }
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(work));
    wake = std::exchange(sleeping_, false);
  }
  if (wake) {
    const uint64_t one = 1;
    // Fails only when the counter is full, and then the loop is awake.
    [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
  }
}

TimerId KernelLoop::CallAt(MonoTime when, Callback work) {
  return timers_.Add(when, std::move(work));
}

void KernelLoop::Run() {
  const KernelLoop* const outer = std::exchange(t_running_loop, this);
  stopped_ = false;
  for (;;) {
    RunWork();
    if (stopped_) break;
    Poll(kMonoMax);
  }
  t_running_loop = outer;
}

void KernelLoop::Stop() {
  Post([this] { stopped_ = true; });
}

bool KernelLoop::RunUntilTrue(absl::FunctionRef<bool()> condition, MonoTime limit) {
  const KernelLoop* const outer = std::exchange(t_running_loop, this);
  bool holds = condition();
  while (!holds && MonoNow() < limit) {
    RunWork();
    holds = condition();
    if (!holds) Poll(limit);
  }
  t_running_loop = outer;
  return holds;
}

void KernelLoop::RunWork() {
  step_started_ = MonoNow();
  TakeInbox();
  RunReady();
  RunTimers();
  RunReady();
}

void KernelLoop::TakeInbox() {
  std::vector<Callback> inbox;
  {
    const std::lock_guard lock(mutex_);
    sleeping_ = false;
    inbox.swap(inbox_);
  }
  for (Callback& work : inbox) ready_.push_back(std::move(work));
}

void KernelLoop::RunReady() {
  for (int round = 0; round < kRoundsMax && !ready_.empty(); ++round) {
    for (size_t left = ready_.size(); left > 0; --left) {
      Callback work = std::move(ready_.front());
      ready_.pop_front();
      work();
      FinishTiming("posted work");
    }
  }
}

void KernelLoop::RunTimers() {
  const MonoTime now = step_started_;
  for (int i = 0; i < kTimersMax && timers_.next() <= now; ++i) {
    Callback work = timers_.Pop();
    work();
    FinishTiming("timer");
  }
}

bool KernelLoop::PrepareToSleep() {
  if (!ready_.empty()) return false;
  const std::lock_guard lock(mutex_);
  if (!inbox_.empty()) return false;
  sleeping_ = true;
  return true;
}

void KernelLoop::Poll(MonoTime limit) {
  Duration wait{0};
  if (PrepareToSleep()) {
    wait = std::min(timers_.next(), limit) - MonoNow();
    wait = std::clamp(wait, Duration{0}, kSleepMax);
  }
  const timespec timeout = ToTimespec(wait);
  const int n = epoll_pwait2(epoll_fd_, events_.get(), kEventsMax, &timeout, nullptr);
  CHECK(n >= 0 || errno == EINTR);
  step_started_ = MonoNow();
  events_end_ = std::max(n, 0);
  for (events_next_ = 0; events_next_ < events_end_;) {
    const epoll_event event = events_[events_next_++];
    auto* const watcher = static_cast<FdWatcher*>(event.data.ptr);
    if (watcher == nullptr) continue;  // the wake-up, or a watcher that has left
    watcher->OnReady(event.events);
    FinishTiming("descriptor");
  }
  events_next_ = events_end_ = 0;
}

void KernelLoop::Watch(int fd, FdWatcher* watcher) {
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = watcher}};
  CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0);
}

void KernelLoop::Unwatch(FdWatcher* watcher) {
  // Closing the descriptor takes it out of the kernel's set; forget what is already reported.
  for (int i = events_next_; i < events_end_; ++i) {
    if (events_[i].data.ptr == watcher) events_[i].data.ptr = nullptr;
  }
}

void KernelLoop::FinishTiming(const char* kind) {
  const MonoTime now = MonoNow();
  const Duration took = now - std::exchange(step_started_, now);
  if (took > kSlowTurn) LogSlow(took, kind);
  TakeTurnName();
}

void KernelLoop::LogSlow(Duration took, const char* kind) {
  ++slow_turns_;
  if (step_started_ - slow_logged_at_ < kSlowLogInterval && slow_logged_at_.us != 0) {
    ++slow_unlogged_;
    return;
  }
  slow_logged_at_ = step_started_;
  const char* const name = TakeTurnName();
  LogWarning("loop", "slow turn us=", took.us, " in=", kind,
             " cause=", name == nullptr ? "unnamed" : name,
             " unlogged=", std::exchange(slow_unlogged_, 0));
}

}  // namespace convoy
