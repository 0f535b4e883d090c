#include "shard/queue/window.h"

#include <algorithm>

#include "base/check.h"
#include "shard/queue/window_active.h"

namespace convoy::shard {

Window::Window(WindowBudget* budget) : budget_(budget) { CHECK(budget != nullptr); }

Window::~Window() {
  if (active_ == nullptr) return;
  EvictDownTo(0);
  budget_->Unlist(this);
}

Window::Active& Window::active() {
  if (active_ == nullptr) active_ = std::make_unique<Active>();
  return *active_;
}

void Window::Settle() {
  if (active_ == nullptr || active_->pending) return;
  if (!active_->rows.empty() || !active_->out.empty()) return;
  budget_->Unlist(this);
  active_.reset();
}

// When the budget runs short every window aims at the minimum.
uint32_t Window::Allowance() const {
  return budget_->tight() ? std::min(capacity_, kWindowRowsMin) : capacity_;
}

void Window::Restore(uint64_t rows, int64_t head_due_ms) {
  CHECK(rows_ == 0 && active_ == nullptr && cursor_ == kRowKeyEnd);
  rows_ = rows;
  if (rows > 0) cursor_ = {head_due_ms, {0, 0}};
}

bool Window::Accepted(const Row& row) {
  ++rows_;
  const bool in_memory = Place(row);
  Settle();
  return in_memory;
}

std::optional<Row> Window::PopDue(int64_t now_ms) {
  if (active_ == nullptr || active_->rows.empty()) return std::nullopt;
  Active& a = *active_;
  const Row row = *a.rows.begin();
  if (row.key.due_ms > now_ms) return std::nullopt;
  a.rows.erase(a.rows.begin());
  budget_->Return(1);
  a.out.insert(row.key.id);
  budget_->Touch(this);
  return row;
}

void Window::Leave(RowId id) {
  CHECK(active_ != nullptr);
  const bool was_out = active_->out.erase(id) == 1;
  CHECK(was_out);
}

bool Window::PutBack(const Row& row) {
  Leave(row.key.id);
  const bool in_memory = Place(row);
  Settle();
  return in_memory;
}

bool Window::Deferred(const Row& row) {
  Leave(row.key.id);
  NoteGone(row.key.id);
  const bool in_memory = Place(row);
  Settle();
  return in_memory;
}

void Window::Done(RowId id) {
  Leave(id);
  NoteGone(id);
  --rows_;
  Settle();
}

void Window::Removed(const RowKey& key) {
  CHECK(rows_ > 0);
  --rows_;
  if (active_ == nullptr) return;
  NoteGone(key.id);
  const auto it = active_->rows.find(Row{key, 0});
  if (it != active_->rows.end()) {
    const Row row = *it;
    active_->rows.erase(it);
    budget_->Return(1);
    budget_->Relist(this);
    budget_->Release(row);
  }
  Settle();
}

void Window::Cleared() {
  VoidRefill();
  if (active_ != nullptr) EvictDownTo(0);
  rows_ = rows_out();
  cursor_ = kRowKeyEnd;
  Settle();
}

void Window::MovedEarlier(int64_t due_ms) {
  VoidRefill();
  const RowKey from{due_ms, {0, 0}};
  // Rows in memory above `from` may be among those that moved: their keys are no longer true.
  if (active_ != nullptr) {
    while (!active_->rows.empty() && active_->rows.rbegin()->key >= from) EvictLast();
    budget_->Relist(this);
  }
  cursor_ = std::min(cursor_, from);
  Settle();
}

void Window::Evict() {
  if (active_ == nullptr) return;
  EvictDownTo(0);
  Settle();
}

bool Window::Place(const Row& row) {
  if (row.key < cursor_) return Insert(row);
  NoteOnDisk(row.key);
  budget_->Release(row);
  return false;
}

// `row` is in the covered range: it enters memory, or the range ends before it.
bool Window::Insert(const Row& row) {
  Active& a = active();
  if (a.rows.size() >= Allowance() || !budget_->Reserve(this)) {
    if (a.rows.empty() || a.rows.rbegin()->key < row.key) {
      cursor_ = row.key;
      NoteOnDisk(row.key);
      budget_->Release(row);
      return false;
    }
    EvictLast();
    const bool reserved = budget_->Reserve(this);
    CHECK(reserved);
  }
  if (!a.rows.insert(row).second) {
    budget_->Return(1);
    budget_->Release(row);
    return true;
  }
  budget_->Touch(this);
  return true;
}

void Window::EvictLast() {
  Active& a = *active_;
  const auto last = std::prev(a.rows.end());
  const Row row = *last;
  a.rows.erase(last);
  budget_->Return(1);
  cursor_ = row.key;
  NoteOnDisk(row.key);
  budget_->Release(row);
}

void Window::EvictDownTo(uint64_t rows) {
  while (active_->rows.size() > rows) EvictLast();
  budget_->Relist(this);
}

void Window::NoteOnDisk(const RowKey& key) {
  if (refill_pending()) active_->on_disk_since = std::min(active_->on_disk_since, key);
}

void Window::NoteGone(RowId id) {
  if (refill_pending()) active_->gone.insert(id);
}

bool Window::NeedsRefill(int64_t now_ms) const {
  if (cursor_ == kRowKeyEnd || cursor_.due_ms > now_ms || refill_pending()) return false;
  return rows_in_memory() <= Allowance() / 2;
}

Window::Refill Window::BeginRefill() {
  CHECK(!refill_pending());
  Active& a = active();
  a.pending = true;
  a.on_disk_since = kRowKeyEnd;
  const uint64_t room = Allowance() > a.rows.size() ? Allowance() - a.rows.size() : 1;
  return {cursor_, static_cast<uint32_t>(room), ++epoch_};
}

void Window::VoidRefill() {
  if (!refill_pending()) return;
  ++epoch_;
  EndRefill();
}

void Window::EndRefill() {
  active_->pending = false;
  active_->on_disk_since = kRowKeyEnd;
  active_->gone = {};
}

void Window::OnRefilled(const Refill& refill, const std::vector<Row>& rows, bool reached_end) {
  if (refill.epoch != epoch_ || !refill_pending()) {
    for (const Row& row : rows) budget_->Release(row);
    return;
  }
  Active& a = *active_;
  const RowKey read_to = reached_end    ? kRowKeyEnd
                         : rows.empty() ? refill.from
                                        : NextKey(rows.back().key);
  cursor_ = std::min(read_to, a.on_disk_since);
  const absl::flat_hash_set<RowId> gone = std::move(a.gone);
  EndRefill();
  for (const Row& row : rows) {
    CHECK(row.key >= refill.from);
    if (row.key >= cursor_ || a.out.contains(row.key.id) || gone.contains(row.key.id)) {
      budget_->Release(row);
    } else {
      Insert(row);
    }
  }
  Settle();
}

void Window::OnRefillFailed(const Refill& refill) {
  if (refill.epoch != epoch_ || !refill_pending()) return;
  EndRefill();
  Settle();
}

std::optional<int64_t> Window::HeadDueMs() const {
  if (active_ != nullptr && !active_->rows.empty()) return active_->rows.begin()->key.due_ms;
  if (cursor_ == kRowKeyEnd) return std::nullopt;
  return cursor_.due_ms;
}

void Window::SetCapacity(uint32_t rows) {
  capacity_ = std::clamp(rows, 1u, kWindowRowsMax);
  if (active_ == nullptr) return;
  EvictDownTo(capacity_);
  Settle();
}

uint64_t Window::rows_in_memory() const { return active_ == nullptr ? 0 : active_->rows.size(); }
uint64_t Window::rows_out() const { return active_ == nullptr ? 0 : active_->out.size(); }
bool Window::refill_pending() const { return active_ != nullptr && active_->pending; }

}  // namespace convoy::shard
