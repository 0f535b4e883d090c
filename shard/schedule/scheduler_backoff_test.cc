// A queue's limits are lowered and raised again while it works, as backoff mode does.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "shard/schedule/scheduler.h"

namespace convoy::shard {
namespace {

using Kind = Action::Kind;
constexpr QueueId kQueue{1};

class SchedulerBackoffTest : public testing::Test {
 protected:
  Actions Tell(const Event& event) {
    Actions out;
    scheduler_->OnEvent(now_, event, &out);
    for (const Action& a : out) {
      if (a.kind == Kind::kOpenSession) connecting_.push_back(a.session);
      if (a.kind == Kind::kCloseSession) closed_.push_back(a.session);
      if (a.kind == Kind::kAssign) granted_.push_back(a.session);
    }
    return out;
  }
  void Set(const QueuePolicy& policy, bool resumes = false) {
    SetQueue set{kQueue, SiteId(1), VmtaId(1), std::make_shared<const QueuePolicy>(policy)};
    set.resumes_backoff = resumes;
    Tell(set);
  }
  void Work() { Tell(QueueWork{kQueue, 1'000'000}); }
  // Opens sessions until the scheduler wants no more.
  std::vector<SessionId> OpenAll() {
    std::vector<SessionId> open;
    for (size_t i = 0; i < connecting_.size(); ++i) {
      Tell(SessionOpened{connecting_[i]});
      open.push_back(connecting_[i]);
    }
    connecting_.clear();
    return open;
  }
  Kind Ask(SessionId session) {
    const Kind kind = Tell(SessionIdle{session}).at(0).kind;
    if (kind == Kind::kAssign) granted_.pop_back();  // this one is taken
    return kind;
  }
  void Report(SessionId session) { Tell(AttemptReported{session, AttemptResult::kDelivered}); }
  // One session that asks as often as it may, for so long; the times of its attempts. A session
  // that was closed is replaced.
  std::vector<MonoTime> Attempts(Duration span, Duration step) {
    std::vector<MonoTime> times;
    for (const MonoTime end = now_ + span; now_ < end; now_ = now_ + step) {
      Tell(TimerFired{});
      // Given to a session that waited.
      for (const SessionId session : std::exchange(granted_, {})) {
        times.push_back(now_);
        Report(session);
      }
      for (const SessionId session : std::exchange(connecting_, {})) {
        Tell(SessionOpened{session});
        working_.push_back(session);
      }
      for (const SessionId session : std::exchange(working_, {})) {
        while (Ask(session) == Kind::kAssign) {
          times.push_back(now_);
          Report(session);
        }
        if (std::find(closed_.begin(), closed_.end(), session) == closed_.end()) {
          working_.push_back(session);
        } else {
          Tell(SessionClosed{session, SessionEnd::kNormal});
        }
      }
      Work();
    }
    return times;
  }
  static size_t WorstWindow(const std::vector<MonoTime>& times, Duration window) {
    size_t worst = 0;
    size_t first = 0;
    for (size_t i = 0; i < times.size(); ++i) {
      while (times[i] - times[first] >= window) ++first;
      worst = std::max(worst, i + 1 - first);
    }
    return worst;
  }

  MonoTime now_{1'000'000};
  std::unique_ptr<Scheduler> scheduler_ = std::make_unique<Scheduler>(Scheduler::Options{});
  std::vector<SessionId> connecting_;
  std::vector<SessionId> working_;
  std::vector<SessionId> closed_;
  std::vector<SessionId> granted_;
};

TEST_F(SchedulerBackoffTest, FewerConnectionsHoldAtOnce) {
  Set({.max_smtp_out = 8, .connection_idle_timeout = Minutes(1)});
  Work();
  const std::vector<SessionId> open = OpenAll();
  ASSERT_EQ(open.size(), 8u);
  for (const SessionId session : open) EXPECT_EQ(Ask(session), Kind::kAssign);
  Tell(QueueWork{kQueue, 0});
  for (size_t i = 0; i < 4; ++i) {
    Report(open[i]);
    EXPECT_EQ(Ask(open[i]), Kind::kWait);
  }
  Set({.max_smtp_out = 3, .connection_idle_timeout = Minutes(1)});
  EXPECT_EQ(closed_.size(), 4u) << "those that wait, at once";
  Work();
  EXPECT_TRUE(connecting_.empty());
  Report(open[4]);
  EXPECT_EQ(Ask(open[4]), Kind::kCloseSession) << "one too many takes no further attempt";
  for (size_t i = 5; i < 8; ++i) {
    Report(open[i]);
    EXPECT_EQ(Ask(open[i]), Kind::kAssign) << "three may go on";
  }
}

TEST_F(SchedulerBackoffTest, ConnectionsOnTheirWayCount) {
  Set({.max_smtp_out = 8, .connection_idle_timeout = Minutes(1)});
  Work();
  const std::vector<SessionId> connecting = std::exchange(connecting_, {});
  ASSERT_EQ(connecting.size(), 2u);
  Set({.max_smtp_out = 1, .connection_idle_timeout = Minutes(1)});
  Tell(SessionOpened{connecting[0]});
  EXPECT_EQ(Ask(connecting[0]), Kind::kCloseSession);
  Tell(SessionOpened{connecting[1]});
  EXPECT_EQ(Ask(connecting[1]), Kind::kAssign);
}

TEST_F(SchedulerBackoffTest, MoreConnectionsComeAtOnce) {
  Set({.max_smtp_out = 1});
  Work();
  ASSERT_EQ(OpenAll().size(), 1u);
  Set({.max_smtp_out = 4});
  EXPECT_EQ(OpenAll().size(), 3u);
}

TEST_F(SchedulerBackoffTest, TheLowerRateHoldsForTheVeryNextAttempt) {
  Set({.max_smtp_out = 1, .connection_idle_timeout = Hours(1)});
  Work();
  const SessionId session = OpenAll().at(0);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(Ask(session), Kind::kAssign);
    Report(session);
  }
  Set({.max_smtp_out = 1, .backoff_msg_rate = {2, Hours(1)}, .connection_idle_timeout = Hours(1)});
  EXPECT_EQ(Ask(session), Kind::kAssign)
      << "the attempt that led here is the first, this the second";
  Report(session);
  EXPECT_EQ(Ask(session), Kind::kWait);
  EXPECT_EQ(Describe(scheduler_->Why(kQueue, now_), "T"), "rate 2/h until T (scope queue)");
  Set({.max_smtp_out = 1, .connection_idle_timeout = Hours(1)});
  EXPECT_EQ(Ask(session), Kind::kAssign) << "and back";
}

TEST_F(SchedulerBackoffTest, ABusyQueueIsSlowedNotSilenced) {
  const QueuePolicy normal{.max_smtp_out = 1, .connection_idle_timeout = Hours(1)};
  Set(normal);
  Work();
  Tell(QueueWork{kQueue, 5000});
  const SessionId session = OpenAll().at(0);
  working_.push_back(session);
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ(Ask(session), Kind::kAssign);
    Report(session);
  }
  QueuePolicy backoff = normal;
  backoff.backoff_msg_rate = {1000, Hours(1)};
  Set(backoff);
  const std::vector<MonoTime> times = Attempts(Hours(1), Seconds(1));
  EXPECT_LE(times.size(), 1000u);
  EXPECT_GE(times.size(), 950u);
  Set(normal);
  Tell(QueueWork{kQueue, 200});
  int more = 0;
  while (more < 200 && Ask(session) == Kind::kAssign) {
    Report(session);
    ++more;
  }
  EXPECT_EQ(more, 200) << "unlimited again at once";
}

