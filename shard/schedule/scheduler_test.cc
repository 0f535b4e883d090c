#include "shard/schedule/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

namespace convoy::shard {
namespace {

using Kind = Action::Kind;

// A scheduler and what it asked for. Sessions are driven by hand.
class SchedulerTest : public testing::Test {
 protected:
  Actions Tell(const Event& event) {
    Actions out;
    scheduler_.OnEvent(now_, event, &out);
    return out;
  }
  void Advance(Duration d) { now_ = now_ + d; }

  void AddQueue(uint32_t id, QueuePolicy policy = {}, uint32_t vmta = 1, uint32_t site = 0) {
    Tell(SetQueue{QueueId(id), SiteId(site == 0 ? id : site), VmtaId(vmta),
                  std::make_shared<const QueuePolicy>(std::move(policy))});
  }
  static std::vector<SessionId> Of(const Actions& actions, Kind kind) {
    std::vector<SessionId> ids;
    for (const Action& a : actions) {
      if (a.kind == kind) ids.push_back(a.session);
    }
    return ids;
  }
  // The answer to "give me the next attempt".
  Action Ask(SessionId session) { return Tell(SessionIdle{session}).at(0); }
  void Report(SessionId session, AttemptResult result = AttemptResult::kDelivered) {
    Tell(AttemptReported{session, result});
  }
  // Opens the one session that `actions` asks for.
  SessionId OpenOne(const Actions& actions) {
    const std::vector<SessionId> opened = Of(actions, Kind::kOpenSession);
    EXPECT_EQ(opened.size(), 1u);
    Tell(SessionOpened{opened.at(0)});
    return opened.at(0);
  }
  SessionId WorkAndOpen(uint32_t queue, uint32_t ready) {
    const Actions actions = Tell(QueueWork{QueueId(queue), ready});
    const std::vector<SessionId> opened = Of(actions, Kind::kOpenSession);
    EXPECT_FALSE(opened.empty());
    Tell(SessionOpened{opened.at(0)});
    return opened.at(0);
  }
  std::string WhyText(uint32_t queue) {
    return Describe(scheduler_.Why(QueueId(queue), now_), "T");
  }

  MonoTime now_{1'000'000};
  Scheduler scheduler_{Scheduler::Options{}};
};

TEST_F(SchedulerTest, OneRowOpensOneSessionAndIsAssignedOnce) {
  AddQueue(1);
  const SessionId s = OpenOne(Tell(QueueWork{QueueId(1), 1}));
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  EXPECT_EQ(scheduler_.Counters(QueueId(1)).assigned, 1u);
  EXPECT_EQ(scheduler_.Counters(QueueId(1)).ready, 0u);
  Report(s);
  EXPECT_EQ(Ask(s).kind, Kind::kCloseSession);
  Tell(SessionClosed{s, SessionEnd::kNormal});
  EXPECT_EQ(scheduler_.Counters().sessions, 0u);
  EXPECT_EQ(WhyText(1), "idle");
}

TEST_F(SchedulerTest, LookAheadGetsTheNextAttemptWhileOneIsUnanswered) {
  AddQueue(1);
  const SessionId s = WorkAndOpen(1, 3);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  EXPECT_EQ(Ask(s).kind, Kind::kWait) << "never more than one ahead";
  Report(s);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  EXPECT_EQ(scheduler_.Counters(QueueId(1)).assigned, 2u);
}

TEST_F(SchedulerTest, LookAheadThatWaitsIsAssignedNothingUntilItHasReported) {
  AddQueue(1);
  const SessionId s = WorkAndOpen(1, 1);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  EXPECT_EQ(Ask(s).kind, Kind::kWait);
  EXPECT_TRUE(Of(Tell(QueueWork{QueueId(1), 1}), Kind::kAssign).empty()) << "MAIL would be late";
  Report(s);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
}

TEST_F(SchedulerTest, QueueConnectionLimitHolds) {
  AddQueue(1, {.max_smtp_out = 3});
  Actions all = Tell(QueueWork{QueueId(1), 100});
  size_t opened = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].kind != Kind::kOpenSession) continue;
    ++opened;
    const Actions more = Tell(SessionOpened{all[i].session});
    all.insert(all.end(), more.begin(), more.end());
  }
  EXPECT_EQ(opened, 3u);
  EXPECT_EQ(WhyText(1), "connection limit 3 in use (scope queue)");
}

