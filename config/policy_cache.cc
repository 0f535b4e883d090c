#include "config/policy_cache.h"

#include <utility>

namespace convoy::config {

std::shared_ptr<const Policy> PolicyCache::PolicyFor(std::string_view domain,
                                                     std::string_view vmta) {
  key_.assign(domain);
  key_.push_back('/');  // in no domain
  key_.append(vmta);
  if (const auto found = queues_.find(key_); found != queues_.end()) return found->second;
  if (queues_.size() >= kQueuesMax) queues_.clear();
  std::shared_ptr<const Policy> policy = Compute(domain, vmta);
  queues_.emplace(key_, policy);
  return policy;
}

std::shared_ptr<const Policy> PolicyCache::Compute(std::string_view domain, std::string_view vmta) {
  PolicyPath path = config_->PathFor(domain, vmta);
  if (const auto found = policies_.find(path); found != policies_.end()) return found->second;
  if (policies_.size() >= kPoliciesMax) policies_.clear();
  auto policy = std::make_shared<const Policy>(Config::PolicyOf(path));
  policies_.emplace(std::move(path), policy);
  return policy;
}

}  // namespace convoy::config
