// The sender's own record: one JSON line per message, written when its fate is known.
//
// "accepted": the server answered 250 or OK. "refused": it answered no. "unknown": the connection
// was lost after the message had been sent and before the answer; it may or may not be there.
//
// Thread:    thread-safe
#pragma once

#include <cstdint>
#include <cstdio>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace convoy::bench {

enum class Fate { kAccepted, kRefused, kUnknown };

class SourceLedger {
 public:
  // "" keeps only the counts.
  absl::Status Open(const std::string& path);
  ~SourceLedger();

  void Record(Fate fate, std::string_view id, std::string_view rcpt, std::string_view vmta,
              std::string_view answer, int64_t latency_us);

  struct Totals {
    uint64_t accepted = 0;
    uint64_t refused = 0;
    uint64_t unknown = 0;
    int64_t p50_us = 0;
    int64_t p99_us = 0;
  };
  Totals totals() const;

 private:
  mutable std::mutex mutex_;
  std::FILE* file_ = nullptr;
  uint64_t counts_[3] = {0, 0, 0};
  // Answer times in logarithmic buckets: 16 per doubling.
  uint64_t latency_[16 * 40] = {};
};

}  // namespace convoy::bench
