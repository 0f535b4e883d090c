// What an idle queue costs, counted by replacing the allocator of this program.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "shard/schedule/scheduler.h"

namespace {
int64_t g_allocated_bytes = 0;
}  // namespace

void* operator new(size_t size) {
  void* const p = std::malloc(size);
  if (p == nullptr) std::abort();
  g_allocated_bytes += static_cast<int64_t>(malloc_usable_size(p)) + 8;
  return p;
}
void operator delete(void* p) noexcept {
  if (p == nullptr) return;
  g_allocated_bytes -= static_cast<int64_t>(malloc_usable_size(p)) + 8;
  std::free(p);
}
void operator delete(void* p, size_t) noexcept { operator delete(p); }

namespace convoy::shard {
namespace {

constexpr uint32_t kQueues = 100'000;
constexpr int64_t kIdleQueueBytesMax = 200;

TEST(SchedulerMemory, AnIdleQueueIsSmallAlsoAfterItHasBeenBusy) {
  Scheduler scheduler{SchedulerOptions{}};
  Actions actions;
  MonoTime now{1'000'000};
  const auto tell = [&](const Event& event) {
    actions.clear();
    scheduler.OnEvent(now, event, &actions);
  };
  const auto policy =
      std::make_shared<const QueuePolicy>(QueuePolicy{.max_msg_rate = {60, Minutes(1)}});
  const int64_t before = g_allocated_bytes;
  for (uint32_t id = 1; id <= kQueues; ++id) {
    tell(SetQueue{QueueId(id), SiteId(id), VmtaId(id % 8), policy});
  }
  EXPECT_LE((g_allocated_bytes - before) / kQueues, kIdleQueueBytesMax);
  for (uint32_t id = 1; id <= kQueues; ++id) {
    tell(QueueWork{QueueId(id), 1});
    const SessionId s = actions.at(0).session;
    tell(SessionOpened{s});
    tell(SessionIdle{s});
    tell(AttemptReported{s, AttemptResult::kDelivered});
    tell(SessionIdle{s});
    tell(SessionClosed{s, SessionEnd::kNormal});
  }
  EXPECT_GT((g_allocated_bytes - before) / kQueues, kIdleQueueBytesMax) << "rates are remembered";
  now = now + Minutes(2);
  for (int calls = 0; calls < 1000; ++calls) tell(TimerFired{});
  EXPECT_LE((g_allocated_bytes - before) / kQueues, kIdleQueueBytesMax + 8) << "and forgotten";
}

}  // namespace
}  // namespace convoy::shard
