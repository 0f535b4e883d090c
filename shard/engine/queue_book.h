// All queues of this shard, and one timer for the next row that comes due in any of them.
//
// A queue is made when its first row is accepted, and known to the scheduler from then on.
//
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "runtime/event_loop.h"
#include "shard/engine/policy_book.h"
#include "shard/engine/queue.h"
#include "shard/queue/window_budget.h"
#include "shard/spool/spool.h"

namespace convoy::shard {

class QueueBook {
 public:
  // `added` is told of each new queue, `due` of each queue whose head row has come due.
  struct Handlers {
    std::function<void(Queue&)> added;
    std::function<void(Queue&)> due;
  };
  QueueBook(EventLoop& loop, Spool& spool, PolicyBook& policies, uint64_t window_rows_max,
            Handlers handlers);
  ~QueueBook();

  // Made if it is new.
  Queue& Get(QueueId id);
  Queue* Find(QueueId id);
  Queue* Find(std::string_view domain, std::string_view vmta);
  // In the order of their ids.
  const std::vector<std::unique_ptr<Queue>>& all() const { return queues_; }
  size_t size() const { return queues_.size(); }

  // The head of this queue's window may have changed: looks when to look again.
  void HeadChanged(Queue& queue);
  const WindowBudget& budget() const { return budget_; }

  static uint64_t HandleOf(StoredRow value);
  static StoredRow& RowOf(uint64_t handle);
  static StoredRow TakeRow(uint64_t handle);

 private:
  template <typename Key>
  Key Intern(absl::flat_hash_map<std::string, Key>* names, const std::string& name);
  void SetTimer();
  void OnTimer();

  EventLoop& loop_;
  Spool& spool_;
  PolicyBook& policies_;
  const Handlers handlers_;
  WindowBudget budget_;
  std::vector<std::unique_ptr<Queue>> queues_;  // index: QueueId; null: none yet
  absl::flat_hash_map<std::string, SiteId> sites_;
  absl::flat_hash_map<std::string, VmtaId> vmtas_;

  absl::btree_set<std::pair<int64_t, uint32_t>> due_;  // (due_ms, queue)
  absl::flat_hash_map<uint32_t, int64_t> due_of_;      // queue -> its entry in due_
  TimerId timer_;
  int64_t timer_due_ms_ = INT64_MAX;
};

}  // namespace convoy::shard
