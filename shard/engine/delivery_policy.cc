#include "shard/engine/delivery_policy.h"

#include <algorithm>

#include "base/check.h"

namespace convoy::shard {

Duration RetryDelay(const DeliveryPolicy& policy, uint32_t attempts) {
  CHECK(!policy.retry_interval.empty() && attempts > 0);
  const size_t index = std::min<size_t>(attempts - 1, policy.retry_interval.size() - 1);
  return std::max(policy.retry_interval[index], policy.min_retry_interval);
}

}  // namespace convoy::shard
