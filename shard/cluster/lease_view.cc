#include "shard/cluster/lease_view.h"

#include <algorithm>

namespace convoy::shard {

void LeaseView::OnGranted(MonoTime sent_at, const LeaseTerms& terms) {
  fence_on_lease_loss_ = terms.fence_on_lease_loss;
  const MonoTime until = sent_at + terms.length - terms.margin;
  valid_until_ = valid_until_.has_value() ? std::max(*valid_until_, until) : until;
}

void LeaseView::OnEnded() { valid_until_.reset(); }

bool LeaseView::MayAssign(MonoTime now) const {
  if (superseded_ || released_) return false;
  return !fence_on_lease_loss_ || Valid(now);
}

std::optional<MonoTime> LeaseView::AssignUntil() const {
  if (!fence_on_lease_loss_ || superseded_ || released_) return std::nullopt;
  return valid_until_;
}

}  // namespace convoy::shard
