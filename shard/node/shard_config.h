// A configuration loaded as a shard needs it: policies, keys and lists, ready for use.
//
// Everything slow happens here, off the loop: parsing, keys, lists, and the policies of the queues
// that the shard has. What is wrong comes as diagnostics, at the place that names it.
//
// A suppression list is data that changes by itself: the shard's own file is used where it has one
// (and watched), and the copy that travelled with the configuration where it has not. So a rollback
// never brings back an old list.
//
// Thread:    any; reads files
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.h"
#include "shard/engine/config_policy_book.h"
#include "shard/node/key_ring.h"
#include "shard/node/suppression_watch.h"

namespace convoy::shard {

struct ShardConfig {
  std::string root;         // path of the main file
  std::string fingerprint;  // config::Fingerprint, of the lists and keys that are used
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<const KeyRing> keys;
  SuppressionWatch::Lists lists;
  std::unique_ptr<ConfigPolicyBook> policies;
};

struct LoadedShardConfig {
  std::unique_ptr<ShardConfig> config;  // null if there are errors
  std::vector<config::Diagnostic> diagnostics;
};

struct ShardConfigSource {
  std::string root;
  config::FileAccess files;  // of the bundle, or RealFiles()
  config::FileAccess own;    // the shard's own files, for lists
  // (domain, virtual MTA) of the queues whose policies are wanted at once.
  std::vector<std::pair<std::string, std::string>> queues;
};
LoadedShardConfig LoadShardConfig(const ShardConfigSource& source);
// A version as it travels (config/bundle.h). What it names and does not carry is the shard's `own`,
// and so is what its secrets refer to.
LoadedShardConfig LoadCarriedConfig(std::string_view bundle, const config::FileAccess& own,
                                    std::vector<std::pair<std::string, std::string>> queues);

// Directives that differ between what is in effect and `next` and are read only at a start, by
// name.
// `smtp_fixed`, `grpc_fixed`: the command line says where to listen, so the directive has no say.
std::vector<std::string> RestartDirectives(const config::Config& in_effect,
                                           const config::Config& next, bool smtp_fixed,
                                           bool grpc_fixed);
// The same as warnings about the file `root`.
std::vector<config::Diagnostic> RestartWarnings(const std::string& root,
                                                const std::vector<std::string>& directives);

}  // namespace convoy::shard
