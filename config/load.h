// Loads a configuration file with everything it includes.
//
//     LoadResult result = LoadConfig("/etc/convoy/convoy.conf");
//     if (result.config == nullptr) for (d : result.diagnostics) print(d.ToString());
//
// A configuration with an error is not loaded at all; warnings do not prevent it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/model.h"

namespace convoy::config {

struct LoadResult {
  std::shared_ptr<const Config> config;  // null if there are errors
  std::vector<Diagnostic> diagnostics;
};

LoadResult LoadConfig(const std::string& path);
LoadResult LoadConfig(const std::string& path, const FileAccess& access,
                      const ReadOptions& options = {});
// Key and suppress files that cannot be read, each where it is named.
std::vector<Diagnostic> CheckFiles(const Config& config);

// For `convoy config check`: the diagnostics, then one line of summary.
std::string CheckReport(const LoadResult& result, bool json);
// For `convoy config explain`: each setting of queue "domain/vmta" and where it comes from.
// Passwords are never shown. InvalidArgument when `queue` has no '/' or names no virtual MTA.
absl::StatusOr<std::string> Explain(const Config& config, std::string_view queue, bool json);

}  // namespace convoy::config
