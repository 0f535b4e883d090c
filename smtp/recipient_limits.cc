#include "smtp/recipient_limits.h"

#include <string_view>
#include <utility>

#include "base/text.h"

namespace convoy::smtp {
namespace {

std::string DomainOf(std::string_view address) {
  const size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string() : Lower(address.substr(at + 1));
}

}  // namespace

size_t RecipientLimits::Take(const std::vector<Recipient>& recipients) {
  for (size_t i = 0; i < recipients.size(); ++i) {
    if (rcpt_max_ > 0 && i >= rcpt_max_) return i;
    if (rcpt_domain_max_ == 0) continue;
    std::string domain = DomainOf(recipients[i].address);
    if (domains_.contains(domain)) continue;
    if (domains_.size() >= rcpt_domain_max_) return i;
    domains_.insert(std::move(domain));
  }
  return recipients.size();
}

}  // namespace convoy::smtp
