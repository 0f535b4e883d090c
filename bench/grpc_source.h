// One gRPC stream of the load source (Submission.SubmitStream), with a window of unanswered
// messages.
//
// A lost stream gives every unanswered message the fate "unknown"; with idempotency keys they are
// sent again, with the same key, until answered, so that nothing stays unknown.
//
// Thread:    one thread per stream
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bench/source_ledger.h"
#include "bench/source_plan.h"

namespace convoy::bench {

struct GrpcSourceOptions {
  std::string server;  // HOST:PORT
  uint64_t window = 64;
  bool idempotency_keys = false;
  int64_t patience_s = 10;  // how long a server may be away
};

void RunGrpcSource(const GrpcSourceOptions& options, const SourcePlan& plan, SourceLedger& ledger,
                   const std::function<std::optional<uint64_t>()>& next);

}  // namespace convoy::bench
