// A binary heap of pointers whose elements know their place, so that any of them can be removed.
//
// `Order` is a function object over `const T*`: operator()(a, b) is true if a comes first (total,
// so that the order is the same in every run), and Order::Position(t) is the place stored in the
// element. An element is in at most one heap of those that share its place.
//
// Determinism: pure
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/check.h"

namespace convoy::shard {

constexpr uint32_t kNotInHeap = UINT32_MAX;

template <typename T, typename Order>
class IndexedHeap {
 public:
  explicit IndexedHeap(Order order = Order()) : order_(order) {}

  bool empty() const { return items_.empty(); }
  size_t size() const { return items_.size(); }
  T* top() const { return items_.front(); }

  void Push(T* item) {
    CHECK(Order::Position(item) == kNotInHeap);
    items_.push_back(item);
    SiftUp(items_.size() - 1);
  }

  void Remove(T* item) {
    const size_t at = Order::Position(item);
    CHECK(at < items_.size() && items_[at] == item);
    T* const last = items_.back();
    items_.pop_back();
    Order::Position(item) = kNotInHeap;
    if (last != item) {
      items_[at] = last;
      SiftUp(at);
      SiftDown(Order::Position(last));
    }
    if (items_.empty()) items_ = {};  // an idle gate holds no memory
  }

 private:
  void Put(T* item, size_t at) {
    items_[at] = item;
    Order::Position(item) = static_cast<uint32_t>(at);
  }

  void SiftUp(size_t at) {
    T* const item = items_[at];
    while (at > 0 && order_(item, items_[(at - 1) / 2])) {
      Put(items_[(at - 1) / 2], at);
      at = (at - 1) / 2;
    }
    Put(item, at);
  }

  void SiftDown(size_t at) {
    T* const item = items_[at];
    for (size_t child = 2 * at + 1; child < items_.size(); child = 2 * at + 1) {
      if (child + 1 < items_.size() && order_(items_[child + 1], items_[child])) ++child;
      if (!order_(items_[child], item)) break;
      Put(items_[child], at);
      at = child;
    }
    Put(item, at);
  }

  [[no_unique_address]] Order order_;
  std::vector<T*> items_;
};

}  // namespace convoy::shard