TEST_F(SchedulerTest, GrowsByWhatIsEstablished) {
  AddQueue(1);
  EXPECT_EQ(Of(Tell(QueueWork{QueueId(1), 100}), Kind::kOpenSession).size(), 2u);
  EXPECT_EQ(Of(Tell(SessionOpened{SessionId(1)}), Kind::kOpenSession).size(), 1u);
  EXPECT_EQ(Of(Tell(SessionOpened{SessionId(2)}), Kind::kOpenSession).size(), 1u);
  EXPECT_EQ(Of(Tell(SessionOpened{SessionId(3)}), Kind::kOpenSession).size(), 2u);
}

TEST_F(SchedulerTest, RowsThatBusySessionsCanTakeGetAConnectionOnlyAfterPatience) {
  AddQueue(1);
  const SessionId s = WorkAndOpen(1, 1);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  const Actions actions = Tell(QueueWork{QueueId(1), 1});
  EXPECT_TRUE(Of(actions, Kind::kOpenSession).empty());
  Advance(Milliseconds(500));
  EXPECT_EQ(Of(Tell(TimerFired{}), Kind::kOpenSession).size(), 1u);
}

TEST_F(SchedulerTest, MessagesPerConnection) {
  AddQueue(1, {.max_smtp_out = 1, .max_msg_per_connection = 2});
  const SessionId s = WorkAndOpen(1, 10);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Ask(s).kind, Kind::kAssign);
    Report(s);
  }
  EXPECT_EQ(Ask(s).kind, Kind::kCloseSession);
  EXPECT_EQ(Ask(s).kind, Kind::kCloseSession) << "asking again changes nothing";
  EXPECT_EQ(Of(Tell(SessionClosed{s, SessionEnd::kNormal}), Kind::kOpenSession).size(), 1u);
}

TEST_F(SchedulerTest, AnUnusedAttemptDoesNotCountAsMessageOfTheConnection) {
  AddQueue(1, {.max_smtp_out = 1, .max_msg_per_connection = 1});
  const SessionId s = WorkAndOpen(1, 10);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  Tell(AttemptReturned{s});
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
}

TEST_F(SchedulerTest, ErrorsPerConnection) {
  AddQueue(1, {.max_smtp_out = 1, .max_errors_per_connection = 2});
  const SessionId s = WorkAndOpen(1, 10);
  const AttemptResult results[] = {AttemptResult::kError, AttemptResult::kDelivered,
                                   AttemptResult::kError};
  for (const AttemptResult result : results) {
    EXPECT_EQ(Ask(s).kind, Kind::kAssign);
    Report(s, result);
  }
  EXPECT_EQ(Ask(s).kind, Kind::kCloseSession);
}

TEST_F(SchedulerTest, ReturnedAttemptGivesItsTokensBack) {
  AddQueue(1, {.max_smtp_out = 1, .max_msg_rate = {1, Hours(1)}});
  const SessionId s = WorkAndOpen(1, 2);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  Tell(AttemptReturned{s});
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  EXPECT_EQ(scheduler_.Counters().forfeited_total, 0u);
}

