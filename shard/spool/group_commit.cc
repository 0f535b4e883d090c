#include "shard/spool/group_commit.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace convoy::shard {
namespace {

absl::Status Stopped() { return absl::CancelledError("the store is stopping"); }

}  // namespace

GroupCommit::GroupCommit(EventLoop& loop, StoreDriver& driver, uint64_t floor_bytes)
    : loop_(loop),
      driver_(driver),
      floor_bytes_(floor_bytes),
      self_(std::make_shared<GroupCommit*>(this)) {}

GroupCommit::~GroupCommit() { loop_.Cancel(timer_); }

void GroupCommit::Post(void (GroupCommit::*method)()) {
  loop_.Post([weak = std::weak_ptr<GroupCommit*>(self_), method] {
    // Not held during the call, which may end this object and must be able to tell.
    GroupCommit* const self = weak.expired() ? nullptr : *weak.lock();
    if (self != nullptr) (self->*method)();
  });
}

GroupCommit::Waiting& GroupCommit::Filling() {
  if (waiting_.empty() || waiting_.back().closed || waiting_.back().bytes >= kCycleBytesMax) {
    waiting_.emplace_back();
    waiting_.back().cycle = std::make_shared<StoreCycle>();
    waiting_.back().cycle->number = ++cycles_;
  }
  return waiting_.back();
}

void GroupCommit::Commit(KvBatch batch, StatusDone done) {
  if (stopping_) {
    Complete([done = std::move(done)]() mutable { done(Stopped()); });
    return;
  }
  Waiting& filling = Filling();
  filling.bytes += batch.bytes();
  pending_bytes_ += batch.bytes();
  filling.cycle->batches.push_back(std::move(batch));
  filling.commits.push_back(std::move(done));
  UpdateCongestion();
  StartSoon();
}

void GroupCommit::AddRead(ReadRequest request, ReadDone done, bool exact) {
  if (stopping_) {
    Complete([done = std::move(done)]() mutable {
      std::visit([](auto& call) { call(Stopped()); }, done);
    });
    return;
  }
  Waiting& filling = Filling();
  filling.cycle->reads.push_back(std::move(request));
  filling.reads.push_back(std::move(done));
  filling.closed = filling.closed || exact;
  StartSoon();
}

void GroupCommit::Get(Cf cf, std::string key, GetDone done) {
  AddRead(GetRequest{cf, std::move(key)}, std::move(done), false);
}

void GroupCommit::Scan(KvRange range, size_t rows_max, size_t bytes_max, ScanDone done) {
  AddRead(ScanRequest{std::move(range), rows_max, bytes_max}, std::move(done), false);
}

void GroupCommit::Survey(Cf cf, size_t prefix_bytes, SurveyMode mode, SurveyDone done) {
  AddRead(SurveyRequest{cf, prefix_bytes, mode}, std::move(done), true);
}

// Not at once: everything that the rest of this turn asks for joins the same cycle.
void GroupCommit::StartSoon() {
  if (start_posted_ || in_flight_ != nullptr) return;
  start_posted_ = true;
  Post(&GroupCommit::StartNext);
}

void GroupCommit::StartNext() {
  start_posted_ = false;
  if (in_flight_ != nullptr || waiting_.empty()) return;
  in_flight_ = std::make_unique<Waiting>(std::move(waiting_.front()));
  waiting_.pop_front();
  driver_.StartCycle(in_flight_->cycle, false);
}

void GroupCommit::Retry() {
  timer_ = {};
  if (in_flight_ != nullptr && health_.stalled) {
    driver_.StartCycle(in_flight_->cycle, true);
  } else if (health_.below_floor && in_flight_ == nullptr && !stopping_) {
    Filling();  // an empty cycle looks at the free space
    StartSoon();
  }
}

void GroupCommit::OnWritten(uint64_t cycle, CycleWritten written) {
  if (in_flight_ == nullptr || in_flight_->cycle->number != cycle) return;  // given up by Stop
  Measure(written);
  if (!written.status.ok()) {
    CHECK(absl::IsResourceExhausted(written.status));
    if (stopping_) {
      Cancel(std::move(*std::exchange(in_flight_, nullptr)));
      while (!waiting_.empty()) {
        Cancel(std::move(waiting_.front()));
        waiting_.pop_front();
      }
      StopIfIdle();
      return;
    }
    loop_.Cancel(timer_);
    timer_ = loop_.CallAfter(kStallRetry, [this] { Retry(); });
    return;
  }
  Waiting done = std::move(*std::exchange(in_flight_, nullptr));
  pending_bytes_ -= done.bytes;
  for (StatusDone& commit : done.commits) {
    Complete([commit = std::move(commit)]() mutable { commit(absl::OkStatus()); });
  }
  done.commits.clear();
  if (!done.reads.empty()) reading_.push_back(std::move(done));
  if (!waiting_.empty()) StartNext();
  UpdateCongestion();
  StopIfIdle();
}

