// The policies of a configuration in the form that their user wants, each made once.
//
//     PolicyCache<DeliveryPolicy> cache(config, DeliveryPolicyFrom);
//     std::shared_ptr<const DeliveryPolicy> policy = cache.PolicyFor("gmail.com", "vmta-1");
//
// Limits:    those of QueueIndex (queue_index.h), and one Value for each of its paths; what was
//            given out lives on when all is forgotten
// Thread:    loop-affine; the Config and the policies are immutable and shared
// Determinism: pure
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "config/queue_index.h"

namespace convoy::config {

template <typename Value>
class PolicyCache {
 public:
  using Ptr = std::shared_ptr<const Value>;
  using Make = std::function<Ptr(const Policy& policy)>;

  PolicyCache(std::shared_ptr<const Config> config, Make make,
              const QueueIndex::Limits& limits = {})
      : index_(std::move(config), limits), make_(std::move(make)) {}

  // Never null. Equal for queues that are configured alike. `domain` in lower case.
  Ptr PolicyFor(std::string_view domain, std::string_view vmta) {
    const uint32_t number = index_.NumberOf(domain, vmta);
    if (generation_ != index_.generation()) values_.clear();
    generation_ = index_.generation();
    if (number == values_.size()) values_.push_back(make_(Config::PolicyOf(index_.path(number))));
    return values_[number];
  }

  size_t queues() const { return index_.queues(); }
  size_t policies() const { return values_.size(); }

 private:
  QueueIndex index_;
  Make make_;
  uint64_t generation_ = 0;
  std::vector<Ptr> values_;  // by the numbers of `index_`, which are given one after the other
};

}  // namespace convoy::config
