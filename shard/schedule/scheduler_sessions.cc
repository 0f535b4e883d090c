// Events about sessions, and the retry mode that failed sessions lead to.
#include <algorithm>
#include <utility>

#include "base/check.h"
#include "shard/schedule/scheduler_core.h"

namespace convoy::shard {

void PushFront(SessionList* list, SessionListId which, SessionState* session) {
  session->links[which] = {nullptr, list->first};
  (list->first != nullptr ? list->first->links[which].previous : list->last) = session;
  list->first = session;
}

void PushBack(SessionList* list, SessionListId which, SessionState* session) {
  session->links[which] = {list->last, nullptr};
  (list->last != nullptr ? list->last->links[which].next : list->first) = session;
  list->last = session;
}

void Unlink(SessionList* list, SessionListId which, SessionState* session) {
  const SessionState::Links links = session->links[which];
  (links.previous != nullptr ? links.previous->links[which].next : list->first) = links.next;
  (links.next != nullptr ? links.next->links[which].previous : list->last) = links.previous;
  session->links[which] = {};
}

SessionState& Scheduler::Core::Session(SessionId id) {
  const auto it = sessions_.find(id);
  CHECK(it != sessions_.end());
  return *it->second;
}

void Scheduler::Core::On(const SessionOpened& e) {
  SessionState& s = Session(e.session);
  QueueState& q = *s.queue;
  CHECK(s.phase == SessionState::Phase::kConnecting);
  s.phase = SessionState::Phase::kOpen;
  --q.connecting;
  ++q.open;
  q.hungry_since = now_;  // it will ask in a moment
  for (GateState* g : {&total_, q.vmta, q.site}) {
    if (g == nullptr) continue;
    --g->connecting;
    MarkDirty(g);
  }
  MarkDirty(&q);
}

void Scheduler::Core::On(const SessionIdle& e) {
  SessionState& s = Session(e.session);
  QueueState& q = *s.queue;
  CHECK(s.phase != SessionState::Phase::kConnecting);
  if (s.phase == SessionState::Phase::kClosing) return Emit(Action::Kind::kCloseSession, s);
  StopWaiting(&s);
  if (MustClose(s)) return Close(&s);
  if (ShouldYield(s)) {
    ++counters_.yielded_total;
    return Close(&s);
  }
  if (s.attempts == SessionState::kAttemptsMax) {
    Emit(Action::Kind::kWait, s, kMonoMax);
    return;
  }
  Block block;
  if (q.ready > 0) {
    block = AttemptBlock(&q, /*in_order=*/true);
    if (!block.blocked) {
      Assign(&s);
      return;
    }
  }
  const MonoTime until = WaitUntil(s, block);
  if (until <= now_) return Close(&s);
  if (s.attempts > 0) {
    // Given now it would write MAIL only after the reply, and the token would be older than the
    // mail: it asks again then.
    Emit(Action::Kind::kWait, s, kMonoMax);
    return;
  }
  Emit(Action::Kind::kWait, s, until);
  StartWaiting(&s);
  if (q.parked == Parked::kNowhere || q.parked == Parked::kVmtaSlot ||
      q.parked == Parked::kSiteSlot) {
    MarkDirty(&q);
  }
}

bool Scheduler::Core::MustClose(const SessionState& s) const {
  const QueuePolicy& policy = *s.queue->policy;
  const uint32_t messages = policy.max_msg_per_connection;
  const uint32_t errors = policy.max_errors_per_connection;
  return !MaySend(*s.queue) || Surplus(*s.queue) || (messages != 0 && s.assigned >= messages) ||
         (errors != 0 && s.errors >= errors);
}

// A limit was lowered below what is open: each session that asks goes, until the rest fits.
bool Scheduler::Core::Surplus(const QueueState& q) const {
  return q.surplus() > 0 || q.vmta->surplus() > 0 || total_.surplus() > 0 ||
         (q.site != nullptr && q.site->surplus() > 0);
}

// A session that has had its turn gives way if a limit binds and the first to gain from it had
// less.
bool Scheduler::Core::ShouldYield(const SessionState& s) const {
  if (s.assigned < options_.yield_after) return false;
  const QueueState& q = *s.queue;
  const GateState& v = *q.vmta;
  const auto better = [&q](const SlotHeap& waiters, PassClock clock) {
    const QueueState& first = *waiters.top();
    return LowerShare(first.sessions() + 1, first.weight(), q.sessions(), q.weight()) ||
           (first.sessions() == 0 && first.pass[clock] < q.pass[clock]);
  };
  if (v.slots_full() && v.slot_waiters.size() > v.closing && better(v.slot_waiters, kVmtaClock)) {
    return true;
  }
  if (q.site != nullptr && q.site->slots_full() && q.site->slot_waiters.size() > q.site->closing &&
      better(q.site->slot_waiters, kSiteClock)) {
    return true;
  }
  if (!total_.slots_full() || total_waiters_.empty() || waiting_for_slots_ <= total_.closing) {
    return false;
  }
  const GateState& first = *total_waiters_.top();
  return &first == &v ? better(v.slot_waiters, kVmtaClock) : VmtaShouldYield(v, first);
}

bool Scheduler::Core::VmtaShouldYield(const GateState& v, const GateState& first) const {
  return LowerShare(first.sessions + 1, first.active_weight, v.sessions, v.active_weight) ||
         (first.sessions == 0 && first.total_pass <= std::max(v.total_pass, total_.vtime));
}

// How long a session without a new attempt stays; not after now: it closes.
MonoTime Scheduler::Core::WaitUntil(const SessionState& s, const Block& block) const {
  if (s.attempts > 0) return kMonoMax;
  const MonoTime idle = now_ + s.queue->policy->connection_idle_timeout;
  if (!block.blocked || block.until > now_ + options_.token_horizon) return idle;
  return std::max(idle, now_ + options_.token_horizon * 2);
}

// Warm connections first: those without an attempt, the latest one before the others.
void Scheduler::Core::StartWaiting(SessionState* s) {
  QueueState& q = *s->queue;
  s->waiting = true;
  CHECK(s->attempts == 0);
  PushFront(&q.waiting, kInQueue, s);
  s->listed = true;
  PushBack(&total_.idle, kInTotal, s);
  PushBack(&q.vmta->idle, kInVmta, s);
  if (q.site != nullptr) PushBack(&q.site->idle, kInSite, s);
  // Its slot may be wanted by somebody with work.
  if (total_.slots_full()) MarkDirty(&total_);
  if (q.vmta->slots_full()) MarkDirty(q.vmta);
  if (q.site != nullptr && q.site->slots_full()) MarkDirty(q.site);
}

void Scheduler::Core::StopWaiting(SessionState* s) {
  if (!s->waiting) return;
  QueueState& q = *s->queue;
  s->waiting = false;
  Unlink(&q.waiting, kInQueue, s);
  if (!s->listed) return;
  s->listed = false;
  Unlink(&total_.idle, kInTotal, s);
  Unlink(&q.vmta->idle, kInVmta, s);
  if (q.site != nullptr) Unlink(&q.site->idle, kInSite, s);
}

void Scheduler::Core::BeginClose(SessionState* s) {
  QueueState& q = *s->queue;
  CHECK(s->phase == SessionState::Phase::kOpen);
  StopWaiting(s);
  s->phase = SessionState::Phase::kClosing;
  --q.open;
  ++q.closing;
  ++total_.closing;
  ++q.vmta->closing;
  if (q.site != nullptr) ++q.site->closing;
  MarkDirty(&q);
}

void Scheduler::Core::Close(SessionState* s) {
  Emit(Action::Kind::kCloseSession, *s);
  BeginClose(s);
}

void Scheduler::Core::On(const SessionClosing& e) {
  SessionState& s = Session(e.session);
  if (s.phase == SessionState::Phase::kOpen) BeginClose(&s);
}

void Scheduler::Core::On(const AttemptReported& e) {
  SessionState& s = Session(e.session);
  QueueState& q = *s.queue;
  CHECK(s.attempts > 0);
  s.tokens[0] = s.tokens[1];
  s.tokens[1] = {};
  --s.attempts;
  --q.assigned;
  --counters_.assigned;
  if (e.result == AttemptResult::kNoReply) return;
  s.answered = true;
  q.failures = 0;
  const bool was_probing = std::exchange(q.probing, false);
  if (e.result == AttemptResult::kError) {
    ++s.errors;
  } else {
    q.retry_position = 0;
    if (q.in_retry() && q.retry_cause != RetryCause::kDeferred) {
      LeaveRetry(&q);
      q.probing = false;
    }
  }
  if (was_probing) MarkDirty(&q);
}

void Scheduler::Core::On(const AttemptReturned& e) {
  SessionState& s = Session(e.session);
  QueueState& q = *s.queue;
  CHECK(s.attempts > 0);
  const SessionState::Tokens tokens = std::exchange(s.tokens[--s.attempts], {});
  if (s.assigned > 0) --s.assigned;
  --q.assigned;
  --counters_.assigned;
  bool exact = q.rates.GiveBack(tokens.queue);
  exact = q.vmta->rate.GiveBack(tokens.vmta) && exact;
  MarkDirty(q.vmta);
  if (q.site != nullptr) {
    exact = q.site->rate.GiveBack(tokens.site) && exact;
    MarkDirty(q.site);
  }
  if (!exact) ++counters_.forfeited_total;
  if (q.ready > 0) MarkDirty(&q);
}

void Scheduler::Core::CountClosed(SessionState* s) {
  QueueState& q = *s->queue;
  StopWaiting(s);
  const bool connecting = s->phase == SessionState::Phase::kConnecting;
  const bool closing = s->phase == SessionState::Phase::kClosing;
  Unpark(&q);
  LeaveTotal(q.vmta);
  --(connecting ? q.connecting : closing ? q.closing : q.open);
  UpdateActive(&q);
  for (GateState* g : {&total_, q.vmta, q.site}) {
    if (g == nullptr) continue;
    --g->sessions;
    if (connecting) --g->connecting;
    if (closing) --g->closing;
    MarkDirty(g);
  }
  q.assigned -= s->attempts;
  counters_.assigned -= s->attempts;
}

void Scheduler::Core::On(const SessionClosed& e) {
  const auto it = sessions_.find(e.session);
  CHECK(it != sessions_.end());
  const std::unique_ptr<SessionState> s = std::move(it->second);
  sessions_.erase(it);
  QueueState& q = *s->queue;
  const bool failed =
      e.end == SessionEnd::kNotConnected || e.end == SessionEnd::kRefused ||
      e.end == SessionEnd::kDnsError ||
      (e.end == SessionEnd::kLost && !s->answered && s->phase == SessionState::Phase::kOpen);
  CountClosed(s.get());
  if (failed && !q.removed) NoteFailure(&q, e.end);
  MarkDirty(&q);
}

void Scheduler::Core::NoteFailure(QueueState* q, SessionEnd end) {
  if (q->in_retry()) return;
  if (end == SessionEnd::kDnsError) return EnterRetry(q, RetryCause::kDnsError);
  ++q->failures;
  const uint32_t attempts =
      q->probing ? q->policy->probe_attempts : q->policy->mx_connection_attempts;
  if (q->failures >= std::max<uint32_t>(1, attempts)) {
    return EnterRetry(q, end == SessionEnd::kNotConnected ? RetryCause::kConnectFailure
                         : end == SessionEnd::kRefused    ? RetryCause::kRefused
                                                          : RetryCause::kLost);
  }
  if (q->open > 0) q->open_not_before = std::max(q->open_not_before, now_ + options_.reopen_gap);
}

void Scheduler::Core::EnterRetry(QueueState* q, RetryCause cause) {
  if (q->in_retry()) return;
  const QueuePolicy& policy = *q->policy;
  Duration wait = policy.retry_after_dns_error;
  if (cause != RetryCause::kDnsError) {
    wait = policy.retry_after[std::min<size_t>(q->retry_position, policy.retry_after.size() - 1)];
    if (q->retry_position < UINT8_MAX) ++q->retry_position;
  }
  q->retry_until = now_ + std::max(wait, Duration{1});
  q->retry_cause = cause;
  q->failures = 0;
  q->probing = false;
  MarkDirty(q);
}

void Scheduler::Core::LeaveRetry(QueueState* q) {
  q->retry_until = {};
  q->failures = 0;
  q->probing = true;
  MarkDirty(q);
}

}  // namespace convoy::shard
