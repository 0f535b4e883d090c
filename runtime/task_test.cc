#include "runtime/task.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/await.h"
#include "runtime/gate.h"
#include "runtime/virtual_loop.h"

namespace convoy {
namespace {

Task<int> Constant(int value) { co_return value; }

Task<int> Sum(int count) {
  int sum = 0;
  for (int i = 0; i < count; ++i) {
    const int one = co_await Constant(1);
    sum += one;
  }
  co_return sum;
}

Task<void> StoreSum(int count, int* out) {
  const int sum = co_await Sum(count);
  *out = sum;
}

TEST(Task, RunsOnlyWhenAwaitedOrSpawned) {
  int out = 0;
  { const Task<void> never = StoreSum(3, &out); }
  EXPECT_EQ(out, 0);
  Spawn(StoreSum(3, &out));
  EXPECT_EQ(out, 3);
}

TEST(Task, ManyAwaitsDoNotGrowTheStack) {
  int out = 0;
  Spawn(StoreSum(1'000'000, &out));
  EXPECT_EQ(out, 1'000'000);
}

Task<std::unique_ptr<std::string>> MakeUnique() {
  co_return std::make_unique<std::string>("moved");
}

Task<void> TakeUnique(std::string* out) {
  Task<std::unique_ptr<std::string>> task = MakeUnique();
  const std::unique_ptr<std::string> value = co_await task.Join();
  *out = *value;
}

TEST(Task, ResultsMayBeMoveOnly) {
  std::string out;
  Spawn(TakeUnique(&out));
  EXPECT_EQ(out, "moved");
}

Task<void> WaitAndNote(EventLoop& loop, MonoTime when, std::shared_ptr<int> held, bool* done) {
  SleepUntil wait(loop, when);
  co_await wait;
  *done = *held == 7;
}

TEST(Task, AFrameLivesUntilItsEndAndNoLonger) {
  VirtualLoop loop;
  auto held = std::make_shared<int>(7);
  bool done = false;
  Spawn(WaitAndNote(loop, loop.MonoNow() + Seconds(1), held, &done));
  EXPECT_EQ(held.use_count(), 2);
  loop.RunUntilIdle();
  EXPECT_TRUE(done);
  EXPECT_EQ(held.use_count(), 1);
}

Task<void> AwaitValue(EventLoop& loop, int* out) {
  Await<int> answer([&loop](Await<int>::Done done) {
    loop.Post([done = std::move(done)]() mutable { done(42); });
  });
  *out = co_await answer;
}

TEST(Await, TurnsACallbackIntoAValue) {
  VirtualLoop loop;
  int out = 0;
  Spawn(AwaitValue(loop, &out));
  EXPECT_EQ(out, 0);
  loop.RunUntilIdle();
  EXPECT_EQ(out, 42);
}

TEST(Gate, ClosesToNewWorkAndWaitsForTheOld) {
  Gate gate;
  bool empty = false;
  {
    Gate::Hold first = gate.TryEnter();
    Gate::Hold second = gate.TryEnter();
    EXPECT_TRUE(first && second);
    EXPECT_EQ(gate.inside(), 2);
    gate.Close([&] { empty = true; });
    EXPECT_TRUE(gate.closed());
    EXPECT_FALSE(gate.TryEnter());
    first = std::move(second);
    EXPECT_EQ(gate.inside(), 1);
    EXPECT_FALSE(empty);
  }
  EXPECT_TRUE(empty);
}

TEST(Gate, AnEmptyGateClosesAtOnce) {
  Gate gate;
  bool empty = false;
  gate.Close([&] { empty = true; });
  EXPECT_TRUE(empty);
}

}  // namespace
}  // namespace convoy