TEST_F(SchedulerBackoffTest, NoWindowIsExceededWheneverTheModeChanges) {
  struct Case {
    Rate normal;
    Rate backoff;
  };
  const Case cases[] = {{{40, Seconds(10)}, {3, Seconds(10)}},
                        {{300, Seconds(20)}, {5, Seconds(10)}},
                        {{300, Seconds(20)}, {100, Seconds(30)}},
                        {{10, Seconds(5)}, {200, Seconds(5)}}};
  uint64_t seed = 1;
  for (const Case& c : cases) {
    Rng rng(seed++);
    const uint32_t connections = 1 + static_cast<uint32_t>(rng.Below(3));
    QueuePolicy normal{
        .max_smtp_out = connections, .max_msg_rate = c.normal, .connection_idle_timeout = Hours(1)};
    QueuePolicy backoff = normal;
    backoff.backoff_msg_rate = c.backoff;
    Set(normal);
    Work();
    std::vector<MonoTime> all;
    std::vector<MonoTime> in_backoff;
    for (int change = 0; change < 200; ++change) {
      const bool on = change % 2 == 1;
      Set(on ? backoff : normal);
      const Duration span = Milliseconds(static_cast<int64_t>(50 + rng.Below(12'000)));
      for (const MonoTime at : Attempts(span, Milliseconds(50))) {
        all.push_back(at);
        if (on) in_backoff.push_back(at);
      }
    }
    EXPECT_LE(WorstWindow(all, c.normal.interval), static_cast<size_t>(c.normal.count));
    EXPECT_LE(WorstWindow(in_backoff, c.backoff.interval), static_cast<size_t>(c.backoff.count));
    EXPECT_GT(all.size(), in_backoff.size());
    EXPECT_FALSE(in_backoff.empty());
    Set({.max_smtp_out = 0});
    now_ = now_ + Hours(1);
  }
}

TEST_F(SchedulerBackoffTest, ARestartContinuesTheRateInsteadOfBeginningIt) {
  const auto in_first = [&](const Rate& rate, Duration span) {
    scheduler_ = std::make_unique<Scheduler>(Scheduler::Options{});
    connecting_.clear();
    working_.clear();
    closed_.clear();
    granted_.clear();
    Set({.max_smtp_out = 1, .backoff_msg_rate = rate, .connection_idle_timeout = Hours(3)},
        /*resumes=*/true);
    Work();
    return Attempts(span, Milliseconds(500)).size();
  };
  EXPECT_EQ(in_first({5, Minutes(10)}, Minutes(10)), 0u) << "all five may have been just now";
  EXPECT_EQ(in_first({5, Minutes(10)}, Minutes(11)), 5u);
  EXPECT_LE(in_first({1000, Hours(1)}, Minutes(30)), 500u) << "no burst";
  EXPECT_GE(in_first({1000, Hours(1)}, Minutes(30)), 480u) << "but no silence either";
}

TEST_F(SchedulerBackoffTest, ARateOfNothingSendsNothing) {
  Set({.max_smtp_out = 2});
  Set({.max_smtp_out = 2, .backoff_msg_rate = {0, Hours(1)}});
  Work();
  EXPECT_TRUE(connecting_.empty());
  Set({.max_smtp_out = 2});
  EXPECT_FALSE(connecting_.empty());
}

}  // namespace
}  // namespace convoy::shard