TEST_F(SchedulerTest, TokenThatIsNotTheLatestIsForfeited) {
  AddQueue(1, {.max_smtp_out = 2, .max_msg_rate = {2, Hours(1)}});
  WorkAndOpen(1, 5);
  Tell(SessionOpened{SessionId(2)});
  EXPECT_EQ(Ask(SessionId(1)).kind, Kind::kAssign);
  Advance(Minutes(30));
  EXPECT_EQ(Ask(SessionId(2)).kind, Kind::kAssign);
  Tell(AttemptReturned{SessionId(1)});
  EXPECT_EQ(scheduler_.Counters().forfeited_total, 1u);
  EXPECT_EQ(Ask(SessionId(1)).kind, Kind::kCloseSession) << "the next token is half an hour away";
  EXPECT_EQ(WhyText(1), "rate 2/h until T (scope queue)");
}

TEST_F(SchedulerTest, SiteRateIsSharedByItsQueues) {
  Tell(SetSite{SiteId(7), {.max_msg_rate = {2, Hours(1)}}});
  AddQueue(1, {.max_smtp_out = 1}, 1, 7);
  AddQueue(2, {.max_smtp_out = 1}, 2, 7);
  const SessionId a = WorkAndOpen(1, 5);
  const SessionId b = WorkAndOpen(2, 5);
  EXPECT_EQ(Ask(a).kind, Kind::kAssign);
  EXPECT_EQ(Ask(b).kind, Kind::kAssign);
  Report(a);
  Report(b);
  EXPECT_EQ(Ask(a).kind, Kind::kCloseSession);
  EXPECT_EQ(Ask(b).kind, Kind::kCloseSession);
  EXPECT_EQ(WhyText(1), "rate 2/h until T (scope site)");
}

TEST_F(SchedulerTest, NoConnectionBeforeTokensAreNear) {
  AddQueue(1, {.max_smtp_out = 1, .max_msg_rate = {1, Hours(1)}});
  const SessionId s = WorkAndOpen(1, 2);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  Report(s);
  EXPECT_EQ(Ask(s).kind, Kind::kCloseSession);
  const Actions closed = Tell(SessionClosed{s, SessionEnd::kNormal});
  EXPECT_TRUE(Of(closed, Kind::kOpenSession).empty());
  Advance(Hours(1) - Seconds(3));
  EXPECT_TRUE(Of(Tell(TimerFired{}), Kind::kOpenSession).empty());
  Advance(Seconds(1));
  const SessionId next = OpenOne(Tell(TimerFired{}));
  EXPECT_EQ(Ask(next).kind, Kind::kWait) << "up to token_horizon early";
  Advance(Seconds(2));
  EXPECT_EQ(Of(Tell(TimerFired{}), Kind::kAssign), std::vector<SessionId>{next});
}

TEST_F(SchedulerTest, SM_24_ConnectFailuresLeadToRetryModeAndOneProbe) {
  AddQueue(1, {.retry_after = {Minutes(10), Minutes(30)}, .mx_connection_attempts = 3});
  Actions todo = Tell(QueueWork{QueueId(1), 50});
  int failed = 0;
  for (size_t i = 0; i < todo.size(); ++i) {
    if (todo[i].kind != Kind::kOpenSession) continue;
    ++failed;
    const Actions more = Tell(SessionClosed{todo[i].session, SessionEnd::kNotConnected});
    todo.insert(todo.end(), more.begin(), more.end());
  }
  EXPECT_LE(failed, 4) << "at most one more was on its way";
  EXPECT_EQ(WhyText(1), "retry until T after connect failure");
  EXPECT_EQ(scheduler_.Counters(QueueId(1)).retry_until, now_ + Minutes(10));
  EXPECT_TRUE(Of(Tell(QueueWork{QueueId(1), 60, true}), Kind::kOpenSession).empty());
  Advance(Minutes(10));
  for (int probe = 0; probe < 3; ++probe) {
    const Actions actions = probe == 0 ? Tell(TimerFired{}) : todo;
    ASSERT_EQ(Of(actions, Kind::kOpenSession).size(), 1u) << "one connection at a time";
    todo = Tell(SessionClosed{Of(actions, Kind::kOpenSession)[0], SessionEnd::kRefused});
  }
  EXPECT_EQ(scheduler_.Counters(QueueId(1)).retry_until, now_ + Minutes(30)) << "the next interval";
  EXPECT_EQ(WhyText(1), "retry until T after refused greeting or hello");
}

