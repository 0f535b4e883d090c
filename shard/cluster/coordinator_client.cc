#include "shard/cluster/coordinator_client.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

std::string Text(const absl::Status& status) { return Escape(status.ToString()); }

}  // namespace

CoordinatorClient::CoordinatorClient(EventLoop& loop, CoordinatorChannel& channel,
                                     AssignmentView& view, LeaseView& lease,
                                     ShardAnnouncement announcement, Handlers handlers, Rng rng)
    : loop_(loop),
      channel_(channel),
      view_(view),
      lease_(lease),
      handlers_(std::move(handlers)),
      rng_(rng),
      announcement_(std::move(announcement)) {
  CHECK(handlers_.store_table != nullptr);
  CHECK(announcement_.shard.name == view_.self());
  CHECK(announcement_.shard.incarnation != 0);
}

CoordinatorClient::~CoordinatorClient() {
  channel_.CloseWatch();
  loop_.Cancel(timer_);
  loop_.Cancel(watch_timer_);
  loop_.Cancel(leave_timer_);
}

void CoordinatorClient::Start(std::shared_ptr<const AssignmentTable> stored) {
  CHECK(state_ == State::kIdle);
  if (stored != nullptr) {
    const absl::Status applied = view_.Apply(stored);
    if (applied.ok()) {
      lease_.SetMode(stored->fence_on_lease_loss);
      stored_ = stored->version;
      if (handlers_.on_table) handlers_.on_table(*stored);
    } else {
      LogWarning("cluster", "stored assignment table is unusable: ", Text(applied));
    }
  }
  Register();
}

void CoordinatorClient::Announce(ShardAnnouncement announcement) {
  CHECK(announcement.shard.name == announcement_.shard.name);
  CHECK(announcement.shard.incarnation == announcement_.shard.incarnation);
  announcement_ = std::move(announcement);
  if (state_ == State::kMember || state_ == State::kConnecting) Register();
}

// --- Registration ---

void CoordinatorClient::Register() {
  if (Ended()) return;
  if (calling_) {
    register_again_ = true;
    return;
  }
  if (state_ != State::kMember) state_ = State::kConnecting;
  loop_.Cancel(timer_);
  calling_ = true;
  const MonoTime sent_at = loop_.MonoNow();
  channel_.Register(announcement_, view_.highest_epoch(), CallDeadline(),
                    [this, alive = Alive(), sent_at](absl::StatusOr<RegisterReply> reply) {
                      if (!alive.expired()) OnRegistered(sent_at, std::move(reply));
                    });
}

void CoordinatorClient::OnRegistered(MonoTime sent_at, absl::StatusOr<RegisterReply> reply) {
  calling_ = false;
  if (Ended()) return;
  if (!reply.ok()) {
    if (absl::IsAborted(reply.status())) return Supersede(reply.status());
    return RetryRegister(reply.status());
  }
  const absl::Status current = TakeEpoch(reply->epoch);
  if (!current.ok()) return RetryRegister(current);
  if (std::exchange(register_again_, false)) return Register();
  last_error_ = absl::OkStatus();
  backoff_ = kBackoffMin;
  terms_ = reply->lease;
  if (state_ != State::kMember) {
    LogInfo("cluster", "registered as ", announcement_.shard.name, " in epoch ",
            reply->epoch.value());
  }
  state_ = State::kMember;
  TakeTable(std::move(reply->table));
  if (RunsConfig(reply->config_version)) lease_.OnGranted(sent_at, terms_);
  LeaseChanged();
  if (!watching_) OpenWatch();
  // A stored table is acknowledged at once; a newer one will be when it is stored.
  Renew();
}

void CoordinatorClient::RetryRegister(const absl::Status& why) {
  if (why.code() != last_error_.code()) {
    LogWarning("cluster", "cannot register with the coordinator, trying again: ", Text(why));
  }
  last_error_ = why;
  SetTimer(Backoff(), &CoordinatorClient::Register);
}

// --- Lease ---

void CoordinatorClient::Renew() {
  if (state_ != State::kMember) return;
  if (calling_) {
    renew_again_ = true;
    return;
  }
  loop_.Cancel(timer_);
  calling_ = true;
  renew_again_ = false;
  const MonoTime sent_at = loop_.MonoNow();
  channel_.Renew(announcement_.shard, view_.highest_epoch(), stored_, CallDeadline(),
                 [this, alive = Alive(), sent_at](absl::StatusOr<RenewReply> reply) {
                   if (!alive.expired()) OnRenewed(sent_at, std::move(reply));
                 });
}

