// convoy: the command for people and scripts. See cli/outcome.h for the exit codes.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "cli/arguments.h"

int main(int argc, char** argv) {
  const char* coordinator = std::getenv("CONVOY_COORDINATOR");
  const convoy::cli::Outcome outcome = convoy::cli::Run(
      std::vector<std::string>(argv + 1, argv + argc), coordinator == nullptr ? "" : coordinator,
      convoy::SystemClock(), convoy::EntropySeed());
  std::fwrite(outcome.out.data(), 1, outcome.out.size(), stdout);
  std::fwrite(outcome.error.data(), 1, outcome.error.size(), stderr);
  const bool written = std::fflush(stdout) == 0;
  return written ? static_cast<int>(outcome.code) : 1;
}
