#include "shard/schedule/rate_account.h"

#include "base/check.h"

namespace convoy::shard {

void RateAccount::Spend(MonoTime now) {
  limiter_.reset();
  latest_ = now;
  used_ = true;
  start_ = Start::kSpent;
  NewToken();
}

void RateAccount::Resume(const Rate& rate, MonoTime now) {
  if (rate.unlimited() || rate.count == 0) return;
  Limiter(rate, now)->UseUp(now);
  latest_ = now;
  used_ = true;
  NewToken();
}

RateAccount::Token RateAccount::NewToken() {
  if (++taken_ == 0) ++taken_;
  return taken_;
}

RateLimiter* RateAccount::Limiter(const Rate& rate, MonoTime now) {
  if (limiter_ == nullptr) {
    const Start start = now < ForgetAt(rate) ? start_ : Start::kFull;
    if (start == Start::kPaced) {
      limiter_ =
          std::make_unique<RateLimiter>(RateLimiter::Paced(rate.count, rate.interval, latest_));
    } else {
      const bool spent = start == Start::kSpent;
      limiter_ =
          std::make_unique<RateLimiter>(rate.count, rate.interval, spent ? latest_ : now, spent);
    }
    start_ = Start::kFull;
  }
  return limiter_.get();
}

MonoTime RateAccount::Next(const Rate& rate, MonoTime now) {
  if (rate.unlimited()) return now;
  if (rate.count == 0) return kMonoMax;
  if (limiter_ == nullptr && (start_ == Start::kFull || now >= ForgetAt(rate))) return now;
  return Limiter(rate, now)->NextAllowed(now);
}

RateAccount::Token RateAccount::Take(const Rate& rate, MonoTime now) {
  if (!rate.unlimited()) {
    const bool taken = Limiter(rate, now)->TryTake(now);
    CHECK(taken);
  }
  latest_ = now;
  used_ = true;
  return NewToken();
}

bool RateAccount::GiveBack(Token token) {
  if (token == 0 || limiter_ == nullptr) return true;
  if (token != taken_) return false;
  limiter_->GiveBack();
  --taken_;
  return true;
}

void RateAccount::Change(const Rate& before, const Rate& after, MonoTime now) {
  if (before == after) return;
  NewToken();  // what was taken under the old limit can no longer be returned exactly
  if (after.unlimited()) {
    // latest_ stays: a limit that returns must not find a clean sheet.
    limiter_.reset();
    start_ = Start::kFull;
  } else if (before.unlimited()) {
    start_ = used_ ? Start::kPaced : Start::kFull;
    latest_ = now;
  } else if (limiter_ != nullptr) {
    limiter_->Change(after.count, after.interval, now);
    latest_ = now;
  }
}

MonoTime RateAccount::ForgetAt(const Rate& rate) const {
  if (!used_ || rate.unlimited()) return MonoTime{};
  return latest_ + rate.interval * 2;
}

void RateAccount::Forget() {
  limiter_.reset();
  used_ = false;
  start_ = Start::kFull;
}

}  // namespace convoy::shard
