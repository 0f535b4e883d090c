// The main function of a benchmark whose figures must stay below a limit.
//
//     int main(int argc, char** argv) {
//       return convoy::RunBenchmarks(argc, argv, {{"BM_Load", 50e6}});
//     }
//
// Each benchmark runs kRepetitions times, and the median of the CPU times of one iteration counts:
// a busy machine lengthens the elapsed time of all and the CPU time of few. After the figures comes
// one line for each limit,
//
//     PASS  BM_Load  1.65 ms of CPU (median of 9), limit 50 ms
//
// and the result is 0 if all are PASS. A limit whose benchmark did not run (--benchmark_filter) has
// no line.
//
// Units:     limits in nanoseconds of CPU
#pragma once

#include <benchmark/benchmark.h>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"

namespace convoy {

inline constexpr int kRepetitions = 9;

// A time as one reads it: "0.73 us".
inline std::string NanosecondsText(double ns) {
  const char* unit = ns < 1e3 ? "ns" : ns < 1e6 ? "us" : "ms";
  const double value = ns < 1e3 ? ns : ns < 1e6 ? ns / 1e3 : ns / 1e6;
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return Cat(text, " ", unit);
}

// Prints what the console reporter prints, and keeps the medians.
class MedianReporter final : public benchmark::ConsoleReporter {
 public:
  MedianReporter() : ConsoleReporter(OO_Tabular) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type != Run::RT_Aggregate || run.aggregate_name != "median") continue;
      const double unit = benchmark::GetTimeUnitMultiplier(run.time_unit);
      medians_ns_[run.run_name.function_name] = run.GetAdjustedCPUTime() / unit * 1e9;
    }
    ConsoleReporter::ReportRuns(runs);
  }

  const std::map<std::string, double>& medians_ns() const { return medians_ns_; }

 private:
  std::map<std::string, double> medians_ns_;
};

inline int RunBenchmarks(int argc, char** argv, const std::map<std::string, double>& limits_ns) {
  benchmark::Initialize(&argc, argv);
  MedianReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  bool good = true;
  for (const auto& [name, median] : reporter.medians_ns()) {
    const auto limit = limits_ns.find(name);
    if (limit == limits_ns.end()) continue;
    const bool pass = median < limit->second;
    good = good && pass;
    std::printf("%s  %s  %s of CPU (median of %d), limit %s\n", pass ? "PASS" : "FAIL",
                name.c_str(), NanosecondsText(median).c_str(), kRepetitions,
                NanosecondsText(limit->second).c_str());
  }
  return good ? 0 : 1;
}

}  // namespace convoy
