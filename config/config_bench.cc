// How long a large configuration takes to load, and a policy to find.
//
//     bazel run --config=opt //config:config_bench
//
// The configuration has about 1,400 lines: 300 virtual MTAs, of which 100 have a <domain *> and 20
// have <domain $big>, one macro of 1,000 domains, and 100 more <domain> sections.

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/text.h"
#include "config/load.h"
#include "config/policy_cache.h"

namespace convoy::config {
namespace {

constexpr int kDomains = 1'000;
constexpr int kVmtas = 300;

std::string Domain(int i) { return Cat("domain-", i, ".example"); }
std::string Vmta(int i) { return Cat("vmta-", i); }

std::string LargeConfig() {
  std::string text = "domain-macro big";
  for (int i = 0; i < kDomains; ++i) CatTo(&text, i % 10 == 0 ? "\n    " : " ", Domain(i), ",");
  text.back() = '\n';
  for (int i = 0; i < kVmtas; ++i) {
    CatTo(&text, "<virtual-mta ", Vmta(i), ">\n  smtp-source-host 192.0.2.", i % 256, " v", i,
          ".example\n");
    if (i % 3 == 0) CatTo(&text, "  <domain *>\n    max-smtp-out 5\n  </domain>\n");
    if (i % 15 == 0) CatTo(&text, "  <domain $big>\n    max-msg-rate ", i, "/h\n  </domain>\n");
    text += "</virtual-mta>\n";
  }
  for (int i = 0; i < 50; ++i) {
    CatTo(&text, "<domain other-", i,
          ".example>\n  max-smtp-out 7\n  retry-after 10m,1h\n</domain>\n");
  }
  text += "<domain $big>\n  max-msg-rate 250/h\n  bounce-after 2d\n  dkim-sign yes\n</domain>\n";
  return text;
}

LoadResult Load(const std::string& text) {
  FileAccess access;
  access.read = [&](const std::string&) { return text; };
  access.glob = [](const std::string&) { return std::vector<std::string>(); };
  LoadResult result = LoadConfig("large.conf", access);
  CHECK(result.config != nullptr);
  return result;
}

void BM_Load(benchmark::State& state) {
  const std::string text = LargeConfig();
  for (auto _ : state) benchmark::DoNotOptimize(Load(text).config);
  state.counters["lines"] = static_cast<double>(std::count(text.begin(), text.end(), '\n'));
}
BENCHMARK(BM_Load)->Unit(benchmark::kMillisecond);

void BM_PolicyCold(benchmark::State& state) {
  const auto config = Load(LargeConfig()).config;
  int i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(config->PolicyFor(Domain(i % kDomains), Vmta(i % kVmtas)));
    ++i;
  }
}
BENCHMARK(BM_PolicyCold);

// All 300,000 queues, asked for in another order than they were made in.
void BM_PolicyWarm(benchmark::State& state) {
  PolicyCache cache(Load(LargeConfig()).config);
  std::vector<std::string> domains;
  std::vector<std::string> vmtas;
  for (int i = 0; i < kDomains; ++i) domains.push_back(Domain(i));
  for (int i = 0; i < kVmtas; ++i) vmtas.push_back(Vmta(i));
  for (const std::string& domain : domains) {
    for (const std::string& vmta : vmtas) cache.PolicyFor(domain, vmta);
  }
  size_t i = 0;
  for (auto _ : state) {
    i += 7919;
    benchmark::DoNotOptimize(cache.PolicyFor(domains[i % kDomains], vmtas[i % kVmtas]));
  }
  state.counters["queues"] = static_cast<double>(cache.queues());
  state.counters["policies"] = static_cast<double>(cache.policies());
}
BENCHMARK(BM_PolicyWarm);

}  // namespace
}  // namespace convoy::config

BENCHMARK_MAIN();
