// What a server's LIMITS leave of the recipients of an attempt.
//
// RCPTMAX is for a transaction, RCPTDOMAINMAX for a session: domains that were named before count.
//
// RFC:       9422 4.2, 4.3
// Determinism: pure
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "smtp/attempt.h"

namespace convoy::smtp {

class RecipientLimits {
 public:
  RecipientLimits() = default;  // none
  // 0: no limit.
  RecipientLimits(uint32_t rcpt_max, uint32_t rcpt_domain_max)
      : rcpt_max_(rcpt_max), rcpt_domain_max_(rcpt_domain_max) {}

  // How many of the recipients, from the first on, may be named in the next transaction; their
  // domains count from now on. 0: this session takes none of them any more.
  size_t Take(const std::vector<Recipient>& recipients);

 private:
  uint32_t rcpt_max_ = 0;
  uint32_t rcpt_domain_max_ = 0;
  absl::flat_hash_set<std::string> domains_;  // lower case; at most rcpt_domain_max_
};

}  // namespace convoy::smtp
