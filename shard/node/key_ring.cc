#include "shard/node/key_ring.h"

#include "base/text.h"

namespace convoy::shard {
namespace {

absl::StatusOr<dkim::PrivateKey::Ptr> LoadKey(const std::string& path,
                                              const config::FileAccess& files) {
  const absl::StatusOr<std::string> pem = files.read(path);
  if (!pem.ok()) return pem.status();
  if (pem->empty()) return config::Invalid(config::Say<"DKIM key {}: empty file">(path));
  absl::StatusOr<dkim::PrivateKey::Ptr> key = dkim::PrivateKey::FromPem(*pem);
  if (key.ok()) return key;
  return config::Invalid(config::Say<"DKIM key {}: {}">(path, key.status()));
}

}  // namespace

std::shared_ptr<const KeyRing> KeyRing::Load(std::shared_ptr<const config::Config> config,
                                             const config::FileAccess& files,
                                             std::vector<config::Diagnostic>* diagnostics) {
  std::shared_ptr<KeyRing> ring(new KeyRing(config));
  bool good = true;
  for (const config::DomainKeyEntry& entry : config->AllDomainKeys()) {
    CatTo(&ring->identity_, entry.selector, ' ', entry.domain, ' ', entry.file, '\n');
    if (ring->by_file_.contains(entry.file)) continue;
    absl::StatusOr<dkim::PrivateKey::Ptr> key = LoadKey(entry.file, files);
    if (!key.ok()) {
      diagnostics->push_back(
          {config::Severity::kError, entry.where, config::Say<"domain-key: {}">(key.status()), {}});
      ring->by_file_.emplace(entry.file, nullptr);
      good = false;
      continue;
    }
    if (!(*key)->meets_advice()) {
      diagnostics->push_back(
          {config::Severity::kWarning,
           entry.where,
           config::Say<"domain-key: {} has {} bits; large receivers ask for 2048">(entry.file,
                                                                                   (*key)->bits()),
           {}});
    }
    CatTo(&ring->identity_, (*key)->PublicRecord(), '\n');
    ring->by_file_.emplace(entry.file, *std::move(key));
  }
  return good ? ring : nullptr;
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
