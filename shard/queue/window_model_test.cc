// Random operations on several windows that share a budget, against maps that play the disk.
//
// A commit reaches the map at once and the window only when its notice is handled; a read takes its
// snapshot at some moment and arrives later. So every interleaving of the header's rules is met.
// After each step the invariant of window.h is checked for every row, and at the end every row has
// been attempted to its end.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "base/rng.h"
#include "shard/queue/window.h"

namespace convoy::shard {
namespace {

// One queue: its window, its disk, and what was said to the window.
struct ModelQueue {
  std::unique_ptr<Window> window;
  std::map<RowKey, int> disk;
  std::map<RowId, RowKey> told;             // rows the window knows of
  std::map<RowId, Row> out;                 // popped, no commit started
  std::set<RowId> committing;               // popped, outcome on disk, notice not handled
  std::deque<std::function<void()>> reads;  // asked for, snapshot not taken
};

class WindowModel {
 public:
  WindowModel(uint64_t seed, uint64_t budget_rows, int queues)
      : rng_(seed), budget_(budget_rows, [this](const Row& row) { OnReleased(row); }) {
    for (int i = 0; i < queues; ++i) {
      queues_.emplace_back();
      queues_.back().window = std::make_unique<Window>(&budget_);
    }
  }
  ~WindowModel() {
    for (ModelQueue& q : queues_) q.window.reset();
    EXPECT_TRUE(memory_.empty());
  }

  void Run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) {
      now_ms_ += static_cast<int64_t>(rng_.Below(3));
      RandomStep(&queues_[rng_.Below(queues_.size())]);
      Check();
    }
    // No more mail: everything must come to its end, each row once.
    for (int i = 0; i < 400000 && !Empty() && !testing::Test::HasFatalFailure(); ++i) {
      now_ms_ += 5;
      for (ModelQueue& q : queues_) Drain(&q);
      if (i % 16 == 0) Check();
    }
    EXPECT_TRUE(Empty()) << "a row was forgotten";
    EXPECT_EQ(done_, accepted_);
  }

 private:
  Row NewRow(const RowKey& key, ModelQueue* q) {
    const Row row{key, ++last_handle_};
    memory_[row.handle] = {q, key};
    return row;
  }
  void OnReleased(const Row& row) {
    ASSERT_EQ(memory_.count(row.handle), 1u) << "released twice, or after it was popped";
    memory_.erase(row.handle);
  }
  // The window took the row or has released it.
  void Expect(bool in_memory, const Row& row) {
    ASSERT_EQ(in_memory, memory_.count(row.handle) == 1);
  }
  int64_t SomeDue() {
    return rng_.Chance(0.5) ? now_ms_ : now_ms_ + static_cast<int64_t>(rng_.Below(400));
  }

  void RandomStep(ModelQueue* q) {
    const uint64_t kind = rng_.Below(100);
    if (kind < arrivals_) return Accept(q);
    if (kind < 30) return HandleNotice();
    if (kind < 55) return Pop(q);
    if (kind < 75) return Settle(q);
    if (kind < 80) return AskForRead(q);
    if (kind < 85) return TakeSnapshot(q);
    if (kind < 95) return HandleNotice();
    if (kind < 96) return RemoveOne(q);
    if (kind < 97) return MoveEarlier(q);
    if (kind < 98) return q->window->SetCapacity(static_cast<uint32_t>(1 + rng_.Below(40)));
    if (kind < 99) return q->window->Evict();
    return ClearSome(q);
  }
  void Drain(ModelQueue* q) {
    Pop(q);
    Settle(q);
    AskForRead(q);
    TakeSnapshot(q);
    HandleNotice();
  }

  void Accept(ModelQueue* q) {
    const RowKey key{SomeDue(), {++last_seq_, static_cast<uint16_t>(rng_.Below(3))}};
    q->disk[key] = 1;
    ++accepted_;
    notices_.push_back([this, q, key] {
      q->told[key.id] = key;
      const Row row = NewRow(key, q);
      const bool in_memory = q->window->Accepted(row);
      Expect(in_memory, row);
    });
  }

