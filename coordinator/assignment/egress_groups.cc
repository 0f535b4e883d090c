#include "coordinator/assignment/egress_groups.h"

#include <algorithm>
#include <map>
#include <utility>

namespace convoy::coordinator {
namespace {

using Eligible = std::set<MemberId>;

bool IsHeld(const EgressGroup& group) {
  return !group.promises.empty() || std::any_of(group.owners.begin(), group.owners.end(),
                                                [](MemberId owner) { return owner != kNobody; });
}

std::map<Eligible, std::vector<std::string>> Classes(const std::vector<EgressGroup>& groups,
                                                     const Membership& membership) {
  std::map<std::string, Eligible> eligible_of_vmta;
  for (const EgressGroup& group : groups) {
    if (!IsHeld(group)) continue;
    for (const std::string& vmta : group.vmtas) eligible_of_vmta[vmta];
  }
  for (const auto& [name, member] : membership.members()) {
    for (const EgressClaim& claim : member.record.info.egress) {
      eligible_of_vmta[claim.vmta].insert(member.record.id);
    }
  }
  std::map<Eligible, std::vector<std::string>> classes;
  for (auto& [vmta, eligible] : eligible_of_vmta) classes[eligible].push_back(vmta);
  return classes;
}

// How many virtual MTAs of each former group are in `draft`.
std::map<const EgressGroup*, size_t> Origins(
    const GroupDraft& draft, const std::map<std::string, const EgressGroup*>& former) {
  std::map<const EgressGroup*, size_t> origins;
  for (const std::string& vmta : draft.vmtas) {
    const auto found = former.find(vmta);
    if (found != former.end()) ++origins[found->second];
  }
  return origins;
}

}  // namespace

std::vector<GroupDraft> DraftGroups(const std::vector<EgressGroup>& groups,
                                    const Membership& membership, GroupId* next_group) {
  std::map<std::string, const EgressGroup*> former;
  for (const EgressGroup& group : groups) {
    for (const std::string& vmta : group.vmtas) former[vmta] = &group;
  }
  std::vector<GroupDraft> drafts;
  for (auto& [eligible, vmtas] : Classes(groups, membership)) {
    GroupDraft draft{.id = {}, .vmtas = std::move(vmtas), .eligible = eligible};
    const auto origins = Origins(draft, former);
    for (const auto& [group, count] : origins) draft.sources.push_back(group);
    std::sort(draft.sources.begin(), draft.sources.end(),
              [&](const EgressGroup* a, const EgressGroup* b) {
                const size_t in_a = origins.at(a);
                const size_t in_b = origins.at(b);
                return in_a != in_b ? in_a > in_b : a->id < b->id;
              });
    if (!draft.sources.empty()) draft.base = draft.sources.front();
    drafts.push_back(std::move(draft));
  }
  // The id of a group goes to the largest of the drafts that start from it.
  std::map<const EgressGroup*, GroupDraft*> heirs;
  for (GroupDraft& draft : drafts) {
    if (draft.base == nullptr) continue;
    GroupDraft*& heir = heirs[draft.base];
    if (heir == nullptr || draft.vmtas.size() > heir->vmtas.size()) heir = &draft;
  }
  for (const auto& [group, heir] : heirs) heir->id = group->id;
  for (GroupDraft& draft : drafts) {
    if (draft.id != GroupId()) continue;
    draft.id = *next_group;
    *next_group = GroupId(next_group->value() + 1);
  }
  std::sort(drafts.begin(), drafts.end(),
            [](const GroupDraft& a, const GroupDraft& b) { return a.id < b.id; });
  return drafts;
}

}  // namespace convoy::coordinator