void CoordinatorClient::OnRenewed(MonoTime sent_at, absl::StatusOr<RenewReply> reply) {
  calling_ = false;
  if (Ended()) return;
  if (!reply.ok()) return OnRenewFailed(reply.status());
  const absl::Status current = TakeEpoch(reply->epoch);
  if (!current.ok()) return OnRenewFailed(current);
  if (!last_error_.ok()) LogInfo("cluster", "the coordinator answers again");
  last_error_ = absl::OkStatus();
  backoff_ = kBackoffMin;
  terms_ = reply->lease;
  if (RunsConfig(reply->config_version) && reply->granted) lease_.OnGranted(sent_at, terms_);
  LeaseChanged();
  NoticeStalledWatch(reply->newest_version);
  if (std::exchange(register_again_, false)) return Register();
  if (std::exchange(renew_again_, false)) return Renew();
  SetTimer(terms_.length / 3, &CoordinatorClient::Renew);
}

void CoordinatorClient::OnRenewFailed(const absl::Status& why) {
  if (absl::IsAborted(why)) return Supersede(why);
  if (why.code() != last_error_.code()) {
    LogWarning("cluster", "lease not renewed, trying again: ", Text(why));
  }
  last_error_ = why;
  if (absl::IsNotFound(why)) {
    lease_.OnEnded();
    state_ = State::kConnecting;
    return Register();
  }
  LeaseChanged();
  SetTimer(Backoff(), &CoordinatorClient::Renew);
}

// A watch on a dead connection never ends by itself: two renewals in a row that speak of a newer
// table than the watch has brought mean that it must be opened again.
void CoordinatorClient::NoticeStalledWatch(uint64_t newest_version) {
  behind_ = newest_version > view_.version().version ? behind_ + 1 : 0;
  if (behind_ < 2) return;
  behind_ = 0;
  OpenWatch();
}

// An older version than ours is an answer that was overtaken by a commit.
bool CoordinatorClient::RunsConfig(uint64_t current) {
  if (current <= announcement_.config_version || handlers_.take_config == nullptr) return true;
  if (taking_config_) return false;
  taking_config_ = true;
  handlers_.take_config(current, [this, alive = Alive()] {
    if (!alive.expired()) taking_config_ = false;
  });
  // It may have been taken at once.
  return current <= announcement_.config_version;
}

// --- Table ---

void CoordinatorClient::OpenWatch() {
  if (state_ != State::kMember) return;
  loop_.Cancel(watch_timer_);
  watching_ = true;
  channel_.OpenWatch(
      announcement_.shard, view_.highest_epoch(),
      [this, alive = Alive()](std::shared_ptr<const AssignmentTable> table) {
        if (alive.expired() || Ended()) return;
        watch_backoff_ = kBackoffMin;
        TakeTable(std::move(table));
      },
      [this, alive = Alive()](const absl::Status& status) {
        if (!alive.expired() && !Ended()) OnWatchEnded(status);
      });
}

void CoordinatorClient::OnWatchEnded(const absl::Status& status) {
  watching_ = false;
  if (absl::IsAborted(status)) return Supersede(status);
  // NOT_FOUND is answered by the next renewal, which registers again and opens the watch.
  if (absl::IsNotFound(status)) return Renew();
  const Duration delay = Jittered(watch_backoff_);
  watch_backoff_ = std::min(watch_backoff_ * 2, kBackoffMax);
  watch_timer_ = loop_.CallAfter(delay, [this] {
    watch_timer_ = TimerId();
    OpenWatch();
  });
}

void CoordinatorClient::TakeTable(std::shared_ptr<const AssignmentTable> table) {
  if (view_.has_table() && table->version == view_.version()) return;
  const absl::Status applied = view_.Apply(table);
  if (!applied.ok()) {
    // An older snapshot overtaken by a newer one is normal; a malformed one is not.
    if (!absl::IsFailedPrecondition(applied)) LogError("cluster", Text(applied));
    return;
  }
  lease_.SetMode(table->fence_on_lease_loss);
  if (handlers_.on_table) handlers_.on_table(*table);
  const TableVersion version = table->version;
  handlers_.store_table(std::move(table), [this, alive = Alive(), version] {
    if (!alive.expired()) OnStored(version);
  });
}

