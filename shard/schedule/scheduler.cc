#include "shard/schedule/scheduler.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "shard/schedule/scheduler_core.h"

namespace convoy::shard {

Scheduler::Scheduler(Options options) : core_(std::make_unique<Core>(options)) {}
Scheduler::~Scheduler() = default;

void Scheduler::OnEvent(MonoTime now, const Event& event, Actions* out) {
  core_->OnEvent(now, event, out);
}
WaitReason Scheduler::Why(QueueId queue, MonoTime now) const { return core_->Why(queue, now); }
QueueCounters Scheduler::Counters(QueueId queue) const { return core_->Counters(queue); }
SchedulerCounters Scheduler::Counters() const { return core_->Counters(); }
bool Scheduler::Has(QueueId queue) const {
  const QueueState* q = core_->Find(queue);
  return q != nullptr && !q->removed;
}

Scheduler::Core::Core(Options options) : options_(options), total_(LimitScope::kTotal, kVmtaClock) {
  CHECK(options.steps_max > 0 && options.first_connections > 0);
  total_.limits.max_connections = options.total_max_smtp_out;
}

void Scheduler::Core::OnEvent(MonoTime now, const Event& event, Actions* out) {
  now_ = std::max(now_, now);
  out_ = out;
  steps_left_ = options_.steps_max;
  // The event first: the answer to SessionIdle is the first action.
  std::visit([this](const auto& e) { On(e); }, event);
  if (!changing_limits_) {
    TakeDueTimers();
    Work();
    SetTimer();
  }
  out_ = nullptr;
}

const QueueState* Scheduler::Core::Find(QueueId id) const {
  const auto it = queues_.find(id);
  return it == queues_.end() ? nullptr : &QueueAt(it->second);
}

QueueState& Scheduler::Core::Queue(QueueId id) {
  const auto it = queues_.find(id);
  CHECK(it != queues_.end());
  return QueueAt(it->second);
}

QueueState& Scheduler::Core::MakeQueue(const SetQueue& e) {
  uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = slots_used_++;
    if (slot % kChunk == 0) queue_chunks_.push_back(std::make_unique<QueueState[]>(kChunk));
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  queues_.emplace(e.queue, slot);
  QueueState& q = QueueAt(slot);
  q.id = e.queue;
  q.vmta = VmtaGate(e.vmta);
  q.policy = e.policy;
  ++q.vmta->queues;
  return q;
}

void Scheduler::Core::On(const SetQueue& e) {
  CHECK(e.policy != nullptr && !e.policy->retry_after.empty());
  const auto it = queues_.find(e.queue);
  QueueState& q = it == queues_.end() ? MakeQueue(e) : QueueAt(it->second);
  CHECK(q.vmta == VmtaGate(e.vmta));
  q.rates.Change(it == queues_.end() ? nullptr : q.policy.get(), *e.policy, now_);
  MarkDirty(&q);
  LeaveTotal(q.vmta);
  if (q.active) q.vmta->active_weight -= q.weight();
  q.policy = e.policy;
  if (q.active) q.vmta->active_weight += q.weight();
  q.removed = false;
  const auto site = sites_.find(e.site);
  if (site != sites_.end() && q.site == nullptr) AttachSite(&q, site->second.get());
  CHECK(q.site == nullptr || q.site->id == e.site.value());
  if (e.start_spent) q.rates.Spend(*e.policy, now_);
  if (e.resumes_backoff) q.rates.ResumeBackoff(*e.policy, now_);
}

void Scheduler::Core::AttachSite(QueueState* q, GateState* site) {
  q->site = site;
  ++site->queues;
  site->sessions += q->sessions();
  site->connecting += q->connecting;
  site->closing += q->closing;
  for (SessionState* s = q->waiting.first; s != nullptr; s = s->links[kInQueue].next) {
    if (s->listed) PushBack(&site->idle, kInSite, s);
  }
  MarkDirty(site);
}

void Scheduler::Core::On(const RemoveQueue& e) {
  QueueState& q = Queue(e.queue);
  q.removed = true;
  q.ready = 0;
  q.paused = false;
  q.allowed = true;
  q.retry_until = {};
  q.retry_position = 0;
  q.failures = 0;
  q.probing = false;
  MarkDirty(&q);
}

void Scheduler::Core::Erase(QueueState* q) {
  CHECK(q->parked == Parked::kNowhere && !q->dirty && q->sessions() == 0);
  ClearWake(q);
  GateState* const site = q->site;
  --q->vmta->queues;
  const auto it = queues_.find(q->id);
  const uint32_t slot = it->second;
  queues_.erase(it);
  QueueAt(slot) = QueueState();
  free_slots_.push_back(slot);
  if (site != nullptr && --site->queues == 0) MarkDirty(site);
}

GateState* Scheduler::Core::VmtaGate(VmtaId id) {
  std::unique_ptr<GateState>& gate = vmtas_[id];
  if (gate == nullptr) {
    gate = std::make_unique<GateState>(LimitScope::kVmta, kVmtaClock);
    gate->id = id.value();
  }
  return gate.get();
}

void Scheduler::Core::ChangeLimits(GateState* gate, const SharedLimits& limits, bool start_spent) {
  gate->rate.Change(gate->limits.max_msg_rate, limits.max_msg_rate, now_);
  gate->limits = limits;
  if (start_spent) gate->rate.Spend(now_);
  MarkDirty(gate);
}

void Scheduler::Core::On(const SetSite& e) {
  std::unique_ptr<GateState>& gate = sites_[e.site];
  if (gate == nullptr) {
    gate = std::make_unique<GateState>(LimitScope::kSite, kSiteClock);
    gate->id = e.site.value();
  }
  gate->removed = false;
  ChangeLimits(gate.get(), e.limits, e.start_spent);
}

void Scheduler::Core::On(const RemoveSite& e) {
  const auto it = sites_.find(e.site);
  if (it == sites_.end()) return;
  it->second->removed = true;
  MarkDirty(it->second.get());
}

void Scheduler::Core::On(const SetVmta& e) {
  ChangeLimits(VmtaGate(e.vmta), e.limits, e.start_spent);
}

void Scheduler::Core::On(const SetTotal& e) {
  total_.limits.max_connections = e.total_max_smtp_out;
  MarkDirty(&total_);
}

void Scheduler::Core::On(const QueueWork& e) {
  QueueState& q = Queue(e.queue);
  if (q.removed) return;
  const uint32_t before = q.ready;
  q.ready = e.ready;
  if (before == 0 && e.ready > 0) q.hungry_since = now_;
  const bool wakes = e.new_mail && q.in_retry() && q.policy->retry_upon_new_mail;
  if (wakes) LeaveRetry(&q);
  // A parked queue with rows stays where it is: more rows change nothing.
  if (q.parked != Parked::kNowhere && e.ready > 0) return;
  if (before == e.ready && !wakes) return;
  MarkDirty(&q);
}

void Scheduler::Core::On(const PauseQueue& e) {
  QueueState& q = Queue(e.queue);
  q.paused = e.paused;
  MarkDirty(&q);
}

void Scheduler::Core::On(const AllowQueue& e) {
  QueueState& q = Queue(e.queue);
  q.allowed = e.allowed;
  MarkDirty(&q);
}

void Scheduler::Core::On(const AllowSending& e) {
  if (sending_allowed_ == e.allowed) return;
  sending_allowed_ = e.allowed;
  // The one event whose cost is the number of queues; serving them is spread over steps_max a call.
  for (uint32_t slot = 0; slot < slots_used_; ++slot) {
    QueueState& q = QueueAt(slot);
    if (q.policy != nullptr && (q.ready > 0 || q.waiting.first != nullptr)) MarkDirty(&q);
  }
}

void Scheduler::Core::On(const RetryNow& e) {
  QueueState& q = Queue(e.queue);
  if (q.in_retry()) LeaveRetry(&q);
}

void Scheduler::Core::On(const DeferQueue& e) {
  EnterRetry(&Queue(e.queue), RetryCause::kDeferred);
}

void Scheduler::Core::On(const TimerFired&) { timer_set_ = kMonoMax; }

void Scheduler::Core::MarkDirty(QueueState* q) {
  Unpark(q);
  if (q->dirty) return;
  q->dirty = true;
  dirty_queues_.push_back(q);
}

void Scheduler::Core::MarkDirty(GateState* g) {
  if (g->dirty) return;
  g->dirty = true;
  dirty_gates_.push_back(g);
}

void Scheduler::Core::SetWake(Timed* t, MonoTime at) {
  if (t->timer_position != kNotInHeap) {
    if (t->at == at) return;
    timers_.Remove(t);
  }
  if (at >= kMonoMax) return;
  t->at = at;
  t->order = ++timer_order_;
  timers_.Push(t);
}

void Scheduler::Core::ClearWake(Timed* t) {
  if (t->timer_position != kNotInHeap) timers_.Remove(t);
}

void Scheduler::Core::TakeDueTimers() {
  while (!timers_.empty() && timers_.top()->at <= now_) {
    Timed* const t = timers_.top();
    timers_.Remove(t);
    if (t->is_gate) {
      MarkDirty(static_cast<GateState*>(t));
    } else {
      MarkDirty(static_cast<QueueState*>(t));
    }
  }
}

bool Scheduler::Core::Step() {
  if (steps_left_ == 0) return false;
  --steps_left_;
  return true;
}

void Scheduler::Core::Work() {
  while (steps_left_ > 0) {
    if (!dirty_gates_.empty()) {
      GateState* const g = dirty_gates_.front();
      dirty_gates_.pop_front();
      g->dirty = false;
      Step();
      Settle(g);
    } else if (!dirty_queues_.empty()) {
      QueueState* const q = dirty_queues_.front();
      dirty_queues_.pop_front();
      q->dirty = false;
      Step();
      Serve(q, nullptr);
    } else {
      return;
    }
  }
}

void Scheduler::Core::SetTimer() {
  const bool unfinished = !dirty_gates_.empty() || !dirty_queues_.empty();
  const MonoTime want = unfinished ? now_ : (timers_.empty() ? kMonoMax : timers_.top()->at);
  // A timer that fires too early costs a call; setting it again and again would cost more.
  if (want >= timer_set_) return;
  timer_set_ = want;
  out_->push_back({Action::Kind::kSetTimer, {}, {}, want});
}

void Scheduler::Core::Emit(Action::Kind kind, const SessionState& s, MonoTime at) {
  out_->push_back({kind, s.queue->id, s.id, at});
}

SchedulerCounters Scheduler::Core::Counters() const {
  SchedulerCounters c = counters_;
  c.queues = queues_.size();
  c.sessions = sessions_.size();
  return c;
}

QueueCounters Scheduler::Core::Counters(QueueId id) const {
  QueueCounters c;
  const QueueState* q = Find(id);
  if (q == nullptr) return c;
  c.ready = q->ready;
  c.connecting = q->connecting;
  c.open = q->open + q->closing;
  for (const SessionState* s = q->waiting.first; s != nullptr; s = s->links[kInQueue].next) {
    ++c.waiting;
  }
  c.assigned = q->assigned;
  c.failures = q->failures;
  c.retry_until = q->retry_until;
  return c;
}

}  // namespace convoy::shard
