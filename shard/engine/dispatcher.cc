#include "shard/engine/dispatcher.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "mail/message.h"
#include "shard/engine/answer.h"
#include "smtp/xtext.h"

namespace convoy::shard {
namespace {

// A connection that ended, by itself or with a 421, before any recipient was named: nothing was
// said about this one, so it is tried again at once elsewhere, and the queue's retry mode holds the
// pace. From RCPT on it may be this mail that ends sessions, and a body may have been sent: the
// attempt counts, is recorded, and the recipient waits for its own retry.
bool SaysNothing(const Verdict& verdict, Phase phase) {
  return verdict.outcome == Outcome::kDeferred && verdict.scope == Scope::kSession &&
         phase <= Phase::kMail;
}

// RFC 6531 3.2: whether the next hop must offer SMTPUTF8 for this transaction. The client's own
// parameter alone does not say: it may claim it for plain mail, and not every way in has one.
// Without it, 8-bit header fields are what old feeders send unencoded, and go out as 8BITMIME.
bool NeedsSmtpUtf8(const Message& message, std::string_view rcpt) {
  if (mail::Has8bit(message.envelope.sender) || mail::Has8bit(rcpt)) return true;
  return message.envelope.smtp_utf8 && message.envelope.eight_bit &&
         mail::Has8bit(message.content.view().substr(0, message.envelope.header_bytes));
}

AttemptResult ResultOf(const Verdict& verdict) {
  if (verdict.outcome == Outcome::kDelivered) return AttemptResult::kDelivered;
  return verdict.scope == Scope::kSession ? AttemptResult::kNoReply : AttemptResult::kError;
}

}  // namespace

Dispatcher::Dispatcher(Deps deps)
    : deps_(std::move(deps)),
      tls_sessions_(deps_.loop),
      scheduler_(SchedulerOptions{.total_max_smtp_out = deps_.policies.TotalMaxSmtpOut()}) {
  LeaseChanged();
}

Dispatcher::~Dispatcher() {
  deps_.loop.Cancel(timer_);
  deps_.loop.Cancel(lease_timer_);
  for (const auto& [id, live] : live_) deps_.loop.Cancel(live.idle_timer);
}

void Dispatcher::Tell(const Event& event) {
  Actions actions;
  scheduler_.OnEvent(deps_.loop.MonoNow(), event, &actions);
  Enqueue(actions);
}

void Dispatcher::Enqueue(const Actions& actions) {
  for (const Action& action : actions) {
    todo_.push_back({action, action.kind == Action::Kind::kAssign ? Take(action) : 0});
  }
  Drain();
}

void Dispatcher::Drain() {
  if (draining_) return;
  draining_ = true;
  while (!todo_.empty()) {
    const Todo todo = todo_.front();
    todo_.pop_front();
    Do(todo);
  }
  draining_ = false;
}

void Dispatcher::Do(const Todo& todo) {
  const Action& action = todo.action;
  const auto found = live_.find(action.session);
  switch (action.kind) {
    case Action::Kind::kOpenSession:
      return Open(action);
    case Action::Kind::kAssign: {
      CHECK(found != live_.end() && !found->second.granted.has_value());
      deps_.loop.Cancel(found->second.idle_timer);
      found->second.granted = todo.attempt;
      return found->second.session->Wake();
    }
    case Action::Kind::kWait:
      if (found != live_.end()) Waits(found->second, action.at);
      return;
    case Action::Kind::kCloseSession:
      if (found != live_.end()) found->second.session->Quit();
      return;
    case Action::Kind::kSetTimer:
      deps_.loop.Cancel(timer_);
      timer_ = TimerId();
      if (action.at == kMonoMax) return;
      timer_ = deps_.loop.CallAt(action.at, [this] { Tell(TimerFired{}); });
      return;
  }
}

void Dispatcher::Open(const Action& action) {
  Queue* queue = deps_.queues.Find(action.queue);
  CHECK(queue != nullptr);
  DeliverySession::Options options;
  options.id = action.session;
  options.queue = action.queue;
  options.domain = queue->domain;
  options.policy = queue->policy;
  options.tls = deps_.tls;
  options.sts = deps_.sts;
  options.tls_sessions = &tls_sessions_;
  options.ourselves = ourselves_;
  options.notes = host_notes_;
  if (const VmtaIdentity* vmta = deps_.policies.FindVmta(queue->vmta)) {
    options.source = vmta->hosts[sessions_opened_ % vmta->hosts.size()];
  }
  ++sessions_opened_;
  auto session =
      std::make_shared<DeliverySession>(deps_.loop, deps_.network, deps_.resolver, *this,
                                        deps_.rng.Fork(sessions_opened_), std::move(options));
  Live live;
  live.session = session;
  live.hold = gate_.TryEnter();
  live_.emplace(action.session, std::move(live));
  session->Start();
}

uint64_t Dispatcher::Take(const Action& action) {
  Queue* queue = deps_.queues.Find(action.queue);
  CHECK(queue != nullptr && !queue->ready.empty());
  const uint64_t id = next_attempt_++;
  attempts_.emplace(
      id, InFlight{action.session, std::move(queue->ready.front()), queue->backoff.has_value()});
  queue->ready.pop_front();
  --queue->told_ready;
  return id;
}

std::optional<uint64_t> Dispatcher::TakeGranted(SessionId session) {
  const auto live = live_.find(session);
  if (live != live_.end() && live->second.granted.has_value()) {
    return std::exchange(live->second.granted, std::nullopt);
  }
  const auto unheard = std::find_if(todo_.begin(), todo_.end(), [&](const Todo& todo) {
    return todo.action.kind == Action::Kind::kAssign && todo.action.session == session;
  });
  if (unheard == todo_.end()) return std::nullopt;
  const uint64_t attempt = unheard->attempt;
  todo_.erase(unheard);
  return attempt;
}

smtp::Attempt Dispatcher::AttemptOf(uint64_t id) const {
  const ReadyRow& row = attempts_.at(id).row;
  smtp::Attempt attempt;
  attempt.id = id;
  attempt.mail_from = row.message->envelope.sender;
  smtp::Recipient recipient;
  recipient.address = row.row.value.rcpt;
  recipient.orcpt = row.row.value.orcpt;
  recipient.notify = NotifyTextOf(row.row.value.notify);
  attempt.recipients.push_back(std::move(recipient));
  attempt.body = row.body;
  attempt.smtputf8 = NeedsSmtpUtf8(*row.message, row.row.value.rcpt);
  attempt.ret = row.message->envelope.ret;
  attempt.envid = smtp::EnvidOf(row.message->envelope.envelope_id);
  return attempt;
}

void Dispatcher::SetQueue(const Queue& queue) {
  ChangeLimits([&] {
    Tell(SetSite{queue.site_id, queue.policy->site});
    if (const VmtaIdentity* vmta = deps_.policies.FindVmta(queue.vmta)) {
      Tell(SetVmta{queue.vmta_id, vmta->limits});
    }
    shard::SetQueue set{queue.id, queue.site_id, queue.vmta_id, queue.Schedule()};
    set.resumes_backoff = queue.backoff.has_value() && !scheduler_.Has(queue.id);
    Tell(set);
    Tell(AllowQueue{queue.id, queue.MayAttempt()});
  });
}

void Dispatcher::LimitsChanged(const Queue& queue) {
  Tell(shard::SetQueue{queue.id, queue.site_id, queue.vmta_id, queue.Schedule()});
}

void Dispatcher::ReadyChanged(Queue& queue, bool new_mail) {
  const auto ready = static_cast<uint32_t>(queue.ready.size());
  if (ready == queue.told_ready && !new_mail) return;
  queue.told_ready = ready;
  Tell(QueueWork{queue.id, ready, new_mail});
}

void Dispatcher::PermissionChanged(Queue& queue) {
  Tell(shard::PauseQueue{queue.id, queue.paused});
  Tell(AllowQueue{queue.id, queue.owned && !queue.handing_over});
}

bool Dispatcher::LeaseHeld() {
  const bool held = deps_.lease.MayAssign(deps_.loop.MonoNow()) && !stopping_;
  if (held != sending_allowed_) {
    sending_allowed_ = held;
    Tell(AllowSending{held});
  }
  return held;
}

void Dispatcher::LeaseChanged() {
  LeaseHeld();
  deps_.loop.Cancel(lease_timer_);
  lease_timer_ = TimerId();
  if (const auto until = deps_.lease.AssignUntil(); until.has_value()) {
    lease_timer_ = deps_.loop.CallAt(*until, [this] { LeaseChanged(); });
  }
}

uint32_t Dispatcher::SessionsOf(QueueId queue) const {
  const QueueCounters counters = scheduler_.Counters(queue);
  return counters.connecting + counters.open;
}

bool Dispatcher::HasAttempts(QueueId queue) const {
  return scheduler_.Counters(queue).assigned > 0;
}

bool Dispatcher::MayConnect(SessionId session) {
  if (!LeaseHeld()) return false;
  const auto found = live_.find(session);
  const Queue* queue = deps_.queues.Find(found->second.session->queue());
  return queue->MayAttempt();
}

void Dispatcher::Opened(DeliverySession& session) { Tell(SessionOpened{session.id()}); }

void Dispatcher::Replied(DeliverySession& session, const smtp::Reply& reply) {
  deps_.backoff.Heard(*deps_.queues.Find(session.queue()), reply);
}

std::optional<smtp::Attempt> Dispatcher::Next(DeliverySession& session) {
  const auto found = live_.find(session.id());
  CHECK(found != live_.end());
  std::optional<uint64_t> id = TakeGranted(session.id());
  if (!LeaseHeld()) {
    if (id.has_value()) {
      Tell(AttemptReturned{session.id()});
      Forget(*id);
    }
    session.Quit();
    return std::nullopt;
  }
  if (!id.has_value()) {
    Actions actions;
    scheduler_.OnEvent(deps_.loop.MonoNow(), SessionIdle{session.id()}, &actions);
    CHECK(!actions.empty());
    const Action answer = actions.front();
    actions.erase(actions.begin());
    if (answer.kind == Action::Kind::kAssign) {
      id = Take(answer);
    } else if (answer.kind == Action::Kind::kWait) {
      Waits(found->second, answer.at);
    } else {
      session.Quit();
    }
    Enqueue(actions);
  }
  if (!id.has_value()) return std::nullopt;
  // Enqueue() may have touched live_: look it up again.
  ++live_.at(session.id()).in_flight;
  if (deps_.gauges != nullptr) deps_.gauges->Add(Gauge::kInFlight, 1);
  Queue& queue = *deps_.queues.Find(session.queue());
  deps_.preparer.Pump(queue, SessionsOf(queue.id));
  return AttemptOf(*id);
}

void Dispatcher::Waits(Live& live, MonoTime until) {
  deps_.loop.Cancel(live.idle_timer);
  live.idle_timer = TimerId();
  // With an attempt in flight the session asks again after its report.
  if (live.in_flight > 0 || until == kMonoMax) return;
  std::weak_ptr<DeliverySession> session = live.session;
  live.idle_timer = deps_.loop.CallAt(until, [this, session] {
    const auto alive = session.lock();
    if (alive == nullptr) return;
    // Nothing may be assigned to it any more: it would miss it.
    Tell(SessionClosing{alive->id()});
    alive->Quit();
  });
}

void Dispatcher::Forget(uint64_t attempt) {
  const auto found = attempts_.find(attempt);
  const ReadyRow row = std::move(found->second.row);
  attempts_.erase(found);
  RowBack(row.row.queue, row.row);
}

void Dispatcher::RowBack(QueueId id, const SpoolRow& row) {
  Queue& queue = *deps_.queues.Find(id);
  deps_.preparer.PutBack(queue, row);
  deps_.preparer.Pump(queue, SessionsOf(id));
}

void Dispatcher::Returned(DeliverySession& session, smtp::Attempt attempt, bool mail_written) {
  Live& live = live_.at(session.id());
  --live.in_flight;
  if (deps_.gauges != nullptr) deps_.gauges->Add(Gauge::kInFlight, -1);
  if (mail_written) {
    Tell(AttemptReported{session.id(), AttemptResult::kNoReply});
  } else {
    Tell(AttemptReturned{session.id()});
  }
  Forget(attempt.id);
}

void Dispatcher::FinalDotSent(uint64_t attempt) {
  attempts_.at(attempt).past_dot = true;
  if (deps_.gauges != nullptr) deps_.gauges->Add(Gauge::kPastDot, 1);
}

void Dispatcher::Reported(DeliverySession& session, const smtp::AttemptResult& result) {
  const auto found = attempts_.find(result.id);
  CHECK(found != attempts_.end() && result.recipients.size() == 1);
  const ReadyRow row = std::move(found->second.row);
  const bool past_dot = found->second.past_dot;
  const bool in_backoff = found->second.in_backoff;
  attempts_.erase(found);
  --live_.at(session.id()).in_flight;
  Queue& queue = *deps_.queues.Find(session.queue());
  const Answer answer = AnswerOf(result.recipients.front());
  Verdict verdict = Judge(answer, VerdictOptionsFor(queue, result.recipients.front()));
  verdict.maybe_duplicate = result.duplicate_window;
  if (in_backoff && verdict.outcome == Outcome::kDelivered) deps_.backoff.Delivered(queue);
  if (SaysNothing(verdict, answer.phase) && !verdict.maybe_duplicate) {
    queue.last_error = {deps_.loop.WallNow(), verdict.diagnostic};
    deps_.preparer.PutBack(queue, row.row);
  } else {
    deps_.recorder.Settle(queue, row.row, row.message, verdict, &session.place());
  }
  if (deps_.gauges != nullptr) {
    deps_.gauges->Add(Gauge::kInFlight, -1);
    if (past_dot) deps_.gauges->Add(Gauge::kPastDot, -1);
  }
  Tell(AttemptReported{session.id(), ResultOf(verdict)});
  deps_.preparer.Pump(queue, SessionsOf(queue.id));
}

void Dispatcher::Ended(DeliverySession& session, SessionEnd end, std::optional<Verdict> failure) {
  const auto found = live_.find(session.id());
  CHECK(found != live_.end());
  Queue& queue = *deps_.queues.Find(session.queue());
  deps_.loop.Cancel(found->second.idle_timer);
  if (const std::optional<uint64_t> granted = TakeGranted(session.id()); granted.has_value()) {
    Tell(AttemptReturned{session.id()});
    Forget(*granted);
  }
  const SessionPlace place = session.place();
  const SessionId id = session.id();
  if (failure.has_value()) {
    deps_.recorder.QueueFailed(queue, *failure, place);
    if (failure->outcome == Outcome::kBounced) {
      queue.dead = *failure;
      queue.dead_until = deps_.loop.MonoNow() + queue.policy->schedule->retry_after_dns_error;
      deps_.preparer.Unprepare(queue, 0);
    }
  }
  const Live live = std::move(live_.extract(id).mapped());
  Tell(SessionClosed{id, end});
  // In retry mode only a probe will be made: let the bodies go.
  if (scheduler_.Counters(queue.id).retry_until > MonoTime{}) deps_.preparer.Unprepare(queue, 1);
  ReadyChanged(queue);
  deps_.preparer.Pump(queue, SessionsOf(queue.id));
}

VerdictOptions Dispatcher::VerdictOptionsFor(const Queue& queue,
                                             const smtp::Outcome& outcome) const {
  VerdictOptions options = queue.policy->verdict;
  if (outcome.phase == smtp::Phase::kRcpt && deps_.backoff.BouncesRecipient(queue, outcome.reply)) {
    options.bounce_on_4xx_status = true;
  }
  return options;
}

std::vector<std::shared_ptr<DeliverySession>> Dispatcher::AllSessions() const {
  std::vector<std::shared_ptr<DeliverySession>> all;
  for (const auto& [id, live] : live_) all.push_back(live.session);
  return all;
}

void Dispatcher::Stop(Duration patience, Callback stopped) {
  stopping_ = true;
  LeaseHeld();
  for (const auto& session : AllSessions()) session->Quit();
  deps_.loop.CallAfter(patience, [this] {
    for (const auto& session : AllSessions()) session->Abort();
  });
  // In a turn of its own: the last session is still on the stack when its hold goes.
  gate_.Close(
      [this, stopped = std::move(stopped)]() mutable { deps_.loop.Post(std::move(stopped)); });
}

}  // namespace convoy::shard