TEST_F(SchedulerTest, DeliveryResetsTheRetryPosition) {
  AddQueue(1, {.retry_after = {Minutes(10), Minutes(30)},
               .mx_connection_attempts = 1,
               .probe_attempts = 1});
  const auto fail = [&](const Actions& actions) {
    for (const SessionId s : Of(actions, Kind::kOpenSession)) {
      Tell(SessionClosed{s, SessionEnd::kNotConnected});
    }
  };
  fail(Tell(QueueWork{QueueId(1), 5}));
  EXPECT_EQ(scheduler_.Counters(QueueId(1)).retry_until, now_ + Minutes(10));
  Advance(Minutes(10));
  const SessionId probe = OpenOne(Tell(TimerFired{}));
  EXPECT_EQ(Ask(probe).kind, Kind::kAssign);
  Report(probe);
  Tell(SessionClosed{probe, SessionEnd::kNormal});
  const Actions next = Tell(QueueWork{QueueId(1), 7});
  // Opened at SessionClosed already; fail whatever is connecting.
  fail(next);
  Tell(SessionClosed{SessionId(probe.value() + 1), SessionEnd::kNotConnected});
  EXPECT_EQ(scheduler_.Counters(QueueId(1)).retry_until, now_ + Minutes(10));
}

TEST_F(SchedulerTest, DnsErrorWaitsItsOwnTime) {
  AddQueue(1);
  const Actions actions = Tell(QueueWork{QueueId(1), 1});
  Tell(SessionClosed{Of(actions, Kind::kOpenSession).at(0), SessionEnd::kDnsError});
  EXPECT_EQ(scheduler_.Counters(QueueId(1)).retry_until, now_ + Minutes(1));
  EXPECT_EQ(WhyText(1), "retry until T after DNS error");
}

TEST_F(SchedulerTest, NewMailWakesRetryOnlyIfConfigured) {
  AddQueue(1, {.retry_upon_new_mail = true});
  Tell(DeferQueue{QueueId(1)});
  EXPECT_TRUE(Of(Tell(QueueWork{QueueId(1), 1, false}), Kind::kOpenSession).empty());
  EXPECT_EQ(Of(Tell(QueueWork{QueueId(1), 2, true}), Kind::kOpenSession).size(), 1u);
}

TEST_F(SchedulerTest, RetryNowProbes) {
  AddQueue(1);
  Tell(QueueWork{QueueId(1), 10});
  Tell(DeferQueue{QueueId(1)});
  EXPECT_EQ(WhyText(1), "retry until T after defer-queue");
  for (const uint64_t s : {1, 2}) Tell(SessionClosed{SessionId(s), SessionEnd::kNormal});
  EXPECT_EQ(Of(Tell(RetryNow{QueueId(1)}), Kind::kOpenSession).size(), 1u);
}

TEST_F(SchedulerTest, ServerThatGreetsAndDropsCountsAsFailure) {
  AddQueue(1, {.mx_connection_attempts = 2});
  Actions actions = Tell(QueueWork{QueueId(1), 1});
  for (int i = 0; i < 2; ++i) {
    const SessionId s = OpenOne(actions);
    EXPECT_EQ(Ask(s).kind, Kind::kAssign);
    Tell(AttemptReturned{s});
    actions = Tell(SessionClosed{s, SessionEnd::kLost});
    const Actions more = Tell(QueueWork{QueueId(1), 1});
    actions.insert(actions.end(), more.begin(), more.end());
  }
  EXPECT_EQ(WhyText(1), "retry until T after lost connections");
}