  void Pop(ModelQueue* q) {
    const std::optional<Row> row = q->window->PopDue(now_ms_);
    if (!row.has_value()) return;
    ASSERT_LE(row->key.due_ms, now_ms_);
    ASSERT_EQ(q->disk.count(row->key), 1u) << "a row that is no longer on disk";
    ASSERT_EQ(q->out.count(row->key.id) + q->committing.count(row->key.id), 0u) << "popped twice";
    ASSERT_EQ(memory_.erase(row->handle), 1u);
    for (const auto& [id, key] : q->told) {
      if (q->out.count(id) == 0 && q->committing.count(id) == 0)
        ASSERT_GE(key, row->key) << "order";
    }
    q->out[row->key.id] = *row;
  }

  // An out row comes to something.
  void Settle(ModelQueue* q) {
    if (q->out.empty()) return;
    auto it = q->out.begin();
    std::advance(it, static_cast<int64_t>(rng_.Below(q->out.size())));
    const Row row = it->second;
    q->out.erase(it);
    const uint64_t kind = rng_.Below(10);
    if (kind < 2) {
      const Row back = NewRow(row.key, q);
      const bool in_memory = q->window->PutBack(back);
      Expect(in_memory, back);
      return;
    }
    q->disk.erase(row.key);
    q->committing.insert(row.key.id);
    if (kind < 7) {
      notices_.push_back([this, q, id = row.key.id] {
        q->committing.erase(id);
        q->told.erase(id);
        q->window->Done(id);
        ++done_;
      });
      return;
    }
    const RowKey key{SomeDue() + 1, row.key.id};
    q->disk[key] = 1;
    notices_.push_back([this, q, key] {
      q->committing.erase(key.id);
      q->told[key.id] = key;
      const Row deferred = NewRow(key, q);
      const bool in_memory = q->window->Deferred(deferred);
      Expect(in_memory, deferred);
    });
  }

  void AskForRead(ModelQueue* q) {
    if (!q->window->NeedsRefill(now_ms_)) return;
    const Window::Refill refill = q->window->BeginRefill();
    ASSERT_GT(refill.limit, 0u);
    q->reads.push_back([this, q, refill] { Read(q, refill); });
  }
  void TakeSnapshot(ModelQueue* q) {
    if (q->reads.empty()) return;
    q->reads.front()();
    q->reads.pop_front();
  }
  void Read(ModelQueue* q, const Window::Refill& refill) {
    std::vector<RowKey> keys;
    auto it = q->disk.lower_bound(refill.from);
    for (; it != q->disk.end() && keys.size() < refill.limit; ++it) keys.push_back(it->first);
    const bool reached_end = it == q->disk.end();
    const bool failed = rng_.Chance(0.1);
    notices_.push_back([this, q, refill, keys, reached_end, failed] {
      if (failed) return q->window->OnRefillFailed(refill);
      std::vector<Row> rows;
      for (const RowKey& key : keys) rows.push_back(NewRow(key, q));
      q->window->OnRefilled(refill, rows, reached_end);
    });
  }
  void HandleNotice() {
    if (notices_.empty()) return;
    const std::function<void()> notice = std::move(notices_.front());
    notices_.pop_front();
    notice();
  }

