#include "shard/queue/window.h"

#include <gtest/gtest.h>

#include <vector>

namespace convoy::shard {
namespace {

constexpr size_t kWindowIdleBytes = 64;
static_assert(sizeof(Window) <= kWindowIdleBytes);

class WindowTest : public testing::Test {
 protected:
  static Row At(int64_t due_ms, uint64_t seq) { return {{due_ms, {seq, 0}}, seq}; }
  std::vector<uint64_t> Drain(Window* window, int64_t now_ms) {
    std::vector<uint64_t> seqs;
    while (const std::optional<Row> row = window->PopDue(now_ms)) {
      seqs.push_back(row->key.id.seq);
      window->Done(row->key.id);
    }
    return seqs;
  }

  std::vector<uint64_t> released_;
  WindowBudget budget_{100, [this](const Row& row) { released_.push_back(row.handle); }};
};

TEST_F(WindowTest, NewMailGoesStraightIntoMemoryInOrder) {
  Window window(&budget_);
  EXPECT_TRUE(window.Accepted(At(20, 2)));
  EXPECT_TRUE(window.Accepted(At(10, 3)));
  EXPECT_TRUE(window.Accepted(At(20, 1)));
  EXPECT_EQ(window.HeadDueMs(), 10);
  EXPECT_FALSE(window.NeedsRefill(1000));
  EXPECT_EQ(Drain(&window, 15), (std::vector<uint64_t>{3}));
  EXPECT_EQ(Drain(&window, 20), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(window.HeadDueMs(), std::nullopt);
  EXPECT_TRUE(released_.empty());
}

TEST_F(WindowTest, BeyondItsCapacityRowsAreOnlyCounted) {
  Window window(&budget_);
  window.SetCapacity(2);
  EXPECT_TRUE(window.Accepted(At(1, 1)));
  EXPECT_TRUE(window.Accepted(At(1, 2)));
  EXPECT_FALSE(window.Accepted(At(1, 3)));
  EXPECT_FALSE(window.Accepted(At(1, 4)));
  EXPECT_EQ(released_, (std::vector<uint64_t>{3, 4}));
  EXPECT_EQ(window.cursor(), At(1, 3).key);
  EXPECT_EQ(window.rows_on_disk_only(), 2u);
  EXPECT_FALSE(window.NeedsRefill(1)) << "more than half full";
  EXPECT_EQ(window.PopDue(1)->key.id.seq, 1u);
  ASSERT_TRUE(window.NeedsRefill(1));
  const Window::Refill refill = window.BeginRefill();
  EXPECT_EQ(refill.from, At(1, 3).key);
  EXPECT_EQ(refill.limit, 1u);
  window.OnRefilled(refill, {At(1, 3)}, false);
  EXPECT_EQ(window.rows_in_memory(), 2u);
  EXPECT_EQ(window.cursor(), NextKey(At(1, 3).key));
}

TEST_F(WindowTest, AnEarlierRowPushesTheLastOneOut) {
  Window window(&budget_);
  window.SetCapacity(1);
  EXPECT_TRUE(window.Accepted(At(50, 1)));
  EXPECT_TRUE(window.Accepted(At(40, 2)));
  EXPECT_EQ(released_, (std::vector<uint64_t>{1}));
  EXPECT_EQ(window.cursor(), At(50, 1).key);
}

TEST_F(WindowTest, RowCommittedDuringAReadIsReadLater) {
  Window window(&budget_);
  window.Restore(1, 5);
  EXPECT_EQ(window.HeadDueMs(), 5);
  const Window::Refill refill = window.BeginRefill();
  EXPECT_FALSE(window.Accepted(At(7, 2)));
  window.OnRefilled(refill, {At(6, 1)}, /*reached_end=*/true);
  EXPECT_EQ(window.cursor(), At(7, 2).key) << "the read did not see it";
  EXPECT_EQ(Drain(&window, 100), (std::vector<uint64_t>{1}));
  EXPECT_TRUE(window.NeedsRefill(100));
}

TEST_F(WindowTest, RowSettledDuringAReadDoesNotComeBack) {
  Window window(&budget_);
  window.SetCapacity(1);
  window.Accepted(At(1, 1));
  const std::optional<Row> row = window.PopDue(1);
  window.Accepted(At(3, 2));
  window.Accepted(At(0, 3));  // pushes 2 out: the cursor comes down
  window.MovedEarlier(0);     // and down to 0, below the row that is out
  const Window::Refill refill = window.BeginRefill();
  window.Done(row->key.id);
  window.OnRefilled(refill, {At(0, 3), At(1, 1)}, false);
  EXPECT_EQ(Drain(&window, 1), (std::vector<uint64_t>{3}));
}

TEST_F(WindowTest, MovedEarlierVoidsAReadUnderWay) {
  Window window(&budget_);
  window.Restore(2, 100);
  const Window::Refill refill = window.BeginRefill();
  window.MovedEarlier(10);
  EXPECT_EQ(window.HeadDueMs(), 10);
  window.OnRefilled(refill, {At(100, 1), At(200, 2)}, true);
  EXPECT_EQ(window.rows_in_memory(), 0u);
  EXPECT_EQ(released_.size(), 2u);
  EXPECT_TRUE(window.NeedsRefill(10));
}

TEST_F(WindowTest, FailedReadChangesNothing) {
  Window window(&budget_);
  window.Restore(1, 5);
  window.OnRefillFailed(window.BeginRefill());
  EXPECT_TRUE(window.NeedsRefill(5));
  EXPECT_FALSE(window.NeedsRefill(4)) << "nothing is due before";
}

TEST_F(WindowTest, DeferredStaysInMemoryOnlyInsideTheCoveredRange) {
  Window window(&budget_);
  window.SetCapacity(2);
  for (uint64_t seq = 1; seq <= 4; ++seq) window.Accepted(At(10, seq));
  const Row row = *window.PopDue(10);
  EXPECT_FALSE(window.Deferred(At(99, row.key.id.seq))) << "above the cursor";
  const Row next = *window.PopDue(10);
  EXPECT_TRUE(window.Deferred(At(9, next.key.id.seq))) << "below it";
  EXPECT_EQ(window.rows(), 4u);
}

TEST_F(WindowTest, BudgetTakesFromTheWindowUnusedForLongest) {
  Window first(&budget_);
  Window second(&budget_);
  Window third(&budget_);
  for (Window* w : {&first, &second, &third}) w->SetCapacity(80);
  for (uint64_t seq = 1; seq <= 80; ++seq) first.Accepted(At(1, seq));
  for (uint64_t seq = 1; seq <= 80; ++seq) second.Accepted(At(1, seq));
  EXPECT_EQ(first.rows_in_memory(), 80u);
  EXPECT_EQ(second.rows_in_memory(), kWindowRowsMin) << "no more while the budget is tight";
  for (uint64_t seq = 1; seq <= 80; ++seq) third.Accepted(At(1, seq));
  EXPECT_EQ(first.rows_in_memory(), kWindowRowsMin) << "the oldest shrinks, but is not emptied";
  EXPECT_GT(third.rows_in_memory(), kWindowRowsMin);
  EXPECT_LE(budget_.rows_used(), budget_.rows_max());
  EXPECT_GT(budget_.rows_evicted_total(), 0u);
}

TEST_F(WindowTest, AWindowAloneInATinyBudgetStillMoves) {
  WindowBudget tiny(1, [](const Row&) {});
  Window a(&tiny);
  Window b(&tiny);
  EXPECT_TRUE(a.Accepted(At(1, 1)));
  EXPECT_TRUE(b.Accepted(At(1, 2))) << "a gives way";
  EXPECT_EQ(a.rows_in_memory(), 0u);
  EXPECT_TRUE(a.NeedsRefill(1));
  EXPECT_EQ(b.PopDue(1)->key.id.seq, 2u);
  a.OnRefilled(a.BeginRefill(), {At(1, 1)}, true);
  EXPECT_EQ(a.PopDue(1)->key.id.seq, 1u);
}

TEST_F(WindowTest, ClearedKeepsOnlyWhatIsOut) {
  Window window(&budget_);
  window.Accepted(At(1, 1));
  window.Accepted(At(1, 2));
  const Row out = *window.PopDue(1);
  window.Cleared();
  EXPECT_EQ(window.rows(), 1u);
  EXPECT_EQ(window.HeadDueMs(), std::nullopt);
  window.Done(out.key.id);
  EXPECT_EQ(window.rows(), 0u);
}

TEST_F(WindowTest, CapacityFollowsConnections) {
  EXPECT_EQ(WindowCapacity(0), kWindowRowsMin);
  EXPECT_EQ(WindowCapacity(20), 320u);
  EXPECT_EQ(WindowCapacity(1'000'000), kWindowRowsMax);
}

}  // namespace
}  // namespace convoy::shard
