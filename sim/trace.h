// What happened in a run, as one number: the same seed must give the same.
//
// Limits:    kTailMax last lines are kept, to be shown when an invariant breaks
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>

#include "base/stable_hash.h"
#include "base/text.h"
#include "runtime/event_loop.h"

namespace convoy::sim {

class Trace {
 public:
  static constexpr size_t kTailMax = 40;

  Trace(const EventLoop& loop, bool verbose) : loop_(loop), verbose_(verbose) {}

  template <typename... Pieces>
  void Note(const Pieces&... pieces) {
    std::string line = Cat(loop_.MonoNow().us, ' ', pieces...);
    hash_ = (hash_ ^ StableHash(line)) * 0x9e3779b97f4a7c15ull;
    ++lines_;
    if (verbose_) std::fprintf(stderr, "%s\n", line.c_str());
    tail_.push_back(std::move(line));
    if (tail_.size() > kTailMax) tail_.pop_front();
  }
  uint64_t hash() const { return hash_; }
  uint64_t lines() const { return lines_; }
  const std::deque<std::string>& tail() const { return tail_; }

 private:
  const EventLoop& loop_;
  const bool verbose_;
  uint64_t hash_ = 0x243f6a8885a308d3ull;
  uint64_t lines_ = 0;
  std::deque<std::string> tail_;
};

}  // namespace convoy::sim