void GroupCommit::OnRead(uint64_t cycle, std::vector<ReadResult> results) {
  const auto found = std::find_if(reading_.begin(), reading_.end(),
                                  [cycle](const Waiting& w) { return w.cycle->number == cycle; });
  CHECK(found != reading_.end() && found->reads.size() == results.size());
  Waiting done = std::move(*found);
  reading_.erase(found);
  for (size_t i = 0; i < results.size(); ++i) {
    Complete([read = std::move(done.reads[i]), result = std::move(results[i])]() mutable {
      std::visit([&read]<typename T>(
                     T& value) { std::get<absl::AnyInvocable<void(T)>>(read)(std::move(value)); },
                 result);
    });
  }
  StopIfIdle();
}

void GroupCommit::Complete(Callback callback) {
  completed_.push_back(std::move(callback));
  if (drain_posted_) return;
  drain_posted_ = true;
  Post(&GroupCommit::Drain);
}

void GroupCommit::Drain() {
  drain_posted_ = false;
  const std::weak_ptr<GroupCommit*> alive = self_;
  for (size_t i = 0; i < kCallbacksPerTurn && !completed_.empty(); ++i) {
    const auto callback = std::make_unique<Callback>(std::move(completed_.front()));
    completed_.pop_front();
    (*callback)();
    if (alive.expired()) return;  // the callback ended the store
  }
  if (!completed_.empty() && !drain_posted_) {
    drain_posted_ = true;
    Post(&GroupCommit::Drain);
  }
  StopIfIdle();
}

void GroupCommit::Cancel(Waiting waiting) {
  pending_bytes_ -= waiting.bytes;
  for (StatusDone& commit : waiting.commits) {
    Complete([commit = std::move(commit)]() mutable { commit(Stopped()); });
  }
  for (ReadDone& read : waiting.reads) {
    Complete([read = std::move(read)]() mutable {
      std::visit([](auto& call) { call(Stopped()); }, read);
    });
  }
}

void GroupCommit::Measure(const CycleWritten& written) {
  StoreHealth health = health_;
  health.stalled = !written.status.ok();
  health.free_bytes = written.free_bytes;
  // A little more than the floor must be free again, lest it flaps.
  const uint64_t enough = health.below_floor ? floor_bytes_ + floor_bytes_ / 16 : floor_bytes_;
  health.below_floor = written.free_bytes < enough;
  SetHealth(health);
  if (health_.below_floor && timer_ == TimerId{} && !stopping_) {
    timer_ = loop_.CallAfter(kFloorRecheck, [this] { Retry(); });
  }
}

void GroupCommit::UpdateCongestion() {
  StoreHealth health = health_;
  if (pending_bytes_ > kPendingBytesHigh) health.congested = true;
  if (pending_bytes_ < kPendingBytesLow) health.congested = false;
  SetHealth(health);
}

void GroupCommit::SetHealth(StoreHealth health) {
  const StoreHealth before = std::exchange(health_, health);
  health.free_bytes = before.free_bytes;
  if (health == before) return;
  if (before.accepting() != health.accepting()) {
    LogWarning("spool", health.accepting() ? "accepting mail again" : "no room for new mail",
               " free_bytes=", health_.free_bytes, " floor_bytes=", floor_bytes_,
               " stalled=", static_cast<int>(health.stalled));
  }
  // A listener may commit or read, which may change the health again: run it in its own turn.
  for (size_t i = 0; i < listeners_.size(); ++i) {
    Complete([this, i] { listeners_[i](); });
  }
}

void GroupCommit::Stop(Callback stopped) {
  CHECK(!stopping_);
  stopping_ = true;
  stopped_ = std::move(stopped);
  if (in_flight_ != nullptr && health_.stalled && timer_ != TimerId{}) {
    loop_.Cancel(timer_);
    timer_ = {};
    // Without room now there is none: as if the retry had failed.
    OnWritten(in_flight_->cycle->number,
              {absl::ResourceExhaustedError("stopping"), health_.free_bytes});
    return;
  }
  loop_.Cancel(timer_);
  timer_ = {};
  StopIfIdle();
}

void GroupCommit::StopIfIdle() {
  if (!stopping_ || stopped_ == nullptr) return;
  if (in_flight_ != nullptr || !waiting_.empty() || !reading_.empty() || !completed_.empty())
    return;
  if (drain_posted_) return;  // comes back here
  loop_.Post(std::exchange(stopped_, nullptr));
}

}  // namespace convoy::shard
