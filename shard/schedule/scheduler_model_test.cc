// The scheduler against a world of queues, slow and failing peers, operators and reloads, over
// random seeds.
//
// The model keeps its own books of sessions, tokens and rows. At every action and after every event
// it checks
//   limits      sessions per queue, site, virtual MTA and total; messages and errors per
//               connection; every rate in every sliding interval; nothing for a queue that may
//               not send
//   progress    a queue whose waiting session has a row and tokens does not wait; one with rows,
//               tokens and free slots everywhere has a connection
//   tokens      those of unused attempts are available again, exactly when they are the latest
//               of their scope
// and at the end, with no more mail and no more failures, that every row has been delivered.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "shard/schedule/scheduler.h"

namespace convoy::shard {
namespace {

// The tokens of one scope, as the definition says: at most `count` in every interval.
struct ModelRate {
  Rate rate;
  struct Take {
    MonoTime at;
    uint64_t attempt;
  };
  std::deque<Take> tokens;       // what may not be used again
  std::vector<MonoTime> really;  // attempts that were made

  bool Available(MonoTime now) {
    if (rate.unlimited()) return true;
    while (!tokens.empty() && now - tokens.front().at >= rate.interval) tokens.pop_front();
    return static_cast<int64_t>(tokens.size()) < rate.count;
  }
  void Took(MonoTime now, uint64_t attempt) {
    if (rate.unlimited()) return;
    tokens.push_back({now, attempt});
    really.push_back(now);
  }
  void Returned(MonoTime taken_at, uint64_t attempt) {
    if (rate.unlimited()) return;
    really.erase(std::find(really.rbegin(), really.rend(), taken_at).base() - 1);
    if (!tokens.empty() && tokens.back().attempt == attempt) tokens.pop_back();
  }
  int64_t Worst() const {
    int64_t worst = 0;
    size_t first = 0;
    for (size_t i = 0; i < really.size(); ++i) {
      while (really[i] - really[first] >= rate.interval) ++first;
      worst = std::max(worst, static_cast<int64_t>(i - first + 1));
    }
    return worst;
  }
};

struct ModelScope {
  uint32_t limit = kUnlimitedConnections;
  uint32_t sessions = 0;
  uint32_t connecting = 0;
  ModelRate rate;
  bool Free() const { return sessions < limit; }
};

struct ModelQueue {
  QueueId id;
  ModelScope own;
  ModelScope* site = nullptr;
  ModelScope* vmta = nullptr;
  SiteId site_id;
  VmtaId vmta_id;
  QueuePolicy policy;
  uint32_t ready = 0;
  uint32_t later = 0;  // rows that will be due at some time
  uint32_t assigned = 0;
  bool paused = false;
  bool allowed = true;
  double connect_failure = 0;
  Duration latency;
  bool look_ahead = false;
  MonoTime hungry_since = kMonoMax;  // could be served, and is not
};

struct ModelAttempt {
  uint64_t id;
  MonoTime at;
};
struct ModelSession {
  SessionId id;
  ModelQueue* queue = nullptr;
  bool open = false;
  bool waiting = false;  // told to wait
  bool closing = false;
  bool broken = false;
  bool on_wire = false;  // attempts.front() was started
  uint32_t messages = 0;
  uint32_t errors = 0;
  std::deque<ModelAttempt> attempts;
  uint64_t generation = 0;  // makes an old idle timeout void
};

class World {
 public:
  explicit World(uint64_t seed) : rng_(seed) {
    SchedulerOptions options;
    options.steps_max = rng_.Chance(0.3) ? 3 : 512;
    total_.limit = static_cast<uint32_t>(2 + rng_.Below(14));
    options.total_max_smtp_out = total_.limit;
    scheduler_ = std::make_unique<Scheduler>(options);
    for (uint64_t i = 0, n = 1 + rng_.Below(3); i < n; ++i) MakeScope(&vmtas_, i);
    for (uint64_t i = 0, n = 1 + rng_.Below(5); i < n; ++i) MakeScope(&sites_, i);
    for (uint32_t i = 0; i < sites_.size(); ++i) TellSite(i);
    for (uint32_t i = 0; i < vmtas_.size(); ++i) TellVmta(i);
    for (uint64_t i = 0, n = 1 + rng_.Below(12); i < n; ++i)
      MakeQueue(static_cast<uint32_t>(i + 1));
  }

