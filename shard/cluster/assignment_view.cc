#include "shard/cluster/assignment_view.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

std::string Name(const TableVersion& v) { return Cat(v.epoch.value(), ".", v.version); }

absl::Status CheckGroup(const AssignmentTable& table, const EgressGroup& group) {
  if (group.owners.size() != kSlotCount || group.pending.size() != kSlotCount) {
    return absl::InvalidArgumentError(Cat("assignment table ", Name(table.version), ": group ",
                                          group.id, " has ", group.owners.size(), " owners and ",
                                          group.pending.size(), " marks, expected ", kSlotCount));
  }
  for (const uint16_t owner : group.owners) {
    if (owner != EgressGroup::kNoOwner && owner >= table.members.size()) {
      return absl::InvalidArgumentError(Cat("assignment table ", Name(table.version), ": group ",
                                            group.id, " names member ", owner, " of ",
                                            table.members.size()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

AssignmentTable SoleOwnerTable(std::string_view shard, std::vector<std::string> vmtas) {
  AssignmentTable table;
  table.version = {Epoch(1), 1};
  table.members.push_back(
      {.name = std::string(shard), .incarnation = 1, .rpc_address = "", .live = true});
  table.groups.push_back({.id = 1,
                          .vmtas = std::move(vmtas),
                          .owners = std::vector<uint16_t>(kSlotCount, 0),
                          .pending = std::vector<bool>(kSlotCount, false)});
  return table;
}

absl::Status AssignmentView::Apply(std::shared_ptr<const AssignmentTable> table) {
  if (table->version.epoch < highest_epoch_ || table->version < version()) {
    return absl::FailedPreconditionError(Cat("assignment table ", Name(table->version),
                                             " is outdated: epoch ", highest_epoch_.value(),
                                             " and table ", Name(version()), " are known"));
  }
  if (has_table() && table->version == version()) return absl::OkStatus();
  absl::flat_hash_map<std::string, size_t> group_of_vmta;
  for (size_t g = 0; g < table->groups.size(); ++g) {
    RETURN_IF_ERROR(CheckGroup(*table, table->groups[g]));
    for (const std::string& vmta : table->groups[g].vmtas) {
      if (!group_of_vmta.emplace(vmta, g).second) {
        return absl::InvalidArgumentError(Cat("assignment table ", Name(table->version),
                                              ": virtual MTA ", vmta, " is in two groups"));
      }
    }
  }
  group_of_vmta_ = std::move(group_of_vmta);
  ObserveEpoch(table->version.epoch);
  table_ = std::move(table);
  return absl::OkStatus();
}

void AssignmentView::ObserveEpoch(Epoch epoch) { highest_epoch_ = std::max(highest_epoch_, epoch); }

Owner AssignmentView::OwnerOf(std::string_view site, std::string_view vmta) const {
  if (!has_table()) return {};
  const auto found = group_of_vmta_.find(absl::string_view(vmta.data(), vmta.size()));
  if (found == group_of_vmta_.end()) return {.kind = Owner::Kind::kNoShard};
  const EgressGroup& group = table_->groups[found->second];
  const uint16_t slot = SlotOf(site).value();
  if (group.owners[slot] == EgressGroup::kNoOwner) return {.kind = Owner::Kind::kNoShard};
  const ClusterMember& member = table_->members[group.owners[slot]];
  const bool is_self = member.name == self_;
  return {.kind = is_self ? Owner::Kind::kSelf : Owner::Kind::kPeer,
          .may_assign = is_self && !group.pending[slot],
          .member = &member};
}

const ClusterMember* AssignmentView::FindMember(std::string_view name) const {
  if (!has_table()) return nullptr;
  const auto found = std::find_if(table_->members.begin(), table_->members.end(),
                                  [&](const ClusterMember& m) { return m.name == name; });
  return found == table_->members.end() ? nullptr : &*found;
}

}  // namespace convoy::shard
