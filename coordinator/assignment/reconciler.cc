#include "coordinator/assignment/reconciler.h"

#include <algorithm>
#include <utility>

#include "coordinator/assignment/egress_groups.h"
#include "coordinator/assignment/slot_planner.h"

namespace convoy::coordinator {
namespace {

std::vector<PlanMember> Standings(const GroupDraft& draft, const Membership& membership,
                                  MonoTime now) {
  using Standing = PlanMember::Standing;
  std::vector<PlanMember> members;
  for (const MemberId id : draft.eligible) {
    const Membership::Member* member = membership.Find(id);
    if (membership.StateOf(*member, now) == MemberState::kLive) {
      members.push_back({.id = id, .standing = Standing::kTarget});
    } else if (!membership.SlotsLost(id, now)) {
      members.push_back({.id = id, .standing = Standing::kHolder});
    }
  }
  return members;
}

bool Kept(const Promise& promise, const Membership& membership, MonoTime now) {
  if (membership.Stopped(promise.member, now)) return false;
  return membership.Find(promise.member)->applied < promise.until;
}

// Adds (member, until), or raises the promise there is.
void AddPromise(std::vector<Promise>* promises, const Promise& added) {
  for (Promise& promise : *promises) {
    if (promise.member != added.member) continue;
    promise.until = std::max(promise.until, added.until);
    return;
  }
  promises->push_back(added);
}

// Everybody who may be assigning for `slot` under the tables published so far, apart from an owner
// who simply goes on.
std::vector<Promise> Promises(const GroupDraft& draft, uint16_t slot, MemberId owner,
                              TableVersion next) {
  std::vector<Promise> promises;
  for (const EgressGroup* source : draft.sources) {
    const auto found = source->promises.find(slot);
    if (found == source->promises.end()) continue;
    for (const Promise& promise : found->second) AddPromise(&promises, promise);
  }
  // Owners that were free to assign. If all sources say the same owner, it just goes on.
  bool unchanged = true;
  for (const EgressGroup* source : draft.sources) {
    unchanged = unchanged && source->owners[slot] == owner && !source->Pending(slot);
  }
  if (unchanged) return promises;
  for (const EgressGroup* source : draft.sources) {
    const MemberId former = source->owners[slot];
    if (former == kNobody || source->Pending(slot)) continue;
    AddPromise(&promises, {.member = former, .until = next});
  }
  return promises;
}

EgressGroup Build(const GroupDraft& draft, const Membership& membership, TableVersion next,
                  MonoTime now) {
  const std::vector<MemberId> free(kSlotCount, kNobody);
  const std::vector<MemberId>& current = draft.base == nullptr ? free : draft.base->owners;
  EgressGroup group{.id = draft.id, .vmtas = draft.vmtas};
  group.owners = PlanSlots(current, Standings(draft, membership, now));
  const bool settled = draft.sources.size() == 1 && draft.base->promises.empty();
  for (uint16_t slot = 0; slot < kSlotCount; ++slot) {
    if (settled && group.owners[slot] == current[slot]) continue;  // the common case
    std::vector<Promise> promises = Promises(draft, slot, group.owners[slot], next);
    std::erase_if(promises, [&](const Promise& p) { return !Kept(p, membership, now); });
    if (promises.empty()) continue;
    std::sort(promises.begin(), promises.end());
    group.promises[slot] = std::move(promises);
  }
  return group;
}

std::vector<TableMember> Members(const Membership& membership, MonoTime now) {
  std::vector<TableMember> members;
  for (const auto& [name, member] : membership.members()) {
    members.push_back({.id = member.record.id,
                       .name = name,
                       .incarnation = member.record.info.shard.incarnation,
                       .rpc_address = member.record.info.rpc_address,
                       .live = membership.StateOf(member, now) == MemberState::kLive});
  }
  std::sort(members.begin(), members.end(),
            [](const TableMember& a, const TableMember& b) { return a.id < b.id; });
  return members;
}

}  // namespace

AssignmentTable Reconcile(const AssignmentTable& table, const Membership& membership, Epoch epoch,
                          MonoTime now) {
  const TableVersion next{.epoch = epoch, .version = table.version.version + 1};
  AssignmentTable result{.version = next, .next_group = table.next_group};
  const std::vector<GroupDraft> drafts = DraftGroups(table.groups, membership, &result.next_group);
  for (const GroupDraft& draft : drafts) {
    result.groups.push_back(Build(draft, membership, next, now));
  }
  result.members = Members(membership, now);
  const bool same = table.version.epoch == epoch && result.groups == table.groups &&
                    result.members == table.members;
  return same ? table : result;
}

}  // namespace convoy::coordinator
