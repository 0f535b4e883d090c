// The version of the cluster's configuration that this shard runs, on its own disk.
//
//     DIR/ready     written when a version is prepared
//     DIR/current   what a start uses: `ready`, renamed when the version is committed
//
//     convoy-config 1 <version>\n <bundle as in config/bundle.h>
//
// A crash before the rename leaves the version before, which the coordinator brings up to date with
// the first lease answer. The files are 0600 and the directory 0700: they hold keys and passwords.
//
// Errors:    NotFound: no version was ever stored; DataLoss: damaged; Unavailable: the disk
// Thread:    any; blocks
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace convoy::shard {

struct StoredConfig {
  uint64_t version = 0;
  std::string bundle;
};

absl::Status WriteReadyConfig(const std::string& directory, const StoredConfig& config);
// What WriteReadyConfig wrote last is current, durably.
absl::Status PromoteReadyConfig(const std::string& directory);
absl::StatusOr<StoredConfig> ReadCurrentConfig(const std::string& directory);

}  // namespace convoy::shard