  void Run() {
    const MonoTime end = now_ + Minutes(20);
    for (ModelQueue& q : queues_) Arrivals(&q, end);
    Operator(end);
    RunUntil(end);
    calm_ = true;
    for (ModelQueue& q : queues_) {
      q.paused = false;
      q.allowed = true;
      Tell(PauseQueue{q.id, false});
      Tell(AllowQueue{q.id, true});
    }
    Allow(true);
    // The slowest rate is 1 per 2 minutes, and there are at most some hundred rows to a scope.
    RunUntil(now_ + Hours(200));
    for (const ModelQueue& q : queues_) {
      EXPECT_EQ(q.ready + q.later + q.assigned, 0u)
          << "queue " << q.id.value() << " starved: " << Describe(scheduler_->Why(q.id, now_), "T");
    }
    CheckRates();
    EXPECT_GT(delivered_, 0u);
  }

 private:
  Rate SomeRate() {
    if (!rng_.Chance(0.4)) return {};
    const Duration intervals[] = {Seconds(1), Seconds(10), Minutes(2)};
    return {static_cast<int64_t>(1 + rng_.Below(rng_.Chance(0.5) ? 5 : 60)),
            intervals[rng_.Below(3)]};
  }
  uint32_t SomeLimit(uint64_t most) {
    return rng_.Chance(0.5) ? kUnlimitedConnections : static_cast<uint32_t>(1 + rng_.Below(most));
  }
  void MakeScope(std::deque<ModelScope>* scopes, uint64_t) {
    scopes->emplace_back();
    scopes->back().limit = SomeLimit(6);
    scopes->back().rate.rate = SomeRate();
  }
  void TellSite(uint32_t i) { Tell(SetSite{SiteId(i), {sites_[i].limit, sites_[i].rate.rate}}); }
  void TellVmta(uint32_t i) { Tell(SetVmta{VmtaId(i), {vmtas_[i].limit, vmtas_[i].rate.rate}}); }
  void MakeQueue(uint32_t id) {
    queues_.emplace_back();
    ModelQueue& q = queues_.back();
    q.id = QueueId(id);
    q.site_id = SiteId(static_cast<uint32_t>(rng_.Below(sites_.size())));
    q.vmta_id = VmtaId(static_cast<uint32_t>(rng_.Below(vmtas_.size())));
    q.site = &sites_[q.site_id.value()];
    q.vmta = &vmtas_[q.vmta_id.value()];
    QueuePolicy& p = q.policy;
    p.max_smtp_out = static_cast<uint32_t>(1 + rng_.Below(5));
    p.max_msg_rate = SomeRate();
    p.max_msg_per_connection = rng_.Chance(0.5) ? 0 : static_cast<uint32_t>(1 + rng_.Below(8));
    p.max_errors_per_connection = rng_.Chance(0.5) ? 0 : static_cast<uint32_t>(1 + rng_.Below(3));
    p.priority = static_cast<uint32_t>(rng_.Below(101));
    p.retry_after = {Seconds(20), Minutes(1)};
    p.retry_after_dns_error = Seconds(5);
    p.mx_connection_attempts = static_cast<uint32_t>(1 + rng_.Below(5));
    p.probe_attempts = static_cast<uint32_t>(1 + rng_.Below(2));
    p.smtp_out_rampup_interval = rng_.Chance(0.2) ? Seconds(2) : Duration{};
    p.connection_idle_timeout = rng_.Chance(0.3) ? Seconds(5) : Duration{};
    p.retry_upon_new_mail = rng_.Chance(0.2);
    q.own.limit = p.max_smtp_out;
    q.own.rate.rate = p.max_msg_rate;
    q.connect_failure = rng_.Chance(0.3) ? 0.4 : 0.02;
    q.latency = Milliseconds(static_cast<int64_t>(5 + rng_.Below(rng_.Chance(0.2) ? 20000 : 300)));
    q.look_ahead = rng_.Chance(0.6);
    TellQueue(q);
  }
  void TellQueue(const ModelQueue& q) {
    Tell(SetQueue{q.id, q.site_id, q.vmta_id, std::make_shared<const QueuePolicy>(q.policy)});
  }

  // --- time ---
  void After(Duration d, std::function<void()> what) {
    const MonoTime at = now_ + d;
    agenda_.emplace(std::pair(at, ++agenda_order_), std::move(what));
  }
  Duration Some(Duration d) {
    return {1 + static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(d.us)))};
  }
  void RunUntil(MonoTime end) {
    while (!testing::Test::HasFatalFailure()) {
      const MonoTime next = agenda_.empty() ? kMonoMax : agenda_.begin()->first.first;
      const MonoTime at = std::min(next, timer_);
      if (at > end) break;
      now_ = std::max(now_, at);
      ASSERT_LT(++events_, 3'000'000u) << "busy without getting anywhere";
      if (timer_ <= next) {
        timer_ = kMonoMax;
        Tell(TimerFired{});
      } else {
        const std::function<void()> what = std::move(agenda_.begin()->second);
        agenda_.erase(agenda_.begin());
        what();
      }
      CheckProgress();
    }
    now_ = std::max(now_, end);
  }

