#include "shard/node/key_ring.h"

#include "base/log.h"
#include "base/text.h"

namespace convoy::shard {

absl::StatusOr<std::shared_ptr<const KeyRing>> KeyRing::Load(
    std::shared_ptr<const config::Config> config) {
  std::shared_ptr<KeyRing> ring(new KeyRing(config));
  for (const config::DomainKeyEntry& entry : config->AllDomainKeys()) {
    if (ring->by_file_.contains(entry.file)) continue;
    auto key = dkim::PrivateKey::Load(entry.file);
    if (!key.ok()) {
      return absl::InvalidArgumentError(Cat(
          entry.where.ToString(), ": error: domain-key: ", std::string(key.status().message())));
    }
    if (!(*key)->meets_advice()) {
      LogWarning("dkim", entry.where.ToString(), ": ", entry.file, " has ", (*key)->bits(),
                 " bits; large receivers ask for 2048");
    }
    ring->by_file_.emplace(entry.file, *std::move(key));
  }
  return ring;
}

std::vector<SigningKey> KeyRing::Find(std::string_view from_domain, std::string_view vmta) const {
  std::vector<SigningKey> keys;
  if (from_domain.empty()) return keys;
  for (const config::DomainKeyEntry& entry : config_->DomainKeysFor(vmta, from_domain)) {
    keys.push_back({entry.selector, entry.domain, by_file_.at(entry.file)});
    break;  // one signature a message: the first key that fits
  }
  return keys;
}

}  // namespace convoy::shard
