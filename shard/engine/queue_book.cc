#include "shard/engine/queue_book.h"

#include <algorithm>

#include "base/check.h"

namespace convoy::shard {

uint64_t QueueBook::HandleOf(StoredRow value) {
  return reinterpret_cast<uint64_t>(new StoredRow(std::move(value)));
}

StoredRow& QueueBook::RowOf(uint64_t handle) { return *reinterpret_cast<StoredRow*>(handle); }

StoredRow QueueBook::TakeRow(uint64_t handle) {
  const std::unique_ptr<StoredRow> owned(reinterpret_cast<StoredRow*>(handle));
  return std::move(*owned);
}

QueueBook::QueueBook(EventLoop& loop, Spool& spool, PolicyBook& policies, uint64_t window_rows_max,
                     Handlers handlers)
    : loop_(loop),
      spool_(spool),
      policies_(policies),
      handlers_(std::move(handlers)),
      budget_(window_rows_max, [](const Row& row) { TakeRow(row.handle); }) {}

QueueBook::~QueueBook() {
  loop_.Cancel(timer_);
  for (const auto& queue : queues_) {
    if (queue != nullptr) queue->window.Evict();
  }
}

template <typename Key>
Key QueueBook::Intern(absl::flat_hash_map<std::string, Key>* names, const std::string& name) {
  const auto next = static_cast<typename Key::Value>(names->size() + 1);
  return names->try_emplace(name, Key(next)).first->second;
}

Queue& QueueBook::Get(QueueId id) {
  if (Queue* found = Find(id)) return *found;
  if (queues_.size() <= id.value()) queues_.resize(id.value() + 1);
  auto queue = std::make_unique<Queue>(id, &budget_);
  const QueueName& name = spool_.NameOf(id);
  queue->domain = name.domain;
  queue->vmta = name.vmta;
  queue->site = policies_.SiteOf(name.domain);
  queue->site_id = Intern(&sites_, queue->site);
  queue->vmta_id = Intern(&vmtas_, name.vmta);
  queue->policy = policies_.PolicyFor(name.domain, name.vmta);
  queue->window.SetCapacity(WindowCapacity(queue->policy->schedule->max_smtp_out));
  queues_[id.value()] = std::move(queue);
  Queue& added = *queues_[id.value()];
  handlers_.added(added);
  return added;
}

Queue* QueueBook::Find(QueueId id) {
  return id.value() < queues_.size() ? queues_[id.value()].get() : nullptr;
}

Queue* QueueBook::Find(std::string_view domain, std::string_view vmta) {
  const auto id = spool_.FindQueue({std::string(domain), std::string(vmta)});
  return id.has_value() ? Find(*id) : nullptr;
}

void QueueBook::HeadChanged(Queue& queue) {
  const uint32_t id = queue.id.value();
  const std::optional<int64_t> head = queue.window.HeadDueMs();
  const auto known = due_of_.find(id);
  if (known != due_of_.end()) {
    if (head.has_value() && known->second == *head) return;
    due_.erase({known->second, id});
    due_of_.erase(known);
  }
  // What is due already is taken by whoever empties the ready list; the timer is for the future.
  if (head.has_value() && *head > loop_.WallNow().unix_ms()) {
    due_.emplace(*head, id);
    due_of_[id] = *head;
  }
  SetTimer();
}

void QueueBook::SetTimer() {
  const int64_t next = due_.empty() ? INT64_MAX : due_.begin()->first;
  if (next == timer_due_ms_) return;
  loop_.Cancel(timer_);
  timer_ = TimerId();
  timer_due_ms_ = next;
  if (next == INT64_MAX) return;
  // Due times are wall time; looking again at least every minute bounds what a jump of it can
  // delay.
  const Duration wait = std::clamp(FromUnixMillis(next) - loop_.WallNow(), Duration{}, Minutes(1));
  timer_ = loop_.CallAfter(wait, [this] { OnTimer(); });
}

void QueueBook::OnTimer() {
  timer_ = TimerId();
  timer_due_ms_ = INT64_MAX;
  const int64_t now_ms = loop_.WallNow().unix_ms();
  std::vector<Queue*> ready;
  while (!due_.empty() && due_.begin()->first <= now_ms) {
    const uint32_t id = due_.begin()->second;
    due_of_.erase(id);
    due_.erase(due_.begin());
    ready.push_back(queues_[id].get());
  }
  for (Queue* queue : ready) handlers_.due(*queue);
  SetTimer();
}

}  // namespace convoy::shard