  // --- mail and operators ---
  void Arrivals(ModelQueue* q, MonoTime end) {
    After(Some(Seconds(40)), [this, q, end] {
      if (now_ >= end) return;
      q->ready += static_cast<uint32_t>(rng_.Below(rng_.Chance(0.1) ? 60 : 5));
      Tell(QueueWork{q->id, q->ready, true});
      Arrivals(q, end);
    });
  }
  void Operator(MonoTime end) {
    After(Some(Seconds(30)), [this, end] {
      if (now_ >= end) return;
      ModelQueue& q = queues_[rng_.Below(queues_.size())];
      switch (rng_.Below(9)) {
        case 0:
          q.paused = !q.paused;
          Tell(PauseQueue{q.id, q.paused});
          break;
        case 1:
          q.allowed = !q.allowed;
          Tell(AllowQueue{q.id, q.allowed});
          break;
        case 2:
          Allow(!sending_);
          break;
        case 3:
          Tell(RetryNow{q.id});
          break;
        case 4:
          Tell(DeferQueue{q.id});
          break;
        case 5:  // a reload of the queue
          q.policy.max_smtp_out = q.own.limit = static_cast<uint32_t>(1 + rng_.Below(5));
          q.policy.priority = static_cast<uint32_t>(rng_.Below(101));
          TellQueue(q);
          break;
        case 6:
          total_.limit = static_cast<uint32_t>(1 + rng_.Below(15));
          Tell(SetTotal{total_.limit});
          break;
        case 7:
          q.site->limit = SomeLimit(6);
          TellSite(q.site_id.value());
          break;
        default:
          q.vmta->limit = SomeLimit(6);
          TellVmta(q.vmta_id.value());
      }
      Operator(end);
    });
  }
  void Allow(bool allowed) {
    sending_ = allowed;
    Tell(AllowSending{allowed});
  }

  // --- the scheduler ---
  void Tell(const Event& event) {
    Actions actions;
    scheduler_->OnEvent(now_, event, &actions);
    for (const Action& a : actions) Do(a);
  }
  void Do(const Action& a) {
    switch (a.kind) {
      case Action::Kind::kSetTimer:
        ASSERT_LT(a.at, timer_);
        timer_ = a.at;
        break;
      case Action::Kind::kOpenSession:
        Open(a);
        break;
      case Action::Kind::kAssign:
        Assigned(a);
        break;
      case Action::Kind::kWait: {
        ModelSession& s = *sessions_.at(a.session);
        s.waiting = s.attempts.empty();  // else it asks again after its report
        if (a.at < kMonoMax) IdleTimeout(&s, a.at);
        break;
      }
      case Action::Kind::kCloseSession:
        Close(sessions_.at(a.session).get());
        break;
    }
  }
  void CheckMaySend(const ModelQueue& q) {
    ASSERT_TRUE(sending_ && q.allowed && !q.paused);
    ASSERT_LE(scheduler_->Counters(q.id).retry_until, now_) << "in retry mode";
  }

