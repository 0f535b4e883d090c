// One queue: assign its rows to its sessions, open connections for the rest, or park it where it
// has to wait.
#include <algorithm>

#include "base/check.h"
#include "shard/schedule/scheduler_core.h"

namespace convoy::shard {
namespace {

constexpr uint64_t kPassUnit = uint64_t{1} << 24;       // what one attempt adds at weight 1
constexpr uint64_t kTotalPassUnit = uint64_t{1} << 32;  // the same for a virtual MTA
constexpr uint64_t kDebtMax = 64;                       // attempts a queue can be behind for

}  // namespace

bool Scheduler::Core::MaySend(const QueueState& q) const {
  return sending_allowed_ && q.allowed && !q.paused && !q.removed && !q.in_retry();
}

// Serves `q`, which is parked nowhere. Popped from a gate's rate it gets one attempt; the gate goes
// on with the next queue in order.
void Scheduler::Core::Serve(QueueState* q, GateState* popped_from) {
  Unpark(q);
  ClearWake(q);
  if (q->removed && ServeRemoved(q)) return;
  if (q->in_retry() && q->retry_until <= now_) {
    q->retry_until = {};
    q->failures = 0;
    q->probing = true;
  }
  if (!MaySend(*q)) {
    CloseIdleSessions(q);
    if (q->in_retry()) SetWake(q, q->retry_until);
    return;
  }
  CloseSurplus(q);
  while (q->ready > 0 && q->waiting.first != nullptr) {
    const Block block = AttemptBlock(q, /*in_order=*/popped_from == nullptr);
    if (block.blocked) {
      if (block.at == Parked::kNowhere) {
        SetWake(q, block.until);
      } else {
        Park(q, block.at);
      }
      return;
    }
    Assign(q->waiting.first);
    if (popped_from != nullptr && q->ready > 0 && q->waiting.first != nullptr) {
      const bool site = popped_from->scope == LimitScope::kSite;
      return Park(q, site ? Parked::kSiteRate : Parked::kVmtaRate);
    }
  }
  if (q->ready > 0) return MaybeOpen(q);
  const MonoTime forget = q->rates.ForgetAt(*q->policy);
  if (forget > now_) return SetWake(q, forget);
  q->rates.Forget();
}

// A removed queue stays until its sessions have ended and its rate may be forgotten: it could
// return.
bool Scheduler::Core::ServeRemoved(QueueState* q) {
  CloseIdleSessions(q);
  if (q->sessions() > 0) return true;
  const MonoTime forget = q->rates.ForgetAt(*q->policy);
  if (forget > now_) {
    SetWake(q, forget);
  } else {
    Erase(q);
  }
  return true;
}

void Scheduler::Core::CloseIdleSessions(QueueState* q) {
  SessionState* next = nullptr;
  for (SessionState* s = q->waiting.first; s != nullptr; s = next) {
    next = s->links[kInQueue].next;
    if (s->attempts == 0) Close(s);
  }
}

// Those that have waited longest first.
void Scheduler::Core::CloseSurplus(QueueState* q) {
  while (q->surplus() > 0 && q->waiting.last != nullptr) Close(q->waiting.last);
}

Scheduler::Core::Block Scheduler::Core::GateBlock(GateState* g, Parked at, bool in_order) {
  if (g == nullptr || g->limits.max_msg_rate.unlimited()) return {};
  const MonoTime next = g->rate.Next(g->limits.max_msg_rate, now_);
  if (next > now_ || (in_order && !g->rate_waiters.empty())) return {true, at, next};
  return {};
}

// `in_order`: behind those who wait for the same tokens already.
Scheduler::Core::Block Scheduler::Core::AttemptBlock(QueueState* q, bool in_order) {
  const MonoTime own = q->rates.Next(*q->policy, now_);
  if (own > now_) return {true, Parked::kNowhere, own};
  const Block site = GateBlock(q->site, Parked::kSiteRate, in_order);
  const Block vmta = GateBlock(q->vmta, Parked::kVmtaRate, in_order);
  return vmta.blocked && vmta.until >= site.until ? vmta : site;
}

void Scheduler::Core::Assign(SessionState* s) {
  QueueState& q = *s->queue;
  CHECK(q.ready > 0 && s->attempts < SessionState::kAttemptsMax);
  StopWaiting(s);
  SessionState::Tokens& tokens = s->tokens[s->attempts++];
  tokens.queue = q.rates.Take(*q.policy, now_);
  tokens.vmta = q.vmta->rate.Take(q.vmta->limits.max_msg_rate, now_);
  if (q.site != nullptr) tokens.site = q.site->rate.Take(q.site->limits.max_msg_rate, now_);
  --q.ready;
  ++q.assigned;
  ++s->assigned;
  ++counters_.assigned;
  ++counters_.assigned_total;
  q.hungry_since = now_;
  Charge(&q);
  Emit(Action::Kind::kAssign, *s);
  if (q.ready == 0) MarkDirty(&q);
}

void Scheduler::Core::Charge(QueueState* q) {
  const uint64_t stride = kPassUnit / q->weight();
  q->pass[kVmtaClock] += stride;
  q->pass[kSiteClock] += stride;
  LeaveTotal(q->vmta);
  q->vmta->total_pass += kTotalPassUnit / std::max<uint64_t>(1, q->vmta->active_weight);
}

// No credit from the past, and a bounded debt.
uint64_t Scheduler::Core::ClampedPass(const GateState& g, const QueueState& q) {
  const uint64_t pass = q.pass[g.scope == LimitScope::kSite ? kSiteClock : kVmtaClock];
  return std::clamp(pass, g.vtime, g.vtime + kDebtMax * kPassUnit / q.weight());
}

// `q` has rows that no session waits for.
void Scheduler::Core::MaybeOpen(QueueState* q) {
  if (q->ready <= q->connecting || !OwnLimitsAllowOpening(q)) return;
  if (q->site != nullptr && !CanOpen(q->site, *q)) return Park(q, Parked::kSiteSlot);
  Park(q, Parked::kVmtaSlot);
}

bool Scheduler::Core::OwnLimitsAllowOpening(QueueState* q) {
  const QueuePolicy& policy = *q->policy;
  const uint32_t at_once = q->probing ? 1 : std::max(options_.first_connections, q->open);
  if (q->connecting >= at_once || q->sessions() >= policy.max_smtp_out) return false;
  if (q->probing && q->open > 0) return false;
  MonoTime not_before = q->open_not_before;
  // The sessions at work may take these rows within a moment.
  if (q->ready <= q->connecting + q->open) {
    not_before = std::max(not_before, q->hungry_since + options_.growth_patience);
  }
  for (const Rate& rate : {policy.max_msg_rate, policy.backoff_msg_rate}) {
    if (rate.unlimited()) continue;
    if (q->connecting >= ConnectingMax(LimitScope::kQueue, rate)) return false;
    const MonoTime token = q->rates.Next(policy, now_);
    if (token >= kMonoMax) return false;
    not_before = std::max(not_before, token - options_.token_horizon);
  }
  if (not_before <= now_) return true;
  SetWake(q, not_before);
  return false;
}

void Scheduler::Core::Grant(QueueState* q) {
  auto session = std::make_unique<SessionState>();
  SessionState& s = *session;
  s.id = SessionId(++last_session_);
  s.queue = q;
  sessions_.emplace(s.id, std::move(session));
  LeaveTotal(q->vmta);
  ++q->connecting;
  UpdateActive(q);
  for (GateState* g : {&total_, q->vmta, q->site}) {
    if (g == nullptr) continue;
    ++g->sessions;
    ++g->connecting;
  }
  q->open_not_before = std::max(q->open_not_before, now_ + q->policy->smtp_out_rampup_interval);
  Charge(q);
  ++counters_.opened_total;
  Emit(Action::Kind::kOpenSession, s);
  MarkDirty(q);
}

void Scheduler::Core::Park(QueueState* q, Parked at) {
  CHECK(q->parked == Parked::kNowhere);
  const bool site = at == Parked::kSiteRate || at == Parked::kSiteSlot;
  GateState* const g = site ? q->site : q->vmta;
  q->pass[site ? kSiteClock : kVmtaClock] = ClampedPass(*g, *q);
  q->parked = at;
  if (at == Parked::kSiteRate || at == Parked::kVmtaRate) {
    g->rate_waiters.Push(q);
  } else {
    g->slot_waiters.Push(q);
  }
  if (at == Parked::kVmtaSlot) ++waiting_for_slots_;
  UpdateActive(q);
  MarkDirty(g);
}

void Scheduler::Core::Unpark(QueueState* q) {
  if (q->parked == Parked::kNowhere) return;
  const bool site = q->parked == Parked::kSiteRate || q->parked == Parked::kSiteSlot;
  GateState* const g = site ? q->site : q->vmta;
  if (q->parked == Parked::kSiteRate || q->parked == Parked::kVmtaRate) {
    g->rate_waiters.Remove(q);
  } else {
    g->slot_waiters.Remove(q);
  }
  if (q->parked == Parked::kVmtaSlot) --waiting_for_slots_;
  q->parked = Parked::kNowhere;
  UpdateActive(q);
  MarkDirty(g);
}

void Scheduler::Core::UpdateActive(QueueState* q) {
  const bool active = q->sessions() > 0 || q->parked == Parked::kVmtaSlot;
  if (active == q->active) return;
  q->active = active;
  LeaveTotal(q->vmta);
  if (active) {
    q->vmta->active_weight += q->weight();
  } else {
    q->vmta->active_weight -= q->weight();
  }
}

}  // namespace convoy::shard
