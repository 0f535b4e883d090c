#include "coordinator/store/record_codec.h"

#include "base/status_macros.h"
#include "base/text.h"
#include "proto/cluster_stored.pb.h"

namespace convoy::coordinator {
namespace {

constexpr uint32_t kFormat = 1;

// Parses and checks the format number.
template <typename Message>
absl::Status Parse(std::string_view what, std::string_view bytes, Message* message) {
  if (!message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError(Cat("stored ", what, " is damaged (", bytes.size(), " bytes)"));
  }
  if (message->format() != kFormat) {
    return absl::DataLossError(
        Cat("stored ", what, " has format ", message->format(), ", this program knows ", kFormat));
  }
  return absl::OkStatus();
}

void PutGroup(const EgressGroup& group, mta::v1::StoredGroup* out) {
  out->set_id(group.id.value());
  for (const std::string& vmta : group.vmtas) out->add_virtual_mtas(vmta);
  for (const MemberId owner : group.owners) out->add_owners(owner.value());
  for (const auto& [slot, promises] : group.promises) {
    for (const Promise& promise : promises) {
      mta::v1::StoredPromise* p = out->add_promises();
      p->set_slot(slot);
      p->set_member(promise.member.value());
      p->set_epoch(promise.until.epoch.value());
      p->set_version(promise.until.version);
    }
  }
}

absl::StatusOr<EgressGroup> TakeGroup(const mta::v1::StoredGroup& in) {
  if (in.owners_size() != static_cast<int>(kSlotCount)) {
    return absl::DataLossError(Cat("stored table: group ", in.id(), " has ", in.owners_size(),
                                   " owners, expected ", kSlotCount));
  }
  EgressGroup group{.id = GroupId(in.id())};
  group.vmtas.assign(in.virtual_mtas().begin(), in.virtual_mtas().end());
  for (const uint32_t owner : in.owners()) group.owners.push_back(MemberId(owner));
  for (const mta::v1::StoredPromise& p : in.promises()) {
    if (p.slot() >= kSlotCount) {
      return absl::DataLossError(Cat("stored table: group ", in.id(), " names slot ", p.slot()));
    }
    group.promises[static_cast<uint16_t>(p.slot())].push_back(
        {.member = MemberId(p.member()),
         .until = {.epoch = Epoch(p.epoch()), .version = p.version()}});
  }
  return group;
}

}  // namespace

std::string EncodeMember(const MemberRecord& member) {
  const Announcement& info = member.info;
  mta::v1::StoredMember out;
  out.set_format(kFormat);
  out.set_id(member.id.value());
  out.set_name(info.shard.name);
  out.set_uid(info.shard.uid);
  out.set_incarnation(info.shard.incarnation);
  out.set_rpc_address(info.rpc_address);
  out.set_smtp_address(info.smtp_address);
  out.set_host_id(info.host_id);
  for (const EgressClaim& claim : info.egress) {
    mta::v1::StoredEgressClaim* e = out.add_egress();
    e->set_virtual_mta(claim.vmta);
    for (const std::string& ip : claim.source_ips) e->add_source_ips(ip);
    e->set_through_proxy(claim.through_proxy);
  }
  out.set_config_fingerprint(info.config_fingerprint);
  out.set_quiesced(member.quiesced);
  out.set_fenced(member.fenced);
  return out.SerializeAsString();
}

absl::StatusOr<MemberRecord> DecodeMember(std::string_view bytes) {
  mta::v1::StoredMember in;
  RETURN_IF_ERROR(Parse("member", bytes, &in));
  if (in.id() == 0) return absl::DataLossError("stored member has id 0");
  MemberRecord member{.id = MemberId(in.id()), .quiesced = in.quiesced(), .fenced = in.fenced()};
  Announcement& info = member.info;
  info.shard = {.name = in.name(), .uid = in.uid(), .incarnation = in.incarnation()};
  info.rpc_address = in.rpc_address();
  info.smtp_address = in.smtp_address();
  info.host_id = in.host_id();
  for (const mta::v1::StoredEgressClaim& e : in.egress()) {
    EgressClaim claim{.vmta = e.virtual_mta(), .through_proxy = e.through_proxy()};
    claim.source_ips.assign(e.source_ips().begin(), e.source_ips().end());
    info.egress.push_back(std::move(claim));
  }
  info.config_fingerprint = in.config_fingerprint();
  return member;
}

std::string EncodeTable(const AssignmentTable& table) {
  mta::v1::StoredTable out;
  out.set_format(kFormat);
  out.set_epoch(table.version.epoch.value());
  out.set_version(table.version.version);
  out.set_next_group(table.next_group.value());
  for (const EgressGroup& group : table.groups) PutGroup(group, out.add_groups());
  for (const TableMember& member : table.members) {
    mta::v1::StoredTableMember* m = out.add_members();
    m->set_id(member.id.value());
    m->set_name(member.name);
    m->set_incarnation(member.incarnation);
    m->set_rpc_address(member.rpc_address);
    m->set_live(member.live);
  }
  return out.SerializeAsString();
}

absl::StatusOr<AssignmentTable> DecodeTable(std::string_view bytes) {
  mta::v1::StoredTable in;
  RETURN_IF_ERROR(Parse("table", bytes, &in));
  AssignmentTable table{.version = {.epoch = Epoch(in.epoch()), .version = in.version()},
                        .next_group = GroupId(in.next_group())};
  for (const mta::v1::StoredGroup& g : in.groups()) {
    ASSIGN_OR_RETURN(EgressGroup group, TakeGroup(g));
    table.groups.push_back(std::move(group));
  }
  for (const mta::v1::StoredTableMember& m : in.members()) {
    table.members.push_back({.id = MemberId(m.id()),
                             .name = m.name(),
                             .incarnation = m.incarnation(),
                             .rpc_address = m.rpc_address(),
                             .live = m.live()});
  }
  return table;
}

std::string EncodeConfig(const ConfigRecord& record) {
  mta::v1::StoredConfig out;
  out.set_format(kFormat);
  out.set_version(record.version);
  out.set_time_unix_ms(record.time_ms);
  out.set_who(record.who);
  out.set_comment(record.comment);
  out.set_fingerprint(record.fingerprint);
  out.set_rollback_of(record.rollback_of);
  out.set_bundle(record.bundle);
  out.set_files(record.files);
  out.set_octets(record.octets);
  return out.SerializeAsString();
}

absl::StatusOr<ConfigRecord> DecodeConfig(std::string_view bytes) {
  mta::v1::StoredConfig in;
  RETURN_IF_ERROR(Parse("configuration", bytes, &in));
  if (in.version() == 0) return absl::DataLossError("stored configuration has version 0");
  return ConfigRecord{.version = in.version(),
                      .time_ms = in.time_unix_ms(),
                      .who = in.who(),
                      .comment = in.comment(),
                      .fingerprint = in.fingerprint(),
                      .rollback_of = in.rollback_of(),
                      .bundle = in.bundle(),
                      .files = in.files(),
                      .octets = in.octets()};
}

}  // namespace convoy::coordinator
