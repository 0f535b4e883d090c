#include "shard/queue/window_budget.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "shard/queue/window.h"
#include "shard/queue/window_active.h"

namespace convoy::shard {

namespace {
constexpr uint32_t kRowsPerConnection = 16;
}  // namespace

uint32_t WindowCapacity(uint32_t connections) {
  const uint64_t rows = uint64_t{connections} * kRowsPerConnection;
  return static_cast<uint32_t>(std::clamp<uint64_t>(rows, kWindowRowsMin, kWindowRowsMax));
}

WindowBudget::WindowBudget(uint64_t rows_max, std::function<void(const Row&)> release)
    : rows_max_(rows_max), release_(std::move(release)) {
  CHECK(rows_max > 0 && release_ != nullptr);
}

WindowBudget::~WindowBudget() { CHECK(rows_used_ == 0); }

bool WindowBudget::Reserve(Window* asking) {
  if (rows_used_ >= rows_max_ && !Reclaim(asking)) return false;
  ++rows_used_;
  return true;
}

bool WindowBudget::Reclaim(Window* asking) {
  for (Lru* lru : {&large_, &small_}) {
    Window* victim = lru->oldest;
    if (victim == asking) victim = victim->active_->newer;
    if (victim == nullptr) continue;
    const uint64_t before = rows_used_;
    victim->EvictDownTo(lru == &large_ ? kWindowRowsMin : 0);
    Relist(victim);
    victim->Settle();
    rows_evicted_total_ += before - rows_used_;
    return rows_used_ < rows_max_;
  }
  return false;
}

void WindowBudget::Append(Lru* lru, Window* window) {
  Window::Active& a = *window->active_;
  a.lru = lru;
  a.older = lru->newest;
  a.newer = nullptr;
  (lru->newest != nullptr ? lru->newest->active_->newer : lru->oldest) = window;
  lru->newest = window;
}

void WindowBudget::Unlist(Window* window) {
  Window::Active& a = *window->active_;
  if (a.lru == nullptr) return;
  (a.older != nullptr ? a.older->active_->newer : a.lru->oldest) = a.newer;
  (a.newer != nullptr ? a.newer->active_->older : a.lru->newest) = a.older;
  a.lru = nullptr;
}

void WindowBudget::Touch(Window* window) {
  Unlist(window);
  Relist(window);
}

void WindowBudget::Relist(Window* window) {
  Window::Active& a = *window->active_;
  Lru* const lru = a.rows.empty() ? nullptr : a.rows.size() > kWindowRowsMin ? &large_ : &small_;
  if (lru == a.lru) return;
  Unlist(window);
  if (lru != nullptr) Append(lru, window);
}

}  // namespace convoy::shard
