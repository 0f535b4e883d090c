// Shares of a limit that binds. Every queue always has rows and every peer answers alike, so what a
// queue gets is the scheduler's choice alone.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "shard/schedule/scheduler.h"

namespace convoy::shard {
namespace {

class Load {
 public:
  explicit Load(SchedulerOptions options = {}) : scheduler_(options) {}

  void Tell(const Event& event) {
    Actions actions;
    scheduler_.OnEvent(now_, event, &actions);
    for (const Action& a : actions) Do(a);
  }
  void Queue(uint32_t id, uint32_t vmta, uint32_t site, uint32_t priority) {
    const QueuePolicy policy{.priority = priority};
    Tell(SetQueue{QueueId(id), SiteId(site), VmtaId(vmta),
                  std::make_shared<const QueuePolicy>(policy)});
  }
  // Runs with endless rows in queues 1..n; the attempts of each (index 0 unused), after a quarter
  // to settle.
  std::vector<double> Shares(uint32_t n, Duration length) {
    for (uint32_t id = 1; id <= n; ++id) Tell(QueueWork{QueueId(id), 1'000'000'000});
    RunUntil(now_ + length / 4);
    attempts_.clear();
    RunUntil(now_ + length);
    std::vector<double> shares(n + 1);
    double all = 0;
    for (const auto& [queue, count] : attempts_) all += count;
    for (const auto& [queue, count] : attempts_) shares[queue.value()] = count / all;
    return shares;
  }

 private:
  void After(Duration d, std::function<void()> what) {
    const MonoTime at = now_ + d;
    agenda_.emplace(std::pair(at, ++order_), std::move(what));
  }
  void RunUntil(MonoTime end) {
    while (true) {
      const MonoTime next = agenda_.empty() ? kMonoMax : agenda_.begin()->first.first;
      if (std::min(next, timer_) > end) break;
      now_ = std::max(now_, std::min(next, timer_));
      if (timer_ <= next) {
        timer_ = kMonoMax;
        Tell(TimerFired{});
        continue;
      }
      const std::function<void()> what = std::move(agenda_.begin()->second);
      agenda_.erase(agenda_.begin());
      what();
    }
    now_ = end;
  }
  void Do(const Action& a) {
    const SessionId s = a.session;
    switch (a.kind) {
      case Action::Kind::kSetTimer:
        timer_ = a.at;
        break;
      case Action::Kind::kOpenSession:
        After(Milliseconds(50), [this, s] {
          Tell(SessionOpened{s});
          Tell(SessionIdle{s});
        });
        break;
      case Action::Kind::kAssign:
        ++attempts_[a.queue];
        After(Milliseconds(100), [this, s] {
          Tell(AttemptReported{s, AttemptResult::kDelivered});
          Tell(SessionIdle{s});
        });
        break;
      case Action::Kind::kWait:
        break;
      case Action::Kind::kCloseSession:
        After(Milliseconds(10), [this, s] { Tell(SessionClosed{s, SessionEnd::kNormal}); });
        break;
    }
  }

  Scheduler scheduler_;
  MonoTime now_{1'000'000};
  MonoTime timer_ = kMonoMax;
  std::map<std::pair<MonoTime, uint64_t>, std::function<void()>> agenda_;
  uint64_t order_ = 0;
  std::map<QueueId, double> attempts_;
};

TEST(SchedulerFairness, RateOfAVirtualMtaIsSharedByPriority) {
  Load load;
  load.Tell(SetVmta{VmtaId(1), {.max_msg_rate = {600, Minutes(1)}}});
  load.Queue(1, 1, 1, 9);
  load.Queue(2, 1, 2, 29);
  const std::vector<double> shares = load.Shares(2, Minutes(20));
  EXPECT_NEAR(shares[1], 0.25, 0.03);
}

TEST(SchedulerFairness, RateOfASiteIsSharedByVirtualMtas) {
  Load load;
  load.Tell(SetSite{SiteId(5), {.max_msg_rate = {300, Minutes(1)}}});
  for (uint32_t id = 1; id <= 4; ++id) load.Queue(id, id, 5, 50);
  const std::vector<double> shares = load.Shares(4, Minutes(20));
  for (uint32_t id = 1; id <= 4; ++id) EXPECT_NEAR(shares[id], 0.25, 0.03) << id;
}

TEST(SchedulerFairness, ConnectionsOfAVirtualMtaAreSharedByPriority) {
  Load load;
  load.Tell(SetVmta{VmtaId(1), {.max_connections = 20}});
  load.Queue(1, 1, 1, 9);
  load.Queue(2, 1, 2, 29);
  const std::vector<double> shares = load.Shares(2, Minutes(10));
  EXPECT_NEAR(shares[1], 0.25, 0.04);
}

TEST(SchedulerFairness, ConnectionsOfASiteAreSharedByVirtualMtas) {
  Load load;
  load.Tell(SetSite{SiteId(5), {.max_connections = 12}});
  for (uint32_t id = 1; id <= 3; ++id) load.Queue(id, id, 5, 50);
  const std::vector<double> shares = load.Shares(3, Minutes(10));
  for (uint32_t id = 1; id <= 3; ++id) EXPECT_NEAR(shares[id], 1.0 / 3, 0.04) << id;
}

TEST(SchedulerFairness, TheTotalIsSharedByQueuesNotByVirtualMtas) {
  Load load({.total_max_smtp_out = 20});
  for (uint32_t id = 1; id <= 3; ++id) load.Queue(id, 1, id, 50);
  load.Queue(4, 2, 4, 50);
  const std::vector<double> shares = load.Shares(4, Minutes(10));
  for (uint32_t id = 1; id <= 4; ++id) EXPECT_NEAR(shares[id], 0.25, 0.05) << id;
}

TEST(SchedulerFairness, OneConnectionForManyQueuesGoesAround) {
  Load load({.total_max_smtp_out = 1});
  for (uint32_t id = 1; id <= 10; ++id) load.Queue(id, 1 + id % 3, id, 50);
  const std::vector<double> shares = load.Shares(10, Minutes(60));
  for (uint32_t id = 1; id <= 10; ++id) EXPECT_NEAR(shares[id], 0.1, 0.05) << id;
}

TEST(SchedulerFairness, ALateQueueGetsItsShareAtOnceAndNoMore) {
  Load load;
  load.Tell(SetVmta{VmtaId(1), {.max_msg_rate = {600, Minutes(1)}}});
  load.Queue(1, 1, 1, 50);
  load.Shares(1, Minutes(60));  // an hour alone
  load.Queue(2, 1, 2, 50);
  const std::vector<double> shares = load.Shares(2, Minutes(4));
  EXPECT_NEAR(shares[1], 0.5, 0.05);
}

TEST(SchedulerFairness, WhatWasSentWithoutContentionIsNotHeldAgainstAQueue) {
  Load load({.total_max_smtp_out = 1});
  load.Queue(1, 1, 1, 50);
  load.Shares(1, Minutes(60));  // as fast as it can
  for (uint32_t id = 2; id <= 4; ++id) load.Queue(id, 1, id, 50);
  const std::vector<double> shares = load.Shares(4, Minutes(20));
  EXPECT_NEAR(shares[1], 0.25, 0.05);
}

TEST(SchedulerFairness, TheTotalIsSharedAmongManyVirtualMtas) {
  Load load({.total_max_smtp_out = 42});
  uint32_t id = 0;
  for (uint32_t vmta = 1; vmta <= 6; ++vmta) {
    for (uint32_t i = 0; i < vmta; ++i) {
      ++id;
      load.Queue(id, vmta, id, 50);
    }
  }
  const std::vector<double> shares = load.Shares(21, Minutes(10));
  for (uint32_t q = 1; q <= 21; ++q) EXPECT_NEAR(shares[q] * 21, 1, 0.15) << q;
}

TEST(SchedulerFairness, LowestPriorityIsNotStarved) {
  Load load({.total_max_smtp_out = 2});
  load.Queue(1, 1, 1, 0);
  load.Queue(2, 1, 2, 100);
  load.Queue(3, 2, 3, 100);
  const std::vector<double> shares = load.Shares(3, Minutes(120));
  EXPECT_GT(shares[1], 0.002);
  EXPECT_LT(shares[1], 0.1);
}

}  // namespace
}  // namespace convoy::shard