TEST_F(SchedulerTest, PauseStopsAtOnceAndResumeGoesOn) {
  AddQueue(1, {.connection_idle_timeout = Minutes(1)});
  const SessionId s = WorkAndOpen(1, 1);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  Report(s);
  EXPECT_EQ(Ask(s).kind, Kind::kWait);
  EXPECT_EQ(Of(Tell(PauseQueue{QueueId(1)}), Kind::kCloseSession), std::vector<SessionId>{s});
  EXPECT_EQ(WhyText(1), "paused");
  Tell(SessionClosed{s, SessionEnd::kNormal});
  EXPECT_TRUE(Of(Tell(QueueWork{QueueId(1), 4}), Kind::kOpenSession).empty());
  EXPECT_FALSE(Of(Tell(PauseQueue{QueueId(1), false}), Kind::kOpenSession).empty());
}

TEST_F(SchedulerTest, LostLeaseAssignsNothingMore) {
  AddQueue(1);
  const SessionId s = WorkAndOpen(1, 5);
  Tell(SessionOpened{SessionId(2)});
  Tell(AllowQueue{QueueId(1), false});
  EXPECT_EQ(WhyText(1), "no lease");
  EXPECT_EQ(Ask(s).kind, Kind::kCloseSession);
  Tell(AllowQueue{QueueId(1), true});
  Tell(AllowSending{false});
  EXPECT_EQ(WhyText(1), "sending is stopped on this shard");
  EXPECT_EQ(Ask(SessionId(2)).kind, Kind::kCloseSession);
}

TEST_F(SchedulerTest, StoppingAndStartingReachesEveryQueueInSteps) {
  constexpr uint32_t kQueues = 2000;
  for (uint32_t id = 1; id <= kQueues; ++id) AddQueue(id);
  Tell(SetTotal{kQueues});
  Tell(AllowSending{false});
  for (uint32_t id = 1; id <= kQueues; ++id) {
    EXPECT_TRUE(Of(Tell(QueueWork{QueueId(id), 1}), Kind::kOpenSession).empty());
  }
  size_t opened = Of(Tell(AllowSending{true}), Kind::kOpenSession).size();
  EXPECT_LT(opened, kQueues) << "one call does a bounded amount of work";
  for (int calls = 0; calls < 40; ++calls)
    opened += Of(Tell(TimerFired{}), Kind::kOpenSession).size();
  EXPECT_EQ(opened, kQueues);
}

TEST_F(SchedulerTest, IdleSessionIsClosedForAQueueThatNeedsItsSlot) {
  Tell(SetTotal{1});
  AddQueue(1, {.connection_idle_timeout = Minutes(5)});
  AddQueue(2);
  const SessionId s = WorkAndOpen(1, 1);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  Report(s);
  EXPECT_EQ(Ask(s).kind, Kind::kWait);
  EXPECT_EQ(Of(Tell(QueueWork{QueueId(2), 1}), Kind::kCloseSession), std::vector<SessionId>{s});
  EXPECT_EQ(WhyText(2), "connection limit 1 in use (scope total)");
  EXPECT_EQ(Of(Tell(SessionClosed{s, SessionEnd::kNormal}), Kind::kOpenSession).size(), 1u);
}

TEST_F(SchedulerTest, BusySessionYieldsItsSlotAfterItsTurn) {
  Tell(SetTotal{1});
  AddQueue(1, {}, 1);
  AddQueue(2, {}, 2);
  const SessionId s = WorkAndOpen(1, 1000);
  Tell(QueueWork{QueueId(2), 1000});
  int served = 0;
  while (Ask(s).kind == Kind::kAssign) {
    Report(s);
    ASSERT_LT(++served, 100);
  }
  EXPECT_EQ(served, 20);
  const Actions actions = Tell(SessionClosed{s, SessionEnd::kNormal});
  ASSERT_EQ(Of(actions, Kind::kOpenSession).size(), 1u);
  EXPECT_EQ(actions[0].queue, QueueId(2));
}