  void Open(const Action& a) {
    ModelQueue* const q = &queues_.at(a.queue.value() - 1);
    CheckMaySend(*q);
    ASSERT_GT(q->ready, 0u) << "a connection without a row for it";
    for (ModelScope* scope : {&q->own, q->site, q->vmta, &total_}) {
      ASSERT_TRUE(scope->Free()) << "connection limit " << scope->limit;
      ++scope->sessions;
      ++scope->connecting;
    }
    auto session = std::make_unique<ModelSession>();
    session->id = a.session;
    session->queue = q;
    ModelSession* const s = session.get();
    ASSERT_TRUE(sessions_.emplace(a.session, std::move(session)).second);
    After(Some(q->latency), [this, s] { Connected(s); });
  }
  void Connected(ModelSession* s) {
    ModelQueue* const q = s->queue;
    if (!calm_ && rng_.Chance(q->connect_failure)) {
      const SessionEnd ends[] = {SessionEnd::kNotConnected, SessionEnd::kRefused,
                                 SessionEnd::kDnsError};
      return Ended(s, ends[rng_.Below(3)]);
    }
    s->open = true;
    for (ModelScope* scope : {&q->own, q->site, q->vmta, &total_}) --scope->connecting;
    Tell(SessionOpened{s->id});
    Ask(s);
  }
  void Ask(ModelSession* s) {
    s->waiting = false;
    Actions actions;
    scheduler_->OnEvent(now_, SessionIdle{s->id}, &actions);
    ASSERT_FALSE(actions.empty());
    ASSERT_EQ(actions[0].session, s->id) << "the first action is the answer";
    ASSERT_NE(actions[0].kind, Action::Kind::kOpenSession);
    for (const Action& a : actions) Do(a);
  }
  void IdleTimeout(ModelSession* s, MonoTime at) {
    const SessionId id = s->id;
    const uint64_t generation = ++s->generation;
    After(at - now_, [this, id, generation] {
      const auto it = sessions_.find(id);
      if (it == sessions_.end() || it->second->generation != generation) return;
      ModelSession* const idle = it->second.get();
      if (!idle->waiting || !idle->attempts.empty() || idle->closing) return;
      Close(idle);
      Tell(SessionClosing{id});
    });
  }
  void Assigned(const Action& a) {
    ModelSession* const s = sessions_.at(a.session).get();
    ModelQueue* const q = s->queue;
    ASSERT_EQ(q->id, a.queue);
    CheckMaySend(*q);
    ASSERT_TRUE(s->open && !s->closing);
    ASSERT_GT(q->ready, 0u) << "no such row";
    ASSERT_LT(s->attempts.size(), 2u);
    const uint64_t attempt = ++last_attempt_;
    for (ModelScope* scope : {&q->own, q->site, q->vmta}) {
      ASSERT_TRUE(scope->rate.Available(now_)) << "rate " << FormatRate(scope->rate.rate);
      scope->rate.Took(now_, attempt);
    }
    ++s->messages;
    const QueuePolicy& p = q->policy;
    ASSERT_TRUE(p.max_msg_per_connection == 0 || s->messages <= p.max_msg_per_connection);
    ASSERT_TRUE(p.max_errors_per_connection == 0 || s->errors < p.max_errors_per_connection);
    --q->ready;
    ++q->assigned;
    s->waiting = false;
    ++s->generation;
    s->attempts.push_back({attempt, now_});
    if (!s->on_wire && !s->broken) Start(s);
  }
  void Start(ModelSession* s) {
    s->on_wire = true;
    After(Some(s->queue->latency), [this, s] { Reply(s); });
    if (s->queue->look_ahead) {
      After({0}, [this, id = s->id] {
        const auto it = sessions_.find(id);
        if (it == sessions_.end() || it->second->closing || it->second->waiting) return;
        if (it->second->attempts.size() == 1) Ask(it->second.get());
      });
    }
  }
  void Reply(ModelSession* s) {
    ModelQueue* const q = s->queue;
    if (!calm_ && rng_.Chance(0.04)) return Broken(s);
    s->attempts.pop_front();
    s->on_wire = false;
    --q->assigned;
    const bool error = !calm_ && rng_.Chance(0.2);
    if (error) {
      ++s->errors;
      Later(q);
    } else {
      ++delivered_;
    }
    Tell(AttemptReported{s->id, error ? AttemptResult::kError : AttemptResult::kDelivered});
    if (s->on_wire) return;  // a new one came with the report
    if (!s->attempts.empty()) return Start(s);
    if (s->closing) return Ended(s, SessionEnd::kNormal);
    Ask(s);
  }
  // The connection is lost: what was on the wire has no reply, what was looked ahead was not used.
  void Broken(ModelSession* s) {
    ModelQueue* const q = s->queue;
    s->broken = true;
    while (!s->attempts.empty()) {
      const ModelAttempt a = s->attempts.back();
      s->attempts.pop_back();
      --q->assigned;
      if (s->attempts.empty() && rng_.Chance(0.8)) {
        Later(q);
        Tell(AttemptReported{s->id, AttemptResult::kNoReply});
      } else {
        for (ModelScope* scope : {&q->own, q->site, q->vmta}) scope->rate.Returned(a.at, a.id);
        --s->messages;
        Tell(AttemptReturned{s->id});
        ++q->ready;
        Tell(QueueWork{q->id, q->ready});
        // The row may be assigned to this session again; it goes back once more.
      }
      if (testing::Test::HasFatalFailure()) return;
    }
    Ended(s, SessionEnd::kLost);
  }
  void Later(ModelQueue* q) {
    ++q->later;
    After(Some(Minutes(2)), [this, q] {
      --q->later;
      ++q->ready;
      Tell(QueueWork{q->id, q->ready});
    });
  }
  void Close(ModelSession* s) {
    s->waiting = false;
    if (s->closing) return;
    s->closing = true;
    if (s->attempts.empty()) {
      After(Some(Milliseconds(200)), [this, id = s->id] {
        const auto it = sessions_.find(id);
        if (it != sessions_.end()) Ended(it->second.get(), SessionEnd::kNormal);
      });
    }
  }
  void Ended(ModelSession* s, SessionEnd end) {
    ModelQueue* const q = s->queue;
    for (ModelScope* scope : {&q->own, q->site, q->vmta, &total_}) {
      --scope->sessions;
      if (!s->open) --scope->connecting;
    }
    ASSERT_TRUE(s->attempts.empty());
    const SessionId id = s->id;
    sessions_.erase(id);
    Tell(SessionClosed{id, end});
  }

