#include "shard/cluster/rpc/table_codec.h"

#include <utility>

#include "base/text.h"
#include "proto/cluster_stored.pb.h"

namespace convoy::shard {
namespace {

constexpr uint32_t kFormat = 1;

absl::Status Damaged(std::string_view how) {
  return absl::DataLossError(Cat("stored assignment table is unusable: ", how));
}

absl::StatusOr<EgressGroup> TakeGroup(const mta::v1::StoredAssignmentGroup& in, int members) {
  if (in.owners_size() != static_cast<int>(kSlotCount)) return Damaged("wrong number of slots");
  EgressGroup group{.id = in.id(), .pending = std::vector<bool>(kSlotCount, false)};
  group.vmtas.assign(in.virtual_mtas().begin(), in.virtual_mtas().end());
  for (const uint32_t owner : in.owners()) {
    if (owner > static_cast<uint32_t>(members)) return Damaged("unknown owner");
    group.owners.push_back(owner == 0 ? EgressGroup::kNoOwner : static_cast<uint16_t>(owner - 1));
  }
  for (const uint32_t slot : in.pending()) {
    if (slot >= kSlotCount) return Damaged("unknown slot");
    group.pending[slot] = true;
  }
  return group;
}

}  // namespace

std::string EncodeTable(const AssignmentTable& table) {
  mta::v1::StoredAssignment out;
  out.set_format(kFormat);
  out.set_epoch(table.version.epoch.value());
  out.set_version(table.version.version);
  out.set_fence_on_lease_loss(table.fence_on_lease_loss);
  for (const ClusterMember& member : table.members) {
    mta::v1::StoredTableMember* m = out.add_members();
    m->set_name(member.name);
    m->set_incarnation(member.incarnation);
    m->set_rpc_address(member.rpc_address);
    m->set_live(member.live);
  }
  for (const EgressGroup& group : table.groups) {
    mta::v1::StoredAssignmentGroup* g = out.add_groups();
    g->set_id(group.id);
    for (const std::string& vmta : group.vmtas) g->add_virtual_mtas(vmta);
    for (const uint16_t owner : group.owners) {
      g->add_owners(owner == EgressGroup::kNoOwner ? 0 : owner + 1u);
    }
    for (uint32_t slot = 0; slot < kSlotCount; ++slot) {
      if (group.pending[slot]) g->add_pending(slot);
    }
  }
  return out.SerializeAsString();
}

absl::StatusOr<AssignmentTable> DecodeTable(std::string_view bytes) {
  mta::v1::StoredAssignment in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Damaged("no record");
  if (in.format() != kFormat) return Damaged(Cat("format ", in.format(), " is not known"));
  AssignmentTable table{.version = {.epoch = Epoch(in.epoch()), .version = in.version()},
                        .fence_on_lease_loss = in.fence_on_lease_loss()};
  for (const mta::v1::StoredTableMember& m : in.members()) {
    table.members.push_back({.name = m.name(),
                             .incarnation = m.incarnation(),
                             .rpc_address = m.rpc_address(),
                             .live = m.live()});
  }
  for (const mta::v1::StoredAssignmentGroup& g : in.groups()) {
    absl::StatusOr<EgressGroup> group = TakeGroup(g, in.members_size());
    if (!group.ok()) return group.status();
    table.groups.push_back(*std::move(group));
  }
  return table;
}

}  // namespace convoy::shard
