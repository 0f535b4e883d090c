// The policies of a configuration, each computed once.
//
// A configuration of thousands of macro domains and hundreds of virtual MTAs has many queues and
// few different policies: queues to which the same <domain> sections apply share one. So there are
// two maps, (domain, virtual MTA) -> policy and path -> policy.
//
//     PolicyCache cache(config);
//     std::shared_ptr<const Policy> policy = cache.PolicyFor("gmail.com", "vmta-1");
//
// Limits:    kQueuesMax queues and kPoliciesMax policies; beyond one of them all are forgotten
// Thread:    loop-affine; the Config and the policies are immutable and shared
// Determinism: pure
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "config/model.h"

namespace convoy::config {

class PolicyCache {
 public:
  static constexpr size_t kQueuesMax = 1'000'000;
  static constexpr size_t kPoliciesMax = 100'000;

  explicit PolicyCache(std::shared_ptr<const Config> config) : config_(std::move(config)) {}

  // Never null.
  std::shared_ptr<const Policy> PolicyFor(std::string_view domain, std::string_view vmta);

  size_t queues() const { return queues_.size(); }
  size_t policies() const { return policies_.size(); }

 private:
  std::shared_ptr<const Policy> Compute(std::string_view domain, std::string_view vmta);

  const std::shared_ptr<const Config> config_;
  std::string key_;  // reused: a warm lookup allocates nothing
  absl::flat_hash_map<std::string, std::shared_ptr<const Policy>> queues_;
  absl::flat_hash_map<PolicyPath, std::shared_ptr<const Policy>> policies_;
};

}  // namespace convoy::config
