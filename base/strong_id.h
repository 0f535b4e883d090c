// Integer ids that do not mix: `struct QueueIdTag; using QueueId = StrongId<QueueIdTag, uint32_t>;`
//
// Determinism: pure
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace convoy {

template <typename Tag, typename Int>
class StrongId {
 public:
  using Value = Int;
  constexpr StrongId() = default;
  constexpr explicit StrongId(Int value) : value_(value) {}
  constexpr Int value() const { return value_; }
  constexpr auto operator<=>(const StrongId&) const = default;

  template <typename H>
  friend H AbslHashValue(H h, StrongId id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  Int value_{};
};

}  // namespace convoy

template <typename Tag, typename Int>
struct std::hash<convoy::StrongId<Tag, Int>> {
  size_t operator()(convoy::StrongId<Tag, Int> id) const noexcept {
    return std::hash<Int>()(id.value());
  }
};