TEST_F(SchedulerTest, NobodyTakesATokenOthersWaitForBeforeTheTimerFires) {
  Tell(SetVmta{VmtaId(1), {.max_msg_rate = {1, Seconds(1)}}});
  AddQueue(1, {.max_smtp_out = 1});
  AddQueue(2, {.max_smtp_out = 1});
  const SessionId waits = WorkAndOpen(1, 5);
  const SessionId served = WorkAndOpen(2, 5);
  EXPECT_EQ(Ask(served).kind, Kind::kAssign);
  EXPECT_EQ(Ask(waits).kind, Kind::kWait);
  Report(served);
  Advance(Seconds(1));
  const Actions actions = Tell(SessionIdle{served});
  EXPECT_EQ(actions.at(0).kind, Kind::kWait);
  EXPECT_EQ(Of(actions, Kind::kAssign), std::vector<SessionId>{waits});
}

TEST_F(SchedulerTest, RemovedQueueComesBackWithItsRateUsed) {
  const QueuePolicy policy{.max_smtp_out = 1, .max_msg_rate = {1, Hours(1)}};
  AddQueue(1, policy);
  const SessionId s = WorkAndOpen(1, 1);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  Report(s);
  Tell(RemoveQueue{QueueId(1)});
  EXPECT_FALSE(scheduler_.Has(QueueId(1)));
  EXPECT_EQ(Ask(s).kind, Kind::kCloseSession);
  Tell(SessionClosed{s, SessionEnd::kNormal});
  AddQueue(1, policy);
  EXPECT_TRUE(Of(Tell(QueueWork{QueueId(1), 1}), Kind::kOpenSession).empty());
  Tell(RemoveQueue{QueueId(1)});
  Advance(Hours(3));
  Tell(TimerFired{});
  EXPECT_EQ(scheduler_.Counters().queues, 0u);
}

TEST_F(SchedulerTest, ReloadKeepsWhatWasUsed) {
  AddQueue(1, {.max_smtp_out = 1, .max_msg_rate = {2, Hours(1)}});
  const SessionId s = WorkAndOpen(1, 5);
  EXPECT_EQ(Ask(s).kind, Kind::kAssign);
  Report(s);
  AddQueue(1, {.max_smtp_out = 1, .max_msg_rate = {1, Hours(1)}});
  EXPECT_EQ(Ask(s).kind, Kind::kCloseSession);
  AddQueue(1, {.max_smtp_out = 1, .max_msg_rate = {3, Hours(1)}});
  EXPECT_EQ(Of(Tell(SessionClosed{s, SessionEnd::kNormal}), Kind::kOpenSession).size(), 1u);
}

TEST_F(SchedulerTest, SpentStartSendsNothingForAnInterval) {
  Tell(SetQueue{QueueId(1), SiteId(1), VmtaId(1),
                std::make_shared<const QueuePolicy>(QueuePolicy{.max_msg_rate = {60, Minutes(1)}}),
                /*start_spent=*/true});
  EXPECT_TRUE(Of(Tell(QueueWork{QueueId(1), 5}), Kind::kOpenSession).empty());
  Advance(Seconds(58));
  EXPECT_FALSE(Of(Tell(TimerFired{}), Kind::kOpenSession).empty());
}

TEST_F(SchedulerTest, RampUpIntervalSeparatesConnections) {
  AddQueue(1, {.smtp_out_rampup_interval = Seconds(5)});
  EXPECT_EQ(Of(Tell(QueueWork{QueueId(1), 100}), Kind::kOpenSession).size(), 1u);
  Advance(Seconds(5));
  EXPECT_EQ(Of(Tell(TimerFired{}), Kind::kOpenSession).size(), 1u);
}

}  // namespace
}  // namespace convoy::shard
