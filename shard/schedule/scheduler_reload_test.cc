// Limits that change while sessions are open: a reload.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "shard/schedule/scheduler.h"

namespace convoy::shard {
namespace {

using Kind = Action::Kind;

constexpr QueueId kQueue(1);

class SchedulerReloadTest : public testing::Test {
 protected:
  Actions Tell(const Event& event) {
    Actions out;
    scheduler_.OnEvent(now_, event, &out);
    for (const Action& a : out) {
      if (a.kind == Kind::kCloseSession) closing_.push_back(a.session);
    }
    return out;
  }
  void SetLimit(uint32_t max_smtp_out, Rate rate = {}) {
    QueuePolicy policy;
    policy.max_smtp_out = max_smtp_out;
    policy.max_msg_rate = rate;
    policy.connection_idle_timeout = Minutes(5);
    Tell(SetQueue{kQueue, SiteId(1), VmtaId(1), std::make_shared<const QueuePolicy>(policy)});
  }
  // Opens `count` sessions of the queue and lets all of them take a row each.
  void Open(uint32_t count) {
    Tell(SetSite{SiteId(1), {}});
    SetLimit(count);
    Actions all = Tell(QueueWork{kQueue, 100});
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].kind != Kind::kOpenSession) continue;
      open_.push_back(all[i].session);
      const Actions more = Tell(SessionOpened{all[i].session});
      all.insert(all.end(), more.begin(), more.end());
    }
    ASSERT_EQ(open_.size(), count);
    for (const SessionId s : open_) ASSERT_EQ(Ask(s), Kind::kAssign);
  }
  Kind Ask(SessionId session) { return Tell(SessionIdle{session}).at(0).kind; }
  // Reports what each had; without rows they wait.
  void MakeIdle(size_t count) {
    Tell(QueueWork{kQueue, 0});
    for (size_t i = 0; i < count; ++i) {
      Tell(AttemptReported{open_[i], AttemptResult::kDelivered});
      ASSERT_EQ(Ask(open_[i]), Kind::kWait);
    }
  }

  MonoTime now_{Seconds(100).us};
  Scheduler scheduler_{Scheduler::Options{}};
  std::vector<SessionId> open_;
  std::vector<SessionId> closing_;
};

TEST_F(SchedulerReloadTest, ALoweredQueueLimitClosesIdleSessionsFirst) {
  Open(5);
  MakeIdle(3);
  SetLimit(3);
  EXPECT_EQ(closing_, (std::vector<SessionId>{open_[0], open_[1]})) << "those idle for longest";
  // The other idle one and the busy ones go on.
  EXPECT_FALSE(Tell(QueueWork{kQueue, 100}).empty());
  Tell(AttemptReported{open_[3], AttemptResult::kDelivered});
  EXPECT_EQ(Ask(open_[3]), Kind::kAssign);
}

TEST_F(SchedulerReloadTest, BusySessionsAboveALoweredLimitAreAssignedNothingMore) {
  Open(4);
  SetLimit(1);
  EXPECT_TRUE(closing_.empty()) << "what is under way is finished";
  int assigned = 0;
  for (const SessionId s : open_) {
    Tell(AttemptReported{s, AttemptResult::kDelivered});
    assigned += Ask(s) == Kind::kAssign ? 1 : 0;
  }
  EXPECT_EQ(assigned, 1);
  EXPECT_EQ(closing_.size(), 3u);
}

TEST_F(SchedulerReloadTest, LoweredLimitsOfSiteVmtaAndTotalCloseIdleSessionsAtOnce) {
  Open(6);
  MakeIdle(6);
  Tell(SetSite{SiteId(1), {.max_connections = 5}});
  EXPECT_EQ(closing_.size(), 1u);
  Tell(SetVmta{VmtaId(1), {.max_connections = 4}});
  EXPECT_EQ(closing_.size(), 2u);
  Tell(SetTotal{2});
  EXPECT_EQ(closing_.size(), 4u);
  EXPECT_EQ(scheduler_.Counters(kQueue).waiting, 2u);
}

TEST_F(SchedulerReloadTest, LoweredSharedLimitsHoldForBusySessions) {
  Open(4);
  Tell(SetVmta{VmtaId(1), {.max_connections = 2}});
  int assigned = 0;
  for (const SessionId s : open_) {
    Tell(AttemptReported{s, AttemptResult::kDelivered});
    assigned += Ask(s) == Kind::kAssign ? 1 : 0;
  }
  EXPECT_EQ(assigned, 2);
}

TEST_F(SchedulerReloadTest, LimitsThatChangeTogetherAreUsedTogether) {
  Tell(SetSite{SiteId(1), {.max_connections = 2}});
  Open(2);
  Tell(ChangeLimits{true});
  // More for the site is not taken by a queue that will have less.
  EXPECT_TRUE(Tell(SetSite{SiteId(1), {.max_connections = 6}}).empty());
  QueuePolicy policy;
  policy.max_smtp_out = 3;
  EXPECT_TRUE(
      Tell(SetQueue{kQueue, SiteId(1), VmtaId(1), std::make_shared<const QueuePolicy>(policy)})
          .empty());
  const Actions out = Tell(ChangeLimits{false});
  EXPECT_EQ(std::count_if(out.begin(), out.end(),
                          [](const Action& a) { return a.kind == Kind::kOpenSession; }),
            1);
}

TEST_F(SchedulerReloadTest, ARaisedLimitOpensAtOnce) {
  Open(2);
  QueuePolicy policy;
  policy.max_smtp_out = 4;
  const Actions out =
      Tell(SetQueue{kQueue, SiteId(1), VmtaId(1), std::make_shared<const QueuePolicy>(policy)});
  EXPECT_EQ(std::count_if(out.begin(), out.end(),
                          [](const Action& a) { return a.kind == Kind::kOpenSession; }),
            2);
}

TEST_F(SchedulerReloadTest, ANewRateHoldsFromTheChangeOnAndDelaysNothingElse) {
  Open(1);
  for (int i = 0; i < 50; ++i) {
    Tell(AttemptReported{open_[0], AttemptResult::kDelivered});
    ASSERT_EQ(Ask(open_[0]), Kind::kAssign);
    now_ = now_ + Milliseconds(10);
  }
  SetLimit(1, {.count = 3600, .interval = Hours(1)});
  const MonoTime changed = now_;
  Tell(QueueWork{kQueue, 100});
  Tell(AttemptReported{open_[0], AttemptResult::kDelivered});
  int assigned = Ask(open_[0]) == Kind::kAssign ? 1 : 0;
  EXPECT_EQ(assigned, 0) << "what was sent just now counts";
  for (; now_ < changed + Seconds(10); now_ = now_ + Milliseconds(100)) {
    for (const Action& a : Tell(TimerFired{})) {
      if (a.kind != Kind::kAssign) continue;
      ++assigned;
      Tell(AttemptReported{open_[0], AttemptResult::kDelivered});
      Ask(open_[0]);
    }
  }
  EXPECT_GE(assigned, 8) << "not an hour of silence";
  EXPECT_LE(assigned, 10);
}

}  // namespace
}  // namespace convoy::shard
