// Carries the scheduler's decisions out: opens sessions, hands them attempts, reports what came
// back.
//
// The shell around the pure Scheduler: every event goes in through Tell(), every action comes out
// of Drain(), one after the other, never inside one another. A session's question for work is
// answered synchronously; work that comes up while it waits is *granted* to it and it is woken.
//
// The lease is looked at by its own clock before each connection and each MAIL (invariant I4),
// besides the scheduler being told when it ends.
//
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "base/gauge_file.h"
#include "base/rng.h"
#include "runtime/gate.h"
#include "runtime/tls_session_cache.h"
#include "shard/cluster/lease_view.h"
#include "shard/engine/backoff_book.h"
#include "shard/engine/delivery_session.h"
#include "shard/engine/host_notes.h"
#include "shard/engine/preparer.h"
#include "shard/engine/queue_book.h"
#include "shard/engine/recorder.h"
#include "shard/schedule/scheduler.h"
#include "sts/policy_book.h"

namespace convoy::shard {

class Dispatcher final : public SessionOwner {
 public:
  struct Deps {
    EventLoop& loop;
    Network& network;
    dns::Resolver& resolver;
    PolicyBook& policies;
    QueueBook& queues;
    Preparer& preparer;
    Recorder& recorder;
    const LeaseView& lease;
    std::shared_ptr<const TlsContext> tls;
    sts::PolicyBook* sts;  // may be null
    GaugeFile* gauges;     // may be null
    BackoffBook& backoff;
    Rng rng;
  };
  explicit Dispatcher(Deps deps);
  ~Dispatcher() override;

  // For sessions opened from now on.
  void SetOurselves(std::shared_ptr<const dns::Ourselves> ourselves) {
    ourselves_ = std::move(ourselves);
  }
  // A queue of the book, now or with a new policy.
  void SetQueue(const Queue& queue);
  // What `change` sets takes effect as one. May be nested.
  template <typename Change>
  void ChangeLimits(Change change) {
    if (changing_limits_++ == 0) Tell(shard::ChangeLimits{true});
    change();
    if (--changing_limits_ == 0) Tell(shard::ChangeLimits{false});
  }
  // The limits of the queue have changed: it entered or left backoff mode.
  void LimitsChanged(const Queue& queue);
  // The queue goes into retry mode (a reply rule's defer-queue).
  void Defer(const Queue& queue) { Tell(DeferQueue{queue.id}); }
  // total-max-smtp-out has changed.
  void SetTotal(uint32_t total_max_smtp_out) { Tell(shard::SetTotal{total_max_smtp_out}); }
  // `queue.ready` has changed. `new_mail`: some of it was just accepted.
  void ReadyChanged(Queue& queue, bool new_mail = false);
  // Ownership, pause or hand-over of the queue has changed.
  void PermissionChanged(Queue& queue);
  // The lease was granted, renewed or lost.
  void LeaseChanged();
  void RetryNow(QueueId queue) { Tell(shard::RetryNow{queue}); }

  // No new attempt; `stopped` when no session is left. Sessions get `patience` to finish.
  void Stop(Duration patience, Callback stopped);

  uint32_t SessionsOf(QueueId queue) const;
  bool HasAttempts(QueueId queue) const;
  const Scheduler& scheduler() const { return scheduler_; }
  size_t attempts_in_flight() const { return attempts_.size(); }

  // SessionOwner
  bool MayConnect(SessionId session) override;
  void Opened(DeliverySession& session) override;
  void Replied(DeliverySession& session, const smtp::Reply& reply) override;
  std::optional<smtp::Attempt> Next(DeliverySession& session) override;
  void Returned(DeliverySession& session, smtp::Attempt attempt, bool mail_written) override;
  void FinalDotSent(uint64_t attempt) override;
  void Reported(DeliverySession& session, const smtp::AttemptResult& result) override;
  void Ended(DeliverySession& session, SessionEnd end, std::optional<Verdict> failure) override;

 private:
  struct Live {
    std::shared_ptr<DeliverySession> session;
    std::optional<uint64_t> granted;  // an attempt given while it waited
    uint32_t in_flight = 0;
    TimerId idle_timer;
    Gate::Hold hold;
  };
  struct InFlight {
    SessionId session;
    ReadyRow row;
    bool in_backoff = false;  // the mode was on when it was assigned
    bool past_dot = false;
  };

  // An action to be carried out. The row of an Assign is taken when the scheduler decides, so that
  // `ready` never counts a row twice; it waits here until the session hears of it.
  struct Todo {
    Action action;
    uint64_t attempt = 0;
  };

  void Tell(const Event& event);
  void Enqueue(const Actions& actions);
  void Drain();
  void Do(const Todo& todo);
  void Open(const Action& action);
  uint64_t Take(const Action& action);
  // The attempt that was assigned to a session which has not begun it yet.
  std::optional<uint64_t> TakeGranted(SessionId session);
  smtp::Attempt AttemptOf(uint64_t id) const;
  void Waits(Live& live, MonoTime until);
  void Forget(uint64_t attempt);
  void RowBack(QueueId queue, const SpoolRow& row);
  bool LeaseHeld();
  // Those of the queue, as the reply rules have it for this answer.
  VerdictOptions VerdictOptionsFor(const Queue& queue, const smtp::Outcome& outcome) const;
  std::vector<std::shared_ptr<DeliverySession>> AllSessions() const;

  Deps deps_;
  std::shared_ptr<const dns::Ourselves> ourselves_;
  const std::shared_ptr<HostNotes> host_notes_ = std::make_shared<HostNotes>();
  TlsSessionCache tls_sessions_;
  int changing_limits_ = 0;  // depth
  Scheduler scheduler_;
  std::deque<Todo> todo_;
  bool draining_ = false;
  TimerId timer_;
  TimerId lease_timer_;
  bool sending_allowed_ = true;
  bool stopping_ = false;
  Gate gate_;
  uint64_t next_attempt_ = 1;
  uint64_t sessions_opened_ = 0;
  absl::flat_hash_map<SessionId, Live> live_;
  absl::flat_hash_map<uint64_t, InFlight> attempts_;
};

}  // namespace convoy::shard
