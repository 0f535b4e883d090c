// How a command ended: its text, and the exit code for scripts.
//
//     code  meaning
//     0     done
//     1     refused or failed: the answer says why; for `config check`, the file has errors; for
//           `config diff`, `fmt --check` and `lint`, there is something
//     2     wrong arguments; for `config diff`, a file that cannot be loaded
//     3     the coordinator (or the shard of --shard) cannot be reached
//     4     done in part: some shards did not answer, or some recipients were not queued
//
// Determinism: pure
#pragma once

#include <string>

namespace convoy::cli {

enum class ExitCode { kDone = 0, kRefused = 1, kUsage = 2, kUnreachable = 3, kPartial = 4 };

struct Outcome {
  ExitCode code = ExitCode::kDone;
  std::string out;    // for standard output
  std::string error;  // for standard error
};

}  // namespace convoy::cli
