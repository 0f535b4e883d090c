#include "coordinator/membership/membership.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "base/ip_address.h"
#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::coordinator {
namespace {

constexpr size_t kNameMax = 63;
constexpr size_t kTextMax = 255;
constexpr size_t kUidLength = 32;

bool IsName(std::string_view s) {
  return !s.empty() && s.size() <= kNameMax && std::all_of(s.begin(), s.end(), [](char c) {
    return IsDigit(c) || (c >= 'a' && c <= 'z') || c == '.' || c == '-';
  });
}

bool IsUid(std::string_view s) { return s.size() == kUidLength && HexDecode(s).has_value(); }

absl::Status CheckText(std::string_view field, std::string_view text) {
  if (text.size() <= kTextMax && Escape(text) == text) return absl::OkStatus();
  return absl::InvalidArgumentError(Cat(field, ": expected at most ", kTextMax,
                                        " printable characters, got '",
                                        Escape(text.substr(0, kTextMax)), "'"));
}

absl::Status CheckClaim(const EgressClaim& claim) {
  RETURN_IF_ERROR(CheckText("egress.virtual_mta", claim.vmta));
  if (claim.vmta.empty()) return absl::InvalidArgumentError("egress.virtual_mta: empty");
  if (claim.source_ips.size() > kSourceIpsMax) {
    return absl::InvalidArgumentError(Cat("egress of ", claim.vmta, ": ", claim.source_ips.size(),
                                          " source IPs, at most ", kSourceIpsMax));
  }
  for (const std::string& ip : claim.source_ips) RETURN_IF_ERROR(IpAddress::Parse(ip).status());
  return absl::OkStatus();
}

// Addresses that must not be used from two hosts: not behind a proxy, and not of the host's own.
std::set<IpAddress> ExclusiveIps(const Announcement& announcement) {
  std::set<IpAddress> ips;
  for (const EgressClaim& claim : announcement.egress) {
    for (const std::string& text : claim.source_ips) {
      const absl::StatusOr<IpAddress> ip = IpAddress::Parse(text);
      if (claim.through_proxy || !ip.ok() || ip->is_loopback() || ip->is_unspecified()) continue;
      ips.insert(*ip);
    }
  }
  return ips;
}

}  // namespace

absl::Status CheckIncarnation(const ShardIncarnation& shard) {
  if (!IsName(shard.name)) {
    return absl::InvalidArgumentError(Cat("shard.name: expected 1 to ", kNameMax,
                                          " of a-z, 0-9, '.' and '-', got '",
                                          Escape(shard.name.substr(0, kTextMax)), "'"));
  }
  if (!IsUid(shard.uid)) {
    return absl::InvalidArgumentError("shard.uid: expected 32 hexadecimal digits");
  }
  if (shard.incarnation == 0) return absl::InvalidArgumentError("shard.incarnation: must not be 0");
  return absl::OkStatus();
}

absl::Status CheckAnnouncement(const Announcement& announcement) {
  RETURN_IF_ERROR(CheckIncarnation(announcement.shard));
  RETURN_IF_ERROR(CheckText("rpc_address", announcement.rpc_address));
  RETURN_IF_ERROR(CheckText("smtp_address", announcement.smtp_address));
  RETURN_IF_ERROR(CheckText("host_id", announcement.host_id));
  RETURN_IF_ERROR(CheckText("config_fingerprint", announcement.config_fingerprint));
  if (announcement.rpc_address.empty()) return absl::InvalidArgumentError("rpc_address: empty");
  if (announcement.host_id.empty()) return absl::InvalidArgumentError("host_id: empty");
  if (announcement.egress.size() > kEgressMax) {
    return absl::InvalidArgumentError(
        Cat("egress: ", announcement.egress.size(), " virtual MTAs, at most ", kEgressMax));
  }
  std::set<std::string> vmtas;
  for (const EgressClaim& claim : announcement.egress) {
    RETURN_IF_ERROR(CheckClaim(claim));
    if (!vmtas.insert(claim.vmta).second) {
      return absl::InvalidArgumentError(Cat("egress: virtual MTA ", claim.vmta, " is named twice"));
    }
  }
  return absl::OkStatus();
}

