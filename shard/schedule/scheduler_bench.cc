// Events per second of the scheduler. One "message" is what a session costs it in steady state:
// SessionIdle answered by Assign, AttemptReported, and QueueWork once for each eight.
//
// Run: bazel run --config=opt //shard/schedule:scheduler_bench
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/check.h"
#include "shard/schedule/scheduler.h"

namespace convoy::shard {
namespace {

class Fleet {
 public:
  Fleet(uint32_t queues, bool limited) : scheduler_(Options()) {
    const auto policy = std::make_shared<const QueuePolicy>(
        QueuePolicy{.max_smtp_out = 20,
                    .max_msg_rate = limited ? Rate{1'000'000, Seconds(1)} : Rate{},
                    .connection_idle_timeout = Minutes(5)});
    const SharedLimits limits =
        limited ? SharedLimits{1000, {10'000'000, Seconds(1)}} : SharedLimits{};
    for (uint32_t v = 0; v < 16; ++v) Tell(SetVmta{VmtaId(v), limits});
    for (uint32_t id = 0; id < queues; ++id) {
      if (limited) Tell(SetSite{SiteId(id), limits});
      Tell(SetQueue{QueueId(id), SiteId(id), VmtaId(id % 16), policy});
    }
  }
  static SchedulerOptions Options() { return {.total_max_smtp_out = 100'000}; }

  void Tell(const Event& event) {
    actions_.clear();
    scheduler_.OnEvent(now_, event, &actions_);
  }
  // One established session in each of the first `n` queues.
  void Connect(uint32_t n) {
    for (uint32_t id = 0; id < n; ++id) {
      Tell(QueueWork{QueueId(id), 1});
      const SessionId s = actions_.at(0).session;
      Tell(SessionOpened{s});
      sessions_.push_back({s, QueueId(id)});
      Tell(QueueWork{QueueId(id), 0});
    }
  }
  void Message() {
    const Session& s = sessions_[next_++ % sessions_.size()];
    now_ = now_ + Microseconds(10);
    if (next_ / sessions_.size() % 8 == 0) Tell(QueueWork{s.queue, 9});
    Tell(SessionIdle{s.id});
    const bool assigned = actions_[0].kind == Action::Kind::kAssign;
    if (assigned) Tell(AttemptReported{s.id, AttemptResult::kDelivered});
    assigned_ += assigned ? 1 : 0;
  }
  uint64_t assigned() const { return assigned_; }

  struct Session {
    SessionId id;
    QueueId queue;
  };
  Scheduler scheduler_;
  MonoTime now_{1'000'000};
  Actions actions_;
  std::vector<Session> sessions_;
  uint64_t next_ = 0;
  uint64_t assigned_ = 0;
};

void BM_Message(benchmark::State& state) {
  Fleet fleet(static_cast<uint32_t>(state.range(0)), state.range(1) != 0);
  fleet.Connect(1000);
  for (auto _ : state) fleet.Message();
  state.counters["messages/s"] =
      benchmark::Counter(static_cast<double>(fleet.assigned()), benchmark::Counter::kIsRate);
}
BENCHMARK(BM_Message)->ArgNames({"queues", "limited"})->ArgsProduct({{1000, 100'000}, {0, 1}});

// Rows become ready and go again in random-looking queues of many, all slots in use: the parking
// heaps.
void BM_WorkWhileTheTotalIsUsedUp(benchmark::State& state) {
  Fleet fleet(static_cast<uint32_t>(state.range(0)), false);
  fleet.Tell(SetTotal{1000});
  for (uint32_t id = 0; id < state.range(0); ++id) fleet.Tell(QueueWork{QueueId(id), 1});
  uint32_t id = 0;
  for (auto _ : state) {
    id = (id + 7919) % static_cast<uint32_t>(state.range(0));
    fleet.Tell(QueueWork{QueueId(id), 0});
    fleet.Tell(QueueWork{QueueId(id), 1});
  }
  state.SetItemsProcessed(2 * static_cast<int64_t>(state.iterations()));
}
BENCHMARK(BM_WorkWhileTheTotalIsUsedUp)->ArgName("queues")->Arg(100'000);

// A connection ends and the next of 100,000 waiting queues gets its slot.
void BM_SlotGoesToTheNext(benchmark::State& state) {
  Fleet fleet(static_cast<uint32_t>(state.range(0)), false);
  fleet.Tell(SetTotal{1000});
  for (uint32_t id = 0; id < state.range(0); ++id) fleet.Tell(QueueWork{QueueId(id), 1});
  uint64_t session = 0;
  for (auto _ : state) {
    ++session;
    fleet.now_ = fleet.now_ + Microseconds(100);
    fleet.Tell(SessionOpened{SessionId(session)});
    fleet.Tell(SessionIdle{SessionId(session)});
    const QueueId queue = fleet.actions_.at(0).queue;
    fleet.Tell(AttemptReported{SessionId(session), AttemptResult::kDelivered});
    fleet.Tell(SessionClosed{SessionId(session), SessionEnd::kNormal});
    fleet.Tell(QueueWork{queue, 1});
  }
  state.SetItemsProcessed(5 * static_cast<int64_t>(state.iterations()));
}
BENCHMARK(BM_SlotGoesToTheNext)->ArgName("queues")->Arg(100'000);

}  // namespace
}  // namespace convoy::shard

BENCHMARK_MAIN();
