// What keeps a queue from sending more: the conditions of Serve, asked again without effect.
#include <algorithm>

#include "shard/schedule/scheduler_core.h"

namespace convoy::shard {
namespace {

using Kind = WaitReason::Kind;

WaitReason ConnectionsReason(LimitScope scope, uint32_t limit) {
  WaitReason reason;
  reason.kind = Kind::kConnections;
  reason.scope = scope;
  reason.limit = limit;
  return reason;
}

WaitReason RateReason(LimitScope scope, const Rate& rate, MonoTime until) {
  WaitReason reason;
  reason.kind = Kind::kRate;
  reason.scope = scope;
  reason.rate = rate;
  reason.until = until;
  return reason;
}

}  // namespace

WaitReason Scheduler::Core::Why(QueueId id, MonoTime now) {
  WaitReason reason;
  const auto it = queues_.find(id);
  reason.kind = Kind::kRemoved;
  if (it == queues_.end() || QueueAt(it->second).removed) return reason;
  QueueState& q = QueueAt(it->second);
  now = std::max(now, now_);
  if (!sending_allowed_ || !q.allowed || q.paused) {
    reason.kind = !sending_allowed_ ? Kind::kStopped : !q.allowed ? Kind::kNoLease : Kind::kPaused;
    return reason;
  }
  if (q.in_retry()) {
    reason.kind = Kind::kRetry;
    reason.cause = q.retry_cause;
    reason.until = q.retry_until;
    return reason;
  }
  if (q.ready == 0) {
    reason.kind = q.assigned > 0 ? Kind::kSending : Kind::kIdle;
    return reason;
  }
  const MonoTime token = q.rates.Next(*q.policy, now);
  if (token > now) {
    return RateReason(LimitScope::kQueue, q.rates.Binding(*q.policy, now), token);
  }
  for (GateState* g : {q.site, q.vmta}) {
    if (g == nullptr) continue;
    const MonoTime next = g->rate.Next(g->limits.max_msg_rate, now);
    if (next > now) return RateReason(g->scope, g->limits.max_msg_rate, next);
  }
  if (q.sessions() >= q.policy->max_smtp_out) {
    return ConnectionsReason(LimitScope::kQueue, q.policy->max_smtp_out);
  }
  for (GateState* g : {q.site, q.vmta, &total_}) {
    if (g == nullptr || !g->slots_full()) continue;
    return ConnectionsReason(g->scope, g->limits.max_connections);
  }
  reason.kind = q.assigned > 0 ? Kind::kSending : Kind::kOpening;
  if (reason.kind == Kind::kOpening && q.timer_position != kNotInHeap) reason.until = q.at;
  return reason;
}

}  // namespace convoy::shard
