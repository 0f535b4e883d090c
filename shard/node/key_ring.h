// The DKIM keys of a configuration.
//
// Thread:    immutable after Load
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "config/model.h"
#include "shard/engine/pool_signer.h"

namespace convoy::shard {

class KeyRing {
 public:
  // Null if a key cannot be used: an error at the line of the configuration that names it, saying
  // what is wrong with it.
  static std::shared_ptr<const KeyRing> Load(std::shared_ptr<const config::Config> config,
                                             const config::FileAccess& files,
                                             std::vector<config::Diagnostic>* diagnostics);

  std::vector<SigningKey> Find(std::string_view from_domain, std::string_view vmta) const;
  // Equal for rings that sign alike. Tells nothing about the keys.
  const std::string& identity() const { return identity_; }

 private:
  explicit KeyRing(std::shared_ptr<const config::Config> config) : config_(std::move(config)) {}
  const std::shared_ptr<const config::Config> config_;
  absl::flat_hash_map<std::string, dkim::PrivateKey::Ptr> by_file_;
  std::string identity_;
};

}  // namespace convoy::shard
