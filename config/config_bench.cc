// How long a large configuration (large_config.h) takes to load, and a policy to find.
//
//     bazel run --config=opt //config:config_bench
//
// What a shard asks is measured by //shard/engine:config_policy_book_bench.

#include "base/bench_verdict.h"
#include "config/large_config.h"
#include "config/policy_cache.h"

namespace convoy::config {
namespace {

void BM_Load(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(LoadLargeConfig().config);
  const std::string text = LargeConfigText();
  state.counters["lines"] = static_cast<double>(std::count(text.begin(), text.end(), '\n'));
}
BENCHMARK(BM_Load)
    ->Unit(benchmark::kMillisecond)
    ->Repetitions(kRepetitions)
    ->ReportAggregatesOnly();

// Computed anew each time.
void BM_PolicyCold(benchmark::State& state) {
  const auto config = LoadLargeConfig().config;
  const std::vector<std::string> domains = LargeConfigDomains();
  const std::vector<std::string> vmtas = LargeConfigVmtas();
  size_t turn = 0;
  for (auto _ : state) {
    ++turn;
    benchmark::DoNotOptimize(config->PolicyFor(domains[FarIndex(turn, domains.size())],
                                               vmtas[FarIndex(turn, vmtas.size())]));
  }
}
BENCHMARK(BM_PolicyCold)->Repetitions(kRepetitions)->ReportAggregatesOnly();

std::shared_ptr<const Policy> Same(const Policy& policy) {
  return std::make_shared<const Policy>(policy);
}

// Found again, once all 300,000 queues are known.
void BM_PolicyWarm(benchmark::State& state) {
  PolicyCache<Policy> cache(LoadLargeConfig().config, Same);
  const std::vector<std::string> domains = LargeConfigDomains();
  const std::vector<std::string> vmtas = LargeConfigVmtas();
  for (const std::string& domain : domains) {
    for (const std::string& vmta : vmtas) cache.PolicyFor(domain, vmta);
  }
  size_t turn = 0;
  for (auto _ : state) {
    ++turn;
    benchmark::DoNotOptimize(
        cache.PolicyFor(domains[FarIndex(turn, domains.size())],
                        vmtas[FarIndex(turn / domains.size() + turn, vmtas.size())]));
  }
  state.counters["queues"] = static_cast<double>(cache.queues());
  state.counters["policies"] = static_cast<double>(cache.policies());
}
BENCHMARK(BM_PolicyWarm)->Repetitions(kRepetitions)->ReportAggregatesOnly();

}  // namespace
}  // namespace convoy::config

int main(int argc, char** argv) {
  return convoy::RunBenchmarks(argc, argv, {{"BM_Load", 50e6}, {"BM_PolicyWarm", 1e3}});
}
