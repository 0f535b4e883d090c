#include "bench/source_ledger.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace convoy::bench {
namespace {

constexpr const char* kFateNames[] = {"accepted", "refused", "unknown"};

size_t BucketOf(int64_t us) {
  const double log2 = std::log2(static_cast<double>(std::max<int64_t>(1, us)));
  return std::min<size_t>(16 * 40 - 1, static_cast<size_t>(log2 * 16));
}

}  // namespace

absl::Status SourceLedger::Open(const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  file_ = std::fopen(path.c_str(), "ae");
  if (file_ == nullptr) {
    return absl::NotFoundError(Cat("--ledger ", path, ": ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

SourceLedger::~SourceLedger() {
  if (file_ != nullptr) std::fclose(file_);
}

void SourceLedger::Record(Fate fate, std::string_view id, std::string_view rcpt,
                          std::string_view vmta, std::string_view answer, int64_t latency_us) {
  std::string line;
  if (file_ != nullptr) {
    const nlohmann::json json = {{"fate", kFateNames[static_cast<int>(fate)]},
                                 {"id", id},
                                 {"rcpt", rcpt},
                                 {"vmta", vmta},
                                 {"answer", answer}};
    line = json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
  }
  const std::lock_guard lock(mutex_);
  ++counts_[static_cast<int>(fate)];
  if (fate == Fate::kAccepted) ++latency_[BucketOf(latency_us)];
  if (file_ != nullptr) {
    std::fwrite(line.data(), 1, line.size(), file_);
    std::fflush(file_);
  }
}

SourceLedger::Totals SourceLedger::totals() const {
  const std::lock_guard lock(mutex_);
  Totals totals{counts_[0], counts_[1], counts_[2], 0, 0};
  uint64_t seen = 0;
  for (size_t i = 0; i < std::size(latency_); ++i) {
    seen += latency_[i];
    const auto us = static_cast<int64_t>(std::exp2(static_cast<double>(i + 1) / 16));
    if (totals.p50_us == 0 && seen * 2 >= counts_[0] && seen > 0) totals.p50_us = us;
    if (totals.p99_us == 0 && seen * 100 >= counts_[0] * 99 && seen > 0) totals.p99_us = us;
  }
  return totals;
}

}  // namespace convoy::bench
