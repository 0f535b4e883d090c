#include "coordinator/services/wire.h"

#include <map>
#include <string>
#include <utility>

namespace convoy::coordinator {
namespace {

// Member ids are the coordinator's own; on the wire a member is its place in the snapshot's list.
using Places = std::map<MemberId, uint32_t>;

void PutGroup(const EgressGroup& group, const Places& places, mta::v1::EgressGroup* out) {
  out->set_id(group.id.value());
  for (const std::string& vmta : group.vmtas) out->add_virtual_mtas(vmta);
  out->mutable_owners()->Reserve(kSlotCount);
  for (const MemberId owner : group.owners) {
    out->add_owners(owner == kNobody ? 0 : 1 + places.at(owner));
  }
  for (const auto& [slot, promises] : group.promises) {
    if (!group.Pending(slot)) continue;
    mta::v1::PendingSlot* pending = out->add_pending();
    pending->set_slot(slot);
    for (const Promise& promise : promises) {
      if (promise.member != group.owners[slot]) pending->add_awaiting(places.at(promise.member));
    }
  }
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

ShardIncarnation FromWire(const mta::v1::ShardIncarnation& in) {
  return {.name = in.name(), .uid = in.uid(), .incarnation = in.incarnation()};
}

Announcement FromWire(const mta::v1::RegisterRequest& in) {
  Announcement out{.shard = FromWire(in.shard()),
                   .rpc_address = in.rpc_address(),
                   .smtp_address = in.smtp_address(),
                   .host_id = in.host_id(),
                   .egress = {},
                   .config_fingerprint = in.config_fingerprint(),
                   .config_version = in.config_version()};
  for (const mta::v1::EgressClaim& claim : in.egress()) {
    EgressClaim c{.vmta = claim.virtual_mta(), .through_proxy = claim.through_proxy()};
    c.source_ips.assign(claim.source_ips().begin(), claim.source_ips().end());
    out.egress.push_back(std::move(c));
  }
  return out;
}

absl::StatusOr<LeaveMode> FromWire(mta::v1::LeaveMode in) {
  if (in == mta::v1::LEAVE_MODE_QUIESCE) return LeaveMode::kQuiesce;
  if (in == mta::v1::LEAVE_MODE_RELEASE) return LeaveMode::kRelease;
  return absl::InvalidArgumentError("mode: expected QUIESCE or RELEASE");
}

void ToWire(const LeaseAnswer& lease, mta::v1::LeaseGrant* out) {
  out->set_epoch(lease.epoch.value());
  out->set_lease_ms(static_cast<uint32_t>(lease.terms.length.millis()));
  out->set_margin_ms(static_cast<uint32_t>(lease.terms.margin().millis()));
  out->set_fence_on_lease_loss(lease.terms.fence_on_lease_loss);
  out->set_granted(lease.granted);
  out->set_config_version(lease.config_version);
}

void ToWire(const AssignmentTable& table, bool fence, mta::v1::AssignmentSnapshot* out) {
  out->set_epoch(table.version.epoch.value());
  out->set_version(table.version.version);
  out->set_fence_on_lease_loss(fence);
  Places places;
  for (const TableMember& member : table.members) {
    places[member.id] = static_cast<uint32_t>(places.size());
    mta::v1::MemberInfo* m = out->add_members();
    m->set_name(member.name);
    m->set_incarnation(member.incarnation);
    m->set_rpc_address(member.rpc_address);
    m->set_live(member.live);
  }
  for (const EgressGroup& group : table.groups) PutGroup(group, places, out->add_groups());
}

}  // namespace convoy::coordinator
