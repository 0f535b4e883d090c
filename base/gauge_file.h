// A few counters in a memory-mapped file: readable from outside, also after the process was killed.
//
// A crash leaves in it what was in flight at that instant (the page cache survives kill -9), which
// is how a test or an operator learns what a crash may have duplicated. It is evidence, never
// input: nothing is recovered from it.
//
//     "CONVOYG1" | u64 little-endian x kGaugeCount, in the order of enum Gauge
//
// Errors:    Open: the file cannot be made or mapped
// Thread:    one writer; readers see each value whole
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace convoy {

enum class Gauge : uint32_t {
  kUnanswered,  // accepted for committing, client not yet answered: messages
  kInFlight,    // attempts with MAIL written and no outcome
  kPastDot,  // of these, the final dot is sent and the outcome is not on disk: the duplicate window
  kOutcomes,  // outcomes given by a peer whose commit is under way
  kCount,
};

class GaugeFile {
 public:
  // Truncates an old one.
  static absl::StatusOr<std::unique_ptr<GaugeFile>> Open(const std::string& path);
  ~GaugeFile();
  GaugeFile(const GaugeFile&) = delete;
  GaugeFile& operator=(const GaugeFile&) = delete;

  void Add(Gauge gauge, int64_t delta) {
    slots_[static_cast<size_t>(gauge)].fetch_add(static_cast<uint64_t>(delta),
                                                 std::memory_order_relaxed);
  }
  uint64_t Get(Gauge gauge) const {
    return slots_[static_cast<size_t>(gauge)].load(std::memory_order_relaxed);
  }

 private:
  explicit GaugeFile(std::atomic<uint64_t>* slots) : slots_(slots) {}
  std::atomic<uint64_t>* const slots_;
};

}  // namespace convoy
