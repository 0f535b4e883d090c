#include "runtime/virtual_loop.h"

#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/deadline_watch.h"

namespace convoy {
namespace {

TEST(VirtualLoop, RunsInOrderOfTimeThenOfCalls) {
  VirtualLoop loop;
  std::vector<int> order;
  loop.CallAfter(Seconds(2), [&] { order.push_back(4); });
  loop.CallAfter(Seconds(1), [&] { order.push_back(2); });
  loop.CallAfter(Seconds(1), [&] { order.push_back(3); });
  loop.Post([&] { order.push_back(1); });
  loop.RunUntilIdle();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

TEST(VirtualLoop, PostAndCallAtKeepTheirOrder) {
  VirtualLoop loop;
  std::vector<int> order;
  loop.Post([&] { order.push_back(1); });
  loop.CallAt(loop.MonoNow() - Seconds(5), [&] { order.push_back(2); });
  loop.Post([&] { order.push_back(3); });
  loop.RunUntilIdle();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(VirtualLoop, TimeMovesOnlyToWork) {
  VirtualLoop loop({Seconds(10).us}, {Seconds(1000).us});
  MonoTime seen{};
  loop.CallAfter(Hours(1), [&] { seen = loop.MonoNow(); });
  EXPECT_TRUE(loop.RunOne());
  EXPECT_EQ(seen.us, (Seconds(10) + Hours(1)).us);
  EXPECT_EQ(loop.WallNow().us, (Seconds(1000) + Hours(1)).us);
  EXPECT_FALSE(loop.RunOne());
  loop.JumpWall(Seconds(-3000));
  EXPECT_EQ(loop.WallNow().us, (Hours(1) - Seconds(2000)).us);
  EXPECT_EQ(loop.MonoNow(), seen);
}

TEST(VirtualLoop, RunUntilRunsWhatIsDueAndStopsThere) {
  VirtualLoop loop;
  int runs = 0;
  const MonoTime start = loop.MonoNow();
  for (int i = 1; i <= 3; ++i) loop.CallAfter(Seconds(i), [&] { ++runs; });
  loop.RunUntil(start + Seconds(2));
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(loop.MonoNow(), start + Seconds(2));
  EXPECT_EQ(loop.next(), start + Seconds(3));
  EXPECT_FALSE(loop.RunUntilTrue([&] { return runs == 4; }, start + Seconds(9)));
  EXPECT_EQ(loop.MonoNow(), start + Seconds(9));
}

TEST(VirtualLoop, CancelledTimersDoNotRunNorKeepTheirHeapEntries) {
  VirtualLoop loop;
  int runs = 0;
  for (int i = 0; i < 100000; ++i) {
    const TimerId timer = loop.CallAfter(Hours(1), [&] { ++runs; });
    loop.Cancel(timer);
    loop.Cancel(timer);
  }
  loop.Cancel(TimerId(0));
  loop.RunUntilIdle();
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(loop.events_run(), 0);
}

TEST(VirtualLoop, ACallbackMayCancelWhatItsDestructionTouches) {
  VirtualLoop loop;
  auto watch = std::make_shared<DeadlineWatch>(loop, [] {});
  watch->Set(loop.MonoNow() + Seconds(5));
  watch->SetWaiting(true);
  const TimerId timer = loop.CallAfter(Hours(1), [watch = std::move(watch)] {});
  loop.Cancel(timer);  // drops the watch, which cancels its own timer
  EXPECT_FALSE(loop.RunOne());
}

TEST(VirtualLoop, PostFromOtherThreads) {
  VirtualLoop loop;
  int runs = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) loop.Post([&] { ++runs; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  loop.RunUntilIdle();
  EXPECT_EQ(runs, 4000);
}

TEST(DeadlineWatch, MovingADeadlineLaterSetsNoNewTimer) {
  VirtualLoop loop;
  int passed = 0;
  DeadlineWatch watch(loop, [&] { ++passed; });
  watch.SetWaiting(true);
  for (int i = 0; i < 1000; ++i) {
    watch.Set(loop.MonoNow() + Minutes(5));
    loop.RunFor(Seconds(1));
  }
  EXPECT_EQ(passed, 0);
  EXPECT_LE(loop.events_run(), 4);
  loop.RunFor(Minutes(5));
  EXPECT_EQ(passed, 1);
  EXPECT_TRUE(watch.Passed());
}

TEST(DeadlineWatch, AnEarlierDeadlineReplacesALaterOne) {
  VirtualLoop loop;
  MonoTime passed_at{};
  DeadlineWatch watch(loop, [&] { passed_at = loop.MonoNow(); });
  const MonoTime start = loop.MonoNow();
  watch.Set(start + Minutes(5));
  watch.SetWaiting(true);
  watch.Set(start + Seconds(1));
  loop.RunUntilIdle();
  EXPECT_EQ(passed_at, start + Seconds(1));
}

TEST(DeadlineWatch, NothingHappensWhileNobodyWaits) {
  VirtualLoop loop;
  int passed = 0;
  DeadlineWatch watch(loop, [&] { ++passed; });
  watch.Set(loop.MonoNow() + Seconds(1));
  watch.SetWaiting(true);
  watch.SetWaiting(false);
  loop.RunFor(Seconds(10));
  EXPECT_EQ(passed, 0);
  watch.Set(kMonoMax);
  watch.SetWaiting(true);
  loop.RunFor(Hours(1));
  EXPECT_EQ(passed, 0);
}

}  // namespace
}  // namespace convoy
