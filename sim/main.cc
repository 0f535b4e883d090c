// convoy-sim: runs the cluster in virtual time over many seeds and checks what must always hold.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "sim/runner.h"

int main(int argc, char** argv) {
  using convoy::sim::RunPlan;
  RunPlan plan;
  std::string scenario_file;
  CLI::App app("Simulates a Convoy cluster and checks its invariants");
  app.add_option("--seed-from", plan.seed_from, "the first seed");
  app.add_option("--seeds", plan.seeds, "how many seeds");
  app.add_option("--scenario", scenario_file, "scenario file (tests/sim/*.scenario)");
  app.add_option("--jobs", plan.jobs, "processes at a time")->check(CLI::Range(1, 256));
  app.add_flag("--twice", plan.twice, "run each seed twice and compare the traces");
  app.add_flag("--verbose", plan.verbose, "print the trace of each run");
  app.add_flag("--hostile", plan.hostile, "fail if a kind of trouble never came about");
  app.add_flag("--quiet", plan.quiet, "print failures and the summary only");
  CLI11_PARSE(app, argc, argv);

  if (!scenario_file.empty()) {
    std::ifstream in(scenario_file);
    if (!in) {
      std::fprintf(stderr, "%s: cannot be read\n", scenario_file.c_str());
      return 2;
    }
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto scenario = convoy::sim::ParseScenario(scenario_file, text);
    if (!scenario.ok()) {
      std::fprintf(stderr, "%s\n", std::string(scenario.status().message()).c_str());
      return 2;
    }
    plan.scenario = *scenario;
  }
  std::printf("seeds %llu to %llu, scenario %s\n", static_cast<unsigned long long>(plan.seed_from),
              static_cast<unsigned long long>(plan.seed_from + plan.seeds - 1),
              plan.scenario.name.c_str());
  std::fflush(stdout);
  const auto summary = convoy::sim::RunSeeds(plan, [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  });
  std::printf("%s\n", summary.text.c_str());
  return summary.failed == 0 ? 0 : 1;
}
