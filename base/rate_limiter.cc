#include "base/rate_limiter.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace convoy {

RateLimiter::RateLimiter(int64_t count, Duration interval, MonoTime now, bool start_spent)
    : count_(count), interval_us_(interval.us), last_(now) {
  CHECK(count >= 0 && count <= kCountMax && interval.us > 0 && interval <= kIntervalMax);
  if (keeps_log()) {
    if (start_spent) log_.assign(static_cast<size_t>(count), now);
    return;
  }
  burst_ = count / kLogCountMax;
  // Spent: as many units below one event as one interval brings back.
  units_ = start_spent ? interval_us_ - (count_ - burst_) * interval_us_ : capacity_units();
}

RateLimiter RateLimiter::Paced(int64_t count, Duration interval, MonoTime now) {
  RateLimiter limiter(count, interval, now);
  if (!limiter.keeps_log()) {
    limiter.units_ = 0;
    return limiter;
  }
  for (int64_t i = 1; i <= count; ++i) {
    limiter.log_.push_back(now - interval + Duration{interval.us / count * i});
  }
  return limiter;
}

MonoTime RateLimiter::Advance(MonoTime now) {
  if (now <= last_) return last_;
  const int64_t elapsed_us = (now - last_).us;
  last_ = now;
  if (keeps_log()) {
    while (!log_.empty() && now - log_.front() >= interval()) log_.pop_front();
    return now;
  }
  const int64_t refill = count_ - burst_;
  const int64_t missing = capacity_units() - units_;
  // By division first: the product may not fit after a long silence.
  units_ = elapsed_us > missing / refill ? capacity_units() : units_ + elapsed_us * refill;
  return now;
}

bool RateLimiter::TryTake(MonoTime now) {
  if (unlimited()) return true;
  now = Advance(now);
  if (keeps_log()) {
    if (static_cast<int64_t>(log_.size()) >= count_) return false;
    log_.push_back(now);
    return true;
  }
  if (units_ < interval_us_) return false;
  units_ -= interval_us_;
  return true;
}

MonoTime RateLimiter::NextAllowed(MonoTime now) {
  if (unlimited()) return now;
  now = Advance(now);
  if (count_ == 0) return kMonoMax;
  if (keeps_log()) {
    if (static_cast<int64_t>(log_.size()) < count_) return now;
    return log_[log_.size() - static_cast<size_t>(count_)] + interval();
  }
  if (units_ >= interval_us_) return now;
  const int64_t refill = count_ - burst_;
  return now + Duration{(interval_us_ - units_ + refill - 1) / refill};
}

void RateLimiter::GiveBack() {
  if (unlimited()) return;
  if (keeps_log()) {
    if (!log_.empty()) log_.pop_back();
  } else {
    units_ = std::min(capacity_units(), units_ + interval_us_);
  }
}

void RateLimiter::UseUp(MonoTime now) {
  if (unlimited()) return;
  now = Advance(now);
  if (keeps_log()) {
    log_.assign(static_cast<size_t>(count_), now);
  } else {
    units_ = std::min<int64_t>(units_, 0);
  }
}

void RateLimiter::Change(int64_t count, Duration interval, MonoTime now) {
  if (count == count_ && interval.us == interval_us_) return;
  if (unlimited()) {
    *this = RateLimiter(count, interval, now, /*start_spent=*/true);
    return;
  }
  now = Advance(now);
  const int64_t used = keeps_log() ? static_cast<int64_t>(log_.size())
                                   : (capacity_units() - units_ + interval_us_ - 1) / interval_us_;
  std::deque<MonoTime> times = std::move(log_);
  const bool times_known = keeps_log();
  *this = RateLimiter(count, interval, now);
  if (keeps_log() && times_known) {
    while (static_cast<int64_t>(times.size()) > count) times.pop_front();
    log_ = std::move(times);
  } else if (keeps_log()) {
    log_.assign(static_cast<size_t>(std::min(used, count)), now);
  } else {
    units_ -= std::min(used, count) * interval_us_;
  }
}

}  // namespace convoy