  // --- invariants ---
  bool MaySend(const ModelQueue& q) {
    return sending_ && q.allowed && !q.paused && scheduler_->Counters(q.id).retry_until <= now_ &&
           q.ready > 0;
  }
  bool HasTokens(ModelQueue* q) {
    return q->own.rate.Available(now_) && q->site->rate.Available(now_) &&
           q->vmta->rate.Available(now_);
  }
  void CheckProgress() {
    if (testing::Test::HasFatalFailure() || timer_ <= now_) return;
    for (ModelQueue& q : queues_) {
      const QueueCounters c = scheduler_->Counters(q.id);
      ASSERT_EQ(c.ready, q.ready);
      ASSERT_EQ(c.assigned, q.assigned);
      ASSERT_EQ(c.connecting + c.open, q.own.sessions);
      const MonoTime hungry_since = std::exchange(q.hungry_since, kMonoMax);
      if (!MaySend(q) || !HasTokens(&q)) continue;
      if (q.own.sessions == 0 && q.site->Free() && q.vmta->Free() && total_.Free() &&
          q.policy.smtp_out_rampup_interval.us == 0) {
        // With a rate, connections of others on their way may be all it could feed.
        const bool fed = (!q.site->rate.rate.unlimited() && q.site->connecting > 0) ||
                         (!q.vmta->rate.rate.unlimited() && q.vmta->connecting > 0);
        if (fed) continue;
        // After a failure it may stay a moment without a connection, not longer.
        q.hungry_since = std::min(hungry_since, now_);
        ASSERT_LE(now_ - q.hungry_since, Seconds(1))
            << "queue " << q.id.value()
            << " has rows, slots and tokens: " << Describe(scheduler_->Why(q.id, now_), "T");
      }
    }
    for (const auto& [id, s] : sessions_) {
      if (!s->waiting || s->closing || !MaySend(*s->queue)) continue;
      ASSERT_FALSE(HasTokens(s->queue)) << "session " << id.value() << " waits for nothing";
    }
  }
  void CheckRates() {
    std::vector<const ModelRate*> rates;
    for (const ModelQueue& q : queues_) rates.push_back(&q.own.rate);
    for (const ModelScope& s : sites_) rates.push_back(&s.rate);
    for (const ModelScope& s : vmtas_) rates.push_back(&s.rate);
    for (const ModelRate* r : rates) {
      if (!r->rate.unlimited()) EXPECT_LE(r->Worst(), r->rate.count) << FormatRate(r->rate);
    }
  }

  Rng rng_;
  MonoTime now_{1'000'000};
  MonoTime timer_ = kMonoMax;
  std::unique_ptr<Scheduler> scheduler_;
  ModelScope total_;
  std::deque<ModelScope> sites_;
  std::deque<ModelScope> vmtas_;
  std::deque<ModelQueue> queues_;
  std::map<SessionId, std::unique_ptr<ModelSession>> sessions_;
  std::map<std::pair<MonoTime, uint64_t>, std::function<void()>> agenda_;
  uint64_t agenda_order_ = 0;
  uint64_t last_attempt_ = 0;
  uint64_t delivered_ = 0;
  uint64_t events_ = 0;
  bool sending_ = true;
  bool calm_ = false;  // peers answer and deliver
};

class SchedulerModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(SchedulerModelTest, LimitsHoldAndNobodyStarves) {
  for (uint64_t i = 0; i < 20; ++i) {
    SCOPED_TRACE(testing::Message() << "seed " << GetParam() * 1000 + i);
    World world(GetParam() * 1000 + i);
    if (!HasFatalFailure()) world.Run();
    if (HasFailure()) return;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, SchedulerModelTest, testing::Range(uint64_t{1}, uint64_t{17}));

}  // namespace
}  // namespace convoy::shard