  bool Settled(const ModelQueue& q, RowId id) const {
    return q.told.count(id) == 1 && q.out.count(id) == 0 && q.committing.count(id) == 0;
  }
  void RemoveOne(ModelQueue* q) {
    if (q->disk.empty()) return;
    auto it = q->disk.begin();
    std::advance(it, static_cast<int64_t>(rng_.Below(q->disk.size())));
    const RowKey key = it->first;
    if (!Settled(*q, key.id)) return;
    q->disk.erase(it);
    q->told.erase(key.id);
    q->window->Removed(key);
    ++done_;
  }
  void MoveEarlier(ModelQueue* q) {
    if (q->disk.empty()) return;
    auto some = q->disk.begin();
    std::advance(some, static_cast<int64_t>(rng_.Below(q->disk.size())));
    const int64_t due = std::min(now_ms_, some->first.due_ms) - static_cast<int64_t>(rng_.Below(3));
    std::vector<RowKey> moved;
    for (const auto& [key, unused] : q->disk) {
      if (key.due_ms > due && Settled(*q, key.id) && rng_.Chance(0.7)) moved.push_back(key);
    }
    for (const RowKey& key : moved) {
      q->disk.erase(key);
      const RowKey earlier{due, key.id};
      q->disk[earlier] = 1;
      q->told[key.id] = earlier;
    }
    q->window->MovedEarlier(due);
  }
  void ClearSome(ModelQueue* q) {
    if (!rng_.Chance(0.3)) return;
    for (auto it = q->disk.begin(); it != q->disk.end();) {
      const RowKey key = it->first;
      if (!Settled(*q, key.id)) {
        ++it;
        continue;
      }
      it = q->disk.erase(it);
      q->told.erase(key.id);
      ++done_;
    }
    q->window->Cleared();
  }

  void Check() {
    std::map<ModelQueue*, std::map<RowId, RowKey>> in_memory;
    for (const auto& [handle, where] : memory_) {
      const bool once = in_memory[where.first].emplace(where.second.id, where.second).second;
      ASSERT_TRUE(once) << "a row is in memory twice";
    }
    uint64_t rows = 0;
    for (ModelQueue& q : queues_) {
      const auto& memory = in_memory[&q];
      for (const auto& [id, key] : q.told) {
        if (!Settled(q, id)) {
          ASSERT_EQ(memory.count(id), 0u) << "an out row is in memory";
        } else if (key < q.window->cursor()) {
          ASSERT_EQ(memory.count(id), 1u) << "a row of the covered range is missing";
          ASSERT_EQ(memory.at(id), key);
        } else {
          ASSERT_EQ(memory.count(id), 0u) << "a row above the cursor is in memory";
        }
      }
      ASSERT_EQ(q.window->rows(), q.told.size());
      ASSERT_EQ(q.window->rows_in_memory(), memory.size());
      ASSERT_EQ(q.window->rows_out(), q.out.size() + q.committing.size());
      rows += memory.size();
    }
    ASSERT_EQ(budget_.rows_used(), rows);
    ASSERT_LE(rows, budget_.rows_max());
  }

  bool Empty() const {
    for (const ModelQueue& q : queues_) {
      if (!q.disk.empty() || !q.told.empty()) return false;
    }
    return notices_.empty();
  }

  Rng rng_;
  WindowBudget budget_;
  std::deque<ModelQueue> queues_;
  std::map<uint64_t, std::pair<ModelQueue*, RowKey>> memory_;  // by handle
  std::deque<std::function<void()>> notices_;     // in the order of their commits and reads
  const uint64_t arrivals_ = 8 + rng_.Below(23);  // of 100 steps
  int64_t now_ms_ = 1'000'000;
  uint64_t last_seq_ = 0;
  uint64_t last_handle_ = 0;
  uint64_t accepted_ = 0;
  uint64_t done_ = 0;
};

class WindowModelTest : public testing::TestWithParam<uint64_t> {};

TEST_P(WindowModelTest, InvariantHoldsAndNoRowIsLostOrTakenTwice) {
  for (uint64_t i = 0; i < 12; ++i) {
    SCOPED_TRACE(testing::Message() << "seed " << GetParam() * 1000 + i);
    WindowModel model(GetParam() * 1000 + i, /*budget_rows=*/4 + 20 * i, /*queues=*/1 + int(i % 4));
    model.Run(2000);
    if (HasFatalFailure()) return;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, WindowModelTest, testing::Range(uint64_t{1}, uint64_t{17}));

}  // namespace
}  // namespace convoy::shard