Membership::Membership(LeaseOptions options, MonoTime now, TableVersion first,
                       std::vector<MemberRecord> restored)
    : options_(options) {
  for (MemberRecord& record : restored) {
    next_id_ = std::max(next_id_, MemberId(record.id.value() + 1));
    names_[record.id] = record.info.shard.name;
    const std::string name = record.info.shard.name;
    record.fenced = record.fenced && options_.fence_on_lease_loss;
    const MonoTime hold = record.quiesced ? now + options_.quiesce_hold : now;
    members_[name] = {.record = std::move(record),
                      .lease_until = std::max(hold, LeaseFrom(now)),
                      .must_apply = first};
  }
}

absl::Status Membership::CheckExclusive(const Announcement& announcement) const {
  const std::set<IpAddress> wanted = ExclusiveIps(announcement);
  for (const auto& [name, member] : members_) {
    const Announcement& other = member.record.info;
    if (name == announcement.shard.name || other.host_id == announcement.host_id) continue;
    for (const IpAddress& ip : ExclusiveIps(other)) {
      if (!wanted.contains(ip)) continue;
      return absl::FailedPreconditionError(Cat(
          "source IP ", ip.ToString(), " is claimed by shard ", name, " on another host (",
          other.host_id, "): two hosts may share an IP only through an egress proxy; remove it ",
          "from one of them, or `convoy shard forget ", name, "` if that shard is gone"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Membership::Register(MonoTime now, const Announcement& announcement,
                                          TableVersion current) {
  RETURN_IF_ERROR(CheckAnnouncement(announcement));
  RETURN_IF_ERROR(CheckExclusive(announcement));
  const ShardIncarnation& shard = announcement.shard;
  auto found = members_.find(shard.name);
  if (found == members_.end()) {
    const MemberRecord record{
        .id = next_id_, .info = announcement, .fenced = options_.fence_on_lease_loss};
    next_id_ = MemberId(next_id_.value() + 1);
    names_[record.id] = shard.name;
    members_[shard.name] = {.record = record, .lease_until = LeaseFrom(now), .must_apply = current};
    return true;
  }
  Member& member = found->second;
  MemberRecord& record = member.record;
  const bool restarted =
      shard.uid == record.info.shard.uid && shard.incarnation > record.info.shard.incarnation;
  if (!restarted) RETURN_IF_ERROR(CheckCurrent(shard));
  const MemberState before = StateOf(member, now);
  if (restarted) member.applied = {};
  if (restarted || before != MemberState::kLive) member.must_apply = current;
  member.lease_until = LeaseFrom(now);
  const bool changed = before != MemberState::kLive || !(record.info == announcement);
  record.info = announcement;
  record.quiesced = false;
  return changed;
}

absl::Status Membership::CheckCurrent(const ShardIncarnation& shard) const {
  RETURN_IF_ERROR(CheckIncarnation(shard));
  const Member* member = Find(shard.name);
  if (member == nullptr) return absl::NotFoundError(Cat("shard ", shard.name, " is not a member"));
  const ShardIncarnation& known = member->record.info.shard;
  if (shard.uid != known.uid) {
    return absl::AlreadyExistsError(
        Cat("the name ", shard.name, " belongs to a shard with another data directory: choose ",
            "another name, or `convoy shard forget ", shard.name, "` if that shard is gone"));
  }
  if (shard.incarnation < known.incarnation) {
    return absl::AbortedError(Cat("a newer incarnation of shard ", shard.name, " has registered: ",
                                  known.incarnation, ", this is ", shard.incarnation));
  }
  if (shard.incarnation > known.incarnation) {
    return absl::NotFoundError(
        Cat("incarnation ", shard.incarnation, " of shard ", shard.name, " has not registered"));
  }
  if (member->record.quiesced) {
    return absl::AbortedError(
        Cat("incarnation ", shard.incarnation, " of shard ", shard.name, " has left"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Membership::Member*> Membership::Current(const ShardIncarnation& shard) {
  RETURN_IF_ERROR(CheckCurrent(shard));
  return &members_.find(shard.name)->second;
}

absl::StatusOr<Membership::Renewal> Membership::Renew(MonoTime now, const ShardIncarnation& shard,
                                                      TableVersion applied, TableVersion current) {
  ASSIGN_OR_RETURN(Member * member, Current(shard));
  if (applied > current) {
    return absl::InvalidArgumentError(Cat("applied table ", applied.epoch.value(), ".",
                                          applied.version, " is newer than ", current.epoch.value(),
                                          ".", current.version));
  }
  Renewal renewal;
  renewal.news = applied > member->applied || StateOf(*member, now) != MemberState::kLive;
  member->applied = std::max(member->applied, applied);
  if (options_.fence_on_lease_loss && applied.epoch == current.epoch) {
    renewal.record_changed = !std::exchange(member->record.fenced, true);
  }
  if (StateOf(*member, now) != MemberState::kLive) member->must_apply = current;
  if (options_.fence_on_lease_loss && member->applied < member->must_apply) return renewal;
  member->lease_until = LeaseFrom(now);
  renewal.granted = true;
  return renewal;
}

absl::StatusOr<MemberId> Membership::Leave(MonoTime now, const ShardIncarnation& shard,
                                           LeaveMode mode) {
  const absl::Status current = CheckCurrent(shard);
  const Member* known = Find(shard.name);
  const bool repeated = known != nullptr && known->record.info.shard == shard;
  if (!current.ok() && !(repeated && absl::IsAborted(current))) return current;
  Member& member = members_.find(shard.name)->second;
  const MemberId id = member.record.id;
  if (mode == LeaveMode::kRelease) {
    names_.erase(id);
    members_.erase(shard.name);
    return id;
  }
  if (member.record.quiesced) return id;
  member.record.quiesced = true;
  member.lease_until = std::min(member.lease_until, now);
  if (options_.fence_on_lease_loss) member.lease_until = now + options_.quiesce_hold;
  return id;
}

absl::StatusOr<MemberId> Membership::Forget(MonoTime now, std::string_view name) {
  const Member* member = Find(name);
  if (member == nullptr) {
    return absl::NotFoundError(Cat("no shard is called '", Escape(name), "'"));
  }
  if (StateOf(*member, now) == MemberState::kLive) {
    return absl::FailedPreconditionError(Cat("shard ", name, " holds a lease for another ",
                                             (member->lease_until - now).millis() / 1000 + 1,
                                             " s: stop it first"));
  }
  const MemberId id = member->record.id;
  names_.erase(id);
  members_.erase(members_.find(name));
  return id;
}

MemberState Membership::StateOf(const Member& member, MonoTime now) const {
  if (member.record.quiesced) return MemberState::kQuiesced;
  return LeaseOver(member, now) ? MemberState::kSilent : MemberState::kLive;
}

bool Membership::Stopped(MemberId id, MonoTime now) const {
  const Member* member = Find(id);
  if (member == nullptr) return true;
  return Fenced(*member) && (member->record.quiesced || LeaseOver(*member, now));
}

bool Membership::SlotsLost(MemberId id, MonoTime now) const {
  const Member* member = Find(id);
  if (member == nullptr) return true;
  return Fenced(*member) && LeaseOver(*member, now);
}

std::optional<MonoTime> Membership::NextDeadline(MonoTime now) const {
  std::optional<MonoTime> next;
  for (const auto& [name, member] : members_) {
    if (LeaseOver(member, now)) continue;
    next = next.has_value() ? std::min(*next, member.lease_until) : member.lease_until;
  }
  return next;
}

const Membership::Member* Membership::Find(MemberId id) const {
  const auto found = names_.find(id);
  return found == names_.end() ? nullptr : Find(found->second);
}

const Membership::Member* Membership::Find(std::string_view name) const {
  const auto found = members_.find(name);
  return found == members_.end() ? nullptr : &found->second;
}

}  // namespace convoy::coordinator
