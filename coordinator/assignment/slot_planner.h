// Spreads the slots of one egress group evenly over its members, moving as few as possible.
//
// Members that may gain slots differ in the end by at most one slot (not counting what Holders
// keep), and no plan with that property moves fewer slots.
//
// Determinism: pure; the same input gives the same plan on every machine
#pragma once

#include <vector>

#include "coordinator/ids.h"

namespace convoy::coordinator {

struct PlanMember {
  enum class Standing {
    kTarget,  // live and eligible: gains and loses slots
    kHolder,  // keeps exactly what it has (silent or restarting, and not to be replaced)
  };
  MemberId id;
  Standing standing = Standing::kTarget;
};

// `current` has kSlotCount owners. A slot of somebody who is not in `members` is free. Free slots
// stay with kNobody when there is no target.
std::vector<MemberId> PlanSlots(const std::vector<MemberId>& current,
                                const std::vector<PlanMember>& members);

}  // namespace convoy::coordinator
