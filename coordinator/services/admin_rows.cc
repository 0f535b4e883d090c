#include "coordinator/services/admin_rows.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/stable_hash.h"
#include "base/text.h"

namespace convoy::coordinator {
namespace {

mta::v1::ShardState ToWire(MemberState state) {
  switch (state) {
    case MemberState::kLive:
      return mta::v1::SHARD_STATE_LIVE;
    case MemberState::kSilent:
      return mta::v1::SHARD_STATE_SILENT;
    case MemberState::kQuiesced:
      return mta::v1::SHARD_STATE_QUIESCED;
  }
  return mta::v1::SHARD_STATE_UNSPECIFIED;
}

// The configuration all should have: the coordinator's, else that of most shards.
std::string ExpectedFingerprint(const NodeStatus& node, const Build& build) {
  if (node.config != nullptr) return node.config->fingerprint;
  if (!build.config_fingerprint.empty()) return build.config_fingerprint;
  std::map<std::string, int> votes;
  for (const MemberStatus& m : node.members) ++votes[m.record.info.config_fingerprint];
  const auto most = std::max_element(
      votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == votes.end() ? "" : most->first;
}

bool ConfigDiffers(const NodeStatus& node, const std::string& expected, const MemberStatus& m) {
  if (node.config != nullptr) return m.record.info.config_version != node.config->version;
  return m.record.info.config_fingerprint != expected;
}

std::vector<std::string> Problems(const NodeStatus& node, const Build& build) {
  std::vector<std::string> problems;
  if (node.members.empty()) problems.push_back("no shard has registered yet");
  const std::string expected = ExpectedFingerprint(node, build);
  const bool fence = node.terms.fence_on_lease_loss;
  for (const MemberStatus& m : node.members) {
    const std::string& name = m.record.info.shard.name;
    if (m.state == MemberState::kSilent && m.slots > 0) {
      problems.push_back(
          Cat(name, " is silent and holds ", m.slots, " slots",
              fence ? "" : Cat("; if it is gone for good: convoy shard forget ", name)));
    }
    if (ConfigDiffers(node, expected, m)) {
      problems.push_back(Cat(name, " runs another configuration"));
    }
  }
  for (const EgressGroup& group : node.table->groups) {
    const auto free = std::count(group.owners.begin(), group.owners.end(), kNobody);
    if (free == 0) continue;
    problems.push_back(Cat("no live shard can use virtual MTA ", group.vmtas.front(),
                           group.vmtas.size() > 1 ? " and others" : "", ": their mail waits"));
  }
  return problems;
}

std::map<MemberId, std::string> Names(const AssignmentTable& table) {
  std::map<MemberId, std::string> names{{kNobody, ""}};
  for (const TableMember& member : table.members) names[member.id] = member.name;
  return names;
}

void FillRange(const EgressGroup& group, const std::map<MemberId, std::string>& names,
               uint16_t slot, mta::v1::SlotRange* out) {
  out->set_first(slot);
  out->set_last(slot);
  out->set_owner(names.at(group.owners[slot]));
  const auto promises = group.promises.find(slot);
  if (promises == group.promises.end()) return;
  for (const Promise& promise : promises->second) {
    if (promise.member != group.owners[slot]) out->add_awaiting(names.at(promise.member));
  }
}

bool SameOwner(const mta::v1::SlotRange& a, const mta::v1::SlotRange& b) {
  return a.owner() == b.owner() && std::equal(a.awaiting().begin(), a.awaiting().end(),
                                              b.awaiting().begin(), b.awaiting().end());
}

}  // namespace

void FillStatus(const NodeStatus& node, const Build& build, mta::v1::CoordinatorStatus* out) {
  out->set_version(build.version);
  out->set_epoch(node.epoch.value());
  out->set_table_version(node.table->version.version);
  out->set_started_unix_ms(node.started.unix_ms());
  out->set_uptime_seconds(static_cast<uint64_t>(node.uptime.seconds()));
  out->set_fence_on_lease_loss(node.terms.fence_on_lease_loss);
  out->set_lease_ms(static_cast<uint32_t>(node.terms.length.millis()));
  uint32_t live = 0;
  uint32_t pending = 0;
  for (const MemberStatus& m : node.members) {
    live += m.state == MemberState::kLive ? 1 : 0;
    pending += m.slots_pending;
  }
  out->set_shards_live(live);
  out->set_shards_total(static_cast<uint32_t>(node.members.size()));
  out->set_slots_pending(pending);
  out->set_config_fingerprint(node.config != nullptr ? node.config->fingerprint
                                                     : build.config_fingerprint);
  for (std::string& problem : Problems(node, build)) out->add_problems(std::move(problem));
  out->set_now_unix_ms(node.now.unix_ms());
}

void FillShards(const NodeStatus& node, const Build& build, mta::v1::ShowShardsResponse* out) {
  out->set_epoch(node.epoch.value());
  out->set_table_version(node.table->version.version);
  const std::string expected = ExpectedFingerprint(node, build);
  for (const MemberStatus& m : node.members) {
    const Announcement& info = m.record.info;
    mta::v1::ShardRow* row = out->add_shards();
    row->set_name(info.shard.name);
    row->set_incarnation(info.shard.incarnation);
    row->set_state(ToWire(m.state));
    row->set_rpc_address(info.rpc_address);
    row->set_smtp_address(info.smtp_address);
    row->set_host_id(info.host_id);
    row->set_lease_left_ms(m.lease_left.millis());
    row->set_slots(m.slots);
    row->set_slots_pending(m.slots_pending);
    row->set_applied_epoch(m.applied.epoch.value());
    row->set_applied_version(m.applied.version);
    for (const EgressClaim& claim : info.egress) {
      mta::v1::EgressClaimRow* e = row->add_egress();
      e->set_virtual_mta(claim.vmta);
      for (const std::string& ip : claim.source_ips) e->add_source_ips(ip);
      e->set_through_proxy(claim.through_proxy);
    }
    row->set_config_fingerprint(info.config_fingerprint);
    row->set_config_differs(ConfigDiffers(node, expected, m));
  }
}

void FillAssignment(const AssignmentTable& table, std::string_view site,
                    mta::v1::ShowAssignmentResponse* out) {
  out->set_epoch(table.version.epoch.value());
  out->set_version(table.version.version);
  const auto names = Names(table);
  const auto wanted = static_cast<uint16_t>(StableHash(site) % kSlotCount);
  if (!site.empty()) out->set_slot(wanted);
  for (const EgressGroup& group : table.groups) {
    mta::v1::GroupRow* row = out->add_groups();
    row->set_id(group.id.value());
    for (const std::string& vmta : group.vmtas) row->add_virtual_mtas(vmta);
    for (uint16_t slot = 0; slot < kSlotCount; ++slot) {
      if (!site.empty() && slot != wanted) continue;
      mta::v1::SlotRange range;
      FillRange(group, names, slot, &range);
      const bool extends = !row->slots().empty() && SameOwner(*row->slots().rbegin(), range);
      if (extends) {
        row->mutable_slots()->rbegin()->set_last(slot);
      } else {
        *row->add_slots() = std::move(range);
      }
    }
  }
}

}  // namespace convoy::coordinator