void CoordinatorClient::OnStored(TableVersion version) {
  if (version <= stored_) return;
  stored_ = version;
  Renew();
}

// --- Endings ---

void CoordinatorClient::Leave(LeaveMode mode, Duration patience, Callback done) {
  if (state_ == State::kSuperseded || state_ == State::kIdle) {
    state_ = State::kLeft;
    loop_.Post(std::move(done));
    return;
  }
  CHECK(state_ != State::kLeft);
  loop_.Cancel(timer_);
  loop_.Cancel(watch_timer_);
  channel_.CloseWatch();
  lease_.OnEnded();
  state_ = State::kLeft;
  left_ = std::move(done);
  leave_timer_ = loop_.CallAfter(patience, [this] { FinishLeave(); });
  if (mode == LeaveMode::kRelease) return StoreRelease();
  CallLeave(mode);
}

// The epoch and the mode are kept; any table of the coordinator's is newer than version 0.
void CoordinatorClient::StoreRelease() {
  lease_.OnReleased();
  auto nothing = std::make_shared<AssignmentTable>();
  nothing->version = {view_.highest_epoch(), 0};
  nothing->fence_on_lease_loss = lease_.fence_on_lease_loss();
  handlers_.store_table(std::move(nothing), [this, alive = Alive()] {
    if (!alive.expired() && left_ != nullptr) CallLeave(LeaveMode::kRelease);
  });
}

void CoordinatorClient::CallLeave(LeaveMode mode) {
  channel_.Leave(announcement_.shard, view_.highest_epoch(), mode, CallDeadline(),
                 [this, alive = Alive(), mode](const absl::StatusOr<Epoch>& reply) {
                   if (!alive.expired()) OnLeaveAnswered(mode, reply.status());
                 });
}

void CoordinatorClient::OnLeaveAnswered(LeaveMode mode, const absl::Status& status) {
  if (left_ == nullptr) return;  // patience was over
  const bool retry = absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status);
  if (!retry) return FinishLeave();
  timer_ = loop_.CallAfter(Backoff(), [this, mode] {
    timer_ = TimerId();
    if (left_ != nullptr) CallLeave(mode);
  });
}

void CoordinatorClient::FinishLeave() {
  loop_.Cancel(leave_timer_);
  loop_.Cancel(timer_);
  if (left_ != nullptr) std::exchange(left_, nullptr)();
}

void CoordinatorClient::Supersede(const absl::Status& why) {
  LogError("cluster", "another process runs as ", announcement_.shard.name,
           "; this one assigns nothing any more: ", Text(why));
  last_error_ = why;
  lease_.OnSuperseded();
  loop_.Cancel(timer_);
  loop_.Cancel(watch_timer_);
  channel_.CloseWatch();
  state_ = State::kSuperseded;
  LeaseChanged();
}

// --- Small parts ---

absl::Status CoordinatorClient::TakeEpoch(Epoch epoch) {
  if (epoch < view_.highest_epoch()) {
    return absl::FailedPreconditionError(Cat("answer of a former coordinator: its epoch is ",
                                             epoch.value(), ", seen was ",
                                             view_.highest_epoch().value()));
  }
  view_.ObserveEpoch(epoch);
  return absl::OkStatus();
}

void CoordinatorClient::SetTimer(Duration delay, void (CoordinatorClient::*method)()) {
  loop_.Cancel(timer_);
  timer_ = loop_.CallAfter(delay, [this, method] {
    timer_ = TimerId();
    (this->*method)();
  });
}

void CoordinatorClient::LeaseChanged() {
  if (handlers_.on_lease) handlers_.on_lease();
}

Duration CoordinatorClient::Jittered(Duration span) {
  const uint64_t half_us = static_cast<uint64_t>(span.us / 2);
  return Microseconds(static_cast<int64_t>(half_us + rng_.Below(half_us + 1)));
}

Duration CoordinatorClient::Backoff() {
  const Duration delay = Jittered(backoff_);
  backoff_ = std::min(backoff_ * 2, kBackoffMax);
  return delay;
}

}  // namespace convoy::shard
