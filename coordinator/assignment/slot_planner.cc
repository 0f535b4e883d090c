#include "coordinator/assignment/slot_planner.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace convoy::coordinator {
namespace {

struct Share {
  MemberId id;
  size_t owned = 0;
  size_t quota = 0;
};

// Quotas differ by at most one; the larger ones go to those who own most, so that fewest slots
// move.
void SetQuotas(std::vector<Share>* shares, size_t slots) {
  std::stable_sort(shares->begin(), shares->end(),
                   [](const Share& a, const Share& b) { return a.owned > b.owned; });
  for (size_t i = 0; i < shares->size(); ++i) {
    (*shares)[i].quota = slots / shares->size() + (i < slots % shares->size() ? 1 : 0);
  }
}

}  // namespace

std::vector<MemberId> PlanSlots(const std::vector<MemberId>& current,
                                const std::vector<PlanMember>& members) {
  CHECK(current.size() == kSlotCount);
  std::map<MemberId, Share*> targets;
  std::map<MemberId, bool> holders;
  std::vector<Share> shares;
  for (const PlanMember& m : members) {
    if (m.standing == PlanMember::Standing::kTarget) shares.push_back({.id = m.id});
    if (m.standing == PlanMember::Standing::kHolder) holders[m.id] = true;
  }
  std::sort(shares.begin(), shares.end(),
            [](const Share& a, const Share& b) { return a.id < b.id; });
  for (Share& share : shares) targets[share.id] = &share;

  std::vector<MemberId> plan = current;
  size_t to_share = 0;
  for (MemberId& owner : plan) {
    if (holders.contains(owner)) continue;
    ++to_share;
    const auto target = targets.find(owner);
    if (target == targets.end()) {
      owner = kNobody;
    } else {
      ++target->second->owned;
    }
  }
  if (shares.empty()) return plan;

  SetQuotas(&shares, to_share);
  targets.clear();
  for (Share& share : shares) targets[share.id] = &share;
  for (MemberId& owner : plan) {
    const auto target = targets.find(owner);
    if (target == targets.end() || target->second->owned <= target->second->quota) continue;
    --target->second->owned;
    owner = kNobody;
  }
  // Dealt out in turn, so that neighbours of one former owner go to different new ones.
  size_t turn = 0;
  for (MemberId& owner : plan) {
    if (owner != kNobody) continue;
    while (shares[turn].owned >= shares[turn].quota) turn = (turn + 1) % shares.size();
    owner = shares[turn].id;
    ++shares[turn].owned;
    turn = (turn + 1) % shares.size();
  }
  return plan;
}

}  // namespace convoy::coordinator
