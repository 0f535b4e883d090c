// Runs seeds, each in a process of its own: a crash is a result, and what a killed shard leaves
// behind goes with the process.
//
// With `twice` each seed is run again over a heap that was laid out differently; both must give the
// same trace.
//
// Limits:    jobs processes at a time
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "sim/scenario.h"

namespace convoy::sim {

struct RunPlan {
  Scenario scenario;
  uint64_t seed_from = 1;
  uint64_t seeds = 1;
  bool twice = false;
  bool verbose = false;
  int jobs = 2;
  bool hostile = false;  // fails if a kind of trouble never came about
  bool quiet = false;    // only failures and the summary
};

struct RunSummary {
  uint64_t runs = 0;
  uint64_t failed = 0;
  std::string first_failure;  // seed and broken invariant
  std::string text;           // one line of totals
};

// `print` gets whole lines.
RunSummary RunSeeds(const RunPlan& plan, const std::function<void(const std::string&)>& print);

}  // namespace convoy::sim
