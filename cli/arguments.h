// The `convoy` command line: parses the arguments and runs the command.
//
// Errors:    as Outcome (see outcome.h for the exit codes)
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/outcome.h"

namespace convoy::cli {

// `arguments` without the program's name. `environment_coordinator` is CONVOY_COORDINATOR, or
// empty.
Outcome Run(const std::vector<std::string>& arguments, const std::string& environment_coordinator,
            const Clock& clock, uint64_t seed);

}  // namespace convoy::cli
