// How long a shard takes to find what the configuration says of a queue.
//
//     bazel run --config=opt //shard/engine:config_policy_book_bench
//
// All 300,000 queues of config/large_config.h are known, and are asked for in an order in which no
// two neighbours share a cache line.

#include "base/bench_verdict.h"
#include "config/large_config.h"
#include "shard/engine/config_policy_book.h"

namespace convoy::shard {
namespace {

void BM_BookPolicyWarm(benchmark::State& state) {
  ConfigPolicyBook book(config::LoadLargeConfig().config);
  const std::vector<std::string> domains = config::LargeConfigDomains();
  const std::vector<std::string> vmtas = config::LargeConfigVmtas();
  for (const std::string& domain : domains) {
    for (const std::string& vmta : vmtas) book.PolicyFor(domain, vmta);
  }
  size_t turn = 0;
  for (auto _ : state) {
    ++turn;
    benchmark::DoNotOptimize(
        book.PolicyFor(domains[config::FarIndex(turn, domains.size())],
                       vmtas[config::FarIndex(turn / domains.size() + turn, vmtas.size())]));
  }
}
BENCHMARK(BM_BookPolicyWarm)->Repetitions(kRepetitions)->ReportAggregatesOnly();

void BM_BookSiteWarm(benchmark::State& state) {
  ConfigPolicyBook book(config::LoadLargeConfig().config);
  const std::vector<std::string> domains = config::LargeConfigDomains();
  for (const std::string& domain : domains) book.SiteOf(domain);
  size_t turn = 0;
  for (auto _ : state) {
    ++turn;
    benchmark::DoNotOptimize(book.SiteOf(domains[config::FarIndex(turn, domains.size())]));
  }
}
BENCHMARK(BM_BookSiteWarm)->Repetitions(kRepetitions)->ReportAggregatesOnly();

}  // namespace
}  // namespace convoy::shard

int main(int argc, char** argv) {
  return convoy::RunBenchmarks(argc, argv, {{"BM_BookPolicyWarm", 1e3}, {"BM_BookSiteWarm", 1e3}});
}
