// PolicyBook from a loaded configuration.
//
// Policies are made once for all queues that are configured alike, and found by name without
// computing anything (config/policy_cache.h, with its limits). Sites and sources are kept by name
// too.
//
// Limits:    kNamesMax sites and as many sources; beyond it all are forgotten
// Thread:    loop-affine; the Config is shared and immutable
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "config/model.h"
#include "config/policy_cache.h"
#include "shard/engine/policy_book.h"

namespace convoy::shard {

// The shard's view of a queue's settings; `list` are the rules of its smtp-pattern-list.
DeliveryPolicyPtr DeliveryPolicyFrom(const config::Policy& policy, const ReplyRules& list = {});

class ConfigPolicyBook final : public PolicyBook {
 public:
  static constexpr size_t kNamesMax = 100'000;

  explicit ConfigPolicyBook(std::shared_ptr<const config::Config> config);

  // Answers as `other` from now on, and the other way round. A VmtaIdentity found before goes with
  // the content it was found in.
  void Swap(ConfigPolicyBook& other);

  DeliveryPolicyPtr PolicyFor(std::string_view domain, std::string_view vmta) override;
  const VmtaIdentity* FindVmta(std::string_view name) override;
  std::string SiteOf(std::string_view domain) override;
  uint32_t TotalMaxSmtpOut() override;
  SourcePolicy SourceFor(const IpAddress& client) override;
  std::vector<std::string> MembersOf(std::string_view vmta_or_pool) override;
  std::string HostName() override { return config_->host_name(); }
  std::vector<std::string> OwnNames() override;

  const config::Config& config() const { return *config_; }

 private:
  std::shared_ptr<const config::Config> config_;
  config::PolicyCache<DeliveryPolicy> policies_;
  absl::flat_hash_map<std::string, std::string> sites_;
  absl::flat_hash_map<std::string, VmtaIdentity> vmtas_;
  absl::flat_hash_map<IpAddress, SourcePolicy> sources_;
};

}  // namespace convoy::shard
