// The calls between processes: latency, partitions, lost answers. What travels are the same values
// the daemons' gRPC channels carry.
//
// A call that meets a partition, a dead process or a lost packet is never answered; the caller's
// deadline ends it, so that its outcome is unknown, as it would be.
//
// Thread:    loop-affine
// Determinism: uses the shared loop's time and the Rng
#pragma once

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/rng.h"
#include "runtime/event_loop.h"

namespace convoy::sim {

class Wire {
 public:
  Wire(EventLoop& shared, Rng rng) : shared_(shared), rng_(rng) {}

  // Runs `arrive` after the latency unless the two are cut off from each other then.
  void Send(const std::string& from, const std::string& to, Callback arrive) {
    shared_.CallAfter(Latency(), [this, from, to, arrive = std::move(arrive)]() mutable {
      if (!IsCut(from, to)) arrive();
    });
  }
  Duration Latency() { return Microseconds(static_cast<int64_t>(200 + rng_.Below(4000))); }
  bool LoseAnswer() {
    const bool lost = rng_.Chance(lost_answers_);
    answers_lost_ += lost;
    return lost;
  }
  uint64_t answers_lost() const { return answers_lost_; }

  void set_lost_answers(double p) { lost_answers_ = p; }
  void Cut(const std::string& a, const std::string& b) { cuts_.insert(std::minmax(a, b)); }
  void Mend(const std::string& a, const std::string& b) { cuts_.erase(std::minmax(a, b)); }
  // What `from` sends does not arrive; the other direction works.
  void CutOneWay(const std::string& from, const std::string& to) { one_way_.insert({from, to}); }
  void MendOneWay(const std::string& from, const std::string& to) { one_way_.erase({from, to}); }
  void MendAll() {
    cuts_.clear();
    one_way_.clear();
  }
  // What `from` sends to `to` is lost.
  bool IsCut(const std::string& from, const std::string& to) const {
    return cuts_.contains(std::minmax(from, to)) || one_way_.contains({from, to});
  }

 private:
  EventLoop& shared_;
  Rng rng_;
  double lost_answers_ = 0;
  uint64_t answers_lost_ = 0;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::set<std::pair<std::string, std::string>> one_way_;
};

// The caller's side of one call: answered, or ended by its deadline, but only once.
template <typename Result>
class PendingCall : public std::enable_shared_from_this<PendingCall<Result>> {
 public:
  using Done = absl::AnyInvocable<void(Result)>;
  static std::shared_ptr<PendingCall> Start(EventLoop& caller, Duration deadline, Done done) {
    auto call = std::make_shared<PendingCall>();
    call->caller_ = &caller;
    call->done_ = std::move(done);
    call->timer_ = caller.CallAfter(deadline, [call] {
      call->Finish(absl::DeadlineExceededError("no answer within the deadline"));
    });
    return call;
  }
  // On the caller's loop, so never once the caller has been killed.
  void Answer(Result result) {
    auto boxed = std::make_shared<Result>(std::move(result));
    caller_->Post([self = this->shared_from_this(), boxed] { self->Finish(std::move(*boxed)); });
  }

  // Answered already, or the caller has given up.
  bool ended() const { return done_ == nullptr; }

 private:
  void Finish(Result result) {
    if (done_ == nullptr) return;
    caller_->Cancel(timer_);
    std::exchange(done_, nullptr)(std::move(result));
  }
  EventLoop* caller_ = nullptr;
  Done done_;
  TimerId timer_;
};

}  // namespace convoy::sim
