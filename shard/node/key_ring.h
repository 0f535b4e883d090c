// The DKIM keys of a configuration, loaded once at start.
//
// Thread:    immutable after Load
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "config/model.h"
#include "shard/engine/pool_signer.h"

namespace convoy::shard {

class KeyRing {
 public:
  // InvalidArgument naming the line of the configuration and what is wrong with its key.
  static absl::StatusOr<std::shared_ptr<const KeyRing>> Load(
      std::shared_ptr<const config::Config> config);

  std::vector<SigningKey> Find(std::string_view from_domain, std::string_view vmta) const;

 private:
  explicit KeyRing(std::shared_ptr<const config::Config> config) : config_(std::move(config)) {}
  const std::shared_ptr<const config::Config> config_;
  absl::flat_hash_map<std::string, dkim::PrivateKey::Ptr> by_file_;
};

}  // namespace convoy::shard
