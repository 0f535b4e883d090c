// One shared scope: hands out its tokens and connection slots in fair order.
#include <algorithm>

#include "shard/schedule/scheduler_core.h"

namespace convoy::shard {
namespace {

// How long a connection may take to come up: with a rate, so many may be on their way as it could
// feed.
constexpr Duration kConnectTime = Seconds(10);
// Idle sessions looked at for one that may be closed.
constexpr int kReclaimScanMax = 8;

constexpr uint64_t kTotalDebtMax = uint64_t{1} << 38;

}  // namespace

// Connections that may be on their way at once in a scope with a rate: as many as it could feed
// until they are up. Different destinations behind a virtual MTA get one more, lest a dead one
// stops them all.
uint32_t Scheduler::Core::ConnectingMax(LimitScope scope, const Rate& rate) {
  const double fed = static_cast<double>(rate.count) * static_cast<double>(kConnectTime.us) /
                     static_cast<double>(rate.interval.us);
  return static_cast<uint32_t>(std::min((scope == LimitScope::kVmta ? 2.0 : 1.0) + fed, 1e6));
}

// A queue without a session whose turn comes before those whose sessions wait for tokens.
bool Scheduler::Core::ServedBeforeWaiters(const GateState& g, const QueueState& q) const {
  return q.sessions() == 0 && ClampedPass(g, q) < ClampedPass(g, *g.rate_waiters.top());
}

// Whether `q` may open one more connection in this scope now. With a rate: only if its tokens are
// near, no open session would take them first, and not more connections are on their way than it
// could feed.
bool Scheduler::Core::CanOpen(GateState* g, const QueueState& q) {
  if (g->slots_full()) return false;
  const Rate& rate = g->limits.max_msg_rate;
  if (rate.unlimited()) return true;
  return g->connecting < ConnectingMax(g->scope, rate) &&
         (g->rate_waiters.empty() || ServedBeforeWaiters(*g, q)) &&
         g->rate.Next(rate, now_) <= now_ + options_.token_horizon;
}

void Scheduler::Core::Settle(GateState* g) {
  if (g->scope == LimitScope::kTotal) {
    SettleTotal();
    return;
  }
  CloseSurplus(g, g->scope == LimitScope::kSite ? kInSite : kInVmta);
  SettleRate(g);
  if (g->scope == LimitScope::kSite) {
    SettleSiteSlots(g);
    if (g->slots_full()) ReclaimIdle(g, g->slot_waiters.size(), kInSite);
  } else {
    JoinTotal(g);
    if (g->slots_full()) ReclaimIdle(g, g->slot_waiters.size(), kInVmta);
  }
  WakeGate(g);
}

void Scheduler::Core::SettleRate(GateState* g) {
  while (!g->rate_waiters.empty() && g->rate.Next(g->limits.max_msg_rate, now_) <= now_) {
    if (!Step()) return MarkDirty(g);
    QueueState* const q = g->rate_waiters.top();
    g->vtime = std::max(g->vtime, q->pass[g->scope == LimitScope::kSite ? kSiteClock : kVmtaClock]);
    Serve(q, g);
  }
}

// Queues go on to their virtual MTA; each is granted a connection before the next one is asked, if
// it can be.
void Scheduler::Core::SettleSiteSlots(GateState* site) {
  while (!site->slot_waiters.empty() && CanOpen(site, *site->slot_waiters.top())) {
    if (!Step()) return MarkDirty(site);
    QueueState* const q = site->slot_waiters.top();
    if (q->sessions() == 0) site->vtime = std::max(site->vtime, q->pass[kSiteClock]);
    Unpark(q);
    Park(q, Parked::kVmtaSlot);
    JoinTotal(q->vmta);
    SettleTotal();
  }
}

// Puts a virtual MTA among those that compete for the total, or takes it out.
void Scheduler::Core::JoinTotal(GateState* vmta) {
  const bool joined = vmta->total_position != kNotInHeap;
  const bool wants = !vmta->slot_waiters.empty() && CanOpen(vmta, *vmta->slot_waiters.top());
  if (wants == joined) {
    if (wants) MarkDirty(&total_);
    return;
  }
  if (joined) return total_waiters_.Remove(vmta);
  vmta->total_pass = std::clamp(vmta->total_pass, total_.vtime,
                                total_.vtime + kTotalDebtMax / vmta->active_weight);
  total_waiters_.Push(vmta);
  MarkDirty(&total_);
}

void Scheduler::Core::LeaveTotal(GateState* vmta) {
  if (vmta->total_position == kNotInHeap) return;
  total_waiters_.Remove(vmta);
  MarkDirty(vmta);
}

void Scheduler::Core::SettleTotal() {
  CloseSurplus(&total_, kInTotal);
  while (sending_allowed_ && !total_waiters_.empty() && !total_.slots_full()) {
    if (!Step()) return MarkDirty(&total_);
    GateState* const v = total_waiters_.top();
    if (v->slot_waiters.empty() || !CanOpen(v, *v->slot_waiters.top())) {
      total_waiters_.Remove(v);
      MarkDirty(v);
      continue;
    }
    QueueState* const q = v->slot_waiters.top();
    if (v->sessions == 0) total_.vtime = std::max(total_.vtime, v->total_pass);
    LeaveTotal(v);
    Unpark(q);
    if (q->site != nullptr && !CanOpen(q->site, *q)) {
      Park(q, Parked::kSiteSlot);
    } else {
      if (q->sessions() == 0) v->vtime = std::max(v->vtime, q->pass[kVmtaClock]);
      Grant(q);
    }
    JoinTotal(v);
  }
  if (total_.slots_full()) ReclaimIdle(&total_, waiting_for_slots_, kInTotal);
}

void Scheduler::Core::WakeGate(GateState* g) {
  if (g->dirty) return;
  const Rate& rate = g->limits.max_msg_rate;
  MonoTime wake = kMonoMax;
  if (!g->rate_waiters.empty()) {
    wake = g->rate.Next(rate, now_);
  } else if (!g->slot_waiters.empty() && !rate.unlimited()) {
    const MonoTime token = g->rate.Next(rate, now_);
    if (token < kMonoMax && token > now_ + options_.token_horizon) {
      wake = token - options_.token_horizon;
    }
  } else if (g->removed && g->queues == 0) {
    return DropSiteIfForgotten(g);
  }
  if (wake >= kMonoMax) return ClearWake(g);
  SetWake(g, wake);
}

// A site without queues stays until its rate may be forgotten.
void Scheduler::Core::DropSiteIfForgotten(GateState* site) {
  const MonoTime forget = site->rate.ForgetAt(site->limits.max_msg_rate);
  if (forget > now_) return SetWake(site, forget);
  ClearWake(site);
  sites_.erase(SiteId(site->id));
}

// A lowered limit: idle sessions go at once, the others when they ask (MustClose).
void Scheduler::Core::CloseSurplus(GateState* g, SessionListId which) {
  SessionState* s = g->idle.first;
  while (s != nullptr && g->surplus() > 0) {
    SessionState* const next = s->links[which].next;
    Close(s);
    s = next;
  }
}

bool Scheduler::Core::Reclaimable(const SessionState& s) {
  QueueState& q = *s.queue;
  if (q.ready == 0) return true;
  const Block block = AttemptBlock(&q, /*in_order=*/false);
  return block.blocked && block.until > now_ + options_.token_horizon;
}

// Closes idle sessions of a full scope for the queues that want its slots.
void Scheduler::Core::ReclaimIdle(GateState* g, uint64_t wanted, SessionListId which) {
  SessionState* s = g->idle.first;
  for (int scanned = 0; s != nullptr && wanted > g->closing && scanned < kReclaimScanMax;
       ++scanned) {
    SessionState* const next = s->links[which].next;
    if (Reclaimable(*s)) {
      ++counters_.yielded_total;
      Close(s);
    }
    s = next;
  }
}

}  // namespace convoy::shard
