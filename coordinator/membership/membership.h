// Who is in the cluster, and for how long: members, incarnations and leases.
//
//                Register (new uid, name free)
//     (unknown) ------------------------------> Live <---- Register / Renew ----+
//         ^                                      |  \                           |
//         | Forget, Leave(release)               |   \ lease + margin passed    |
//         |                                      v    `-----------------> Silent+
//         +------------- Quiesced <-- Leave(quiesce)                        |
//         |                 `-- Register of a higher incarnation --> Live   |
//         +-----------------------------------------------------------------+
//
// A lease lasts, here, for its length plus a margin from the *receipt* of the request; the shard
// counts its length less the margin from the *sending*. Two predicates are what the assignment
// builds on:
//
//     predicate      mode yes and m is fenced              else
//     Stopped(m)     lease and margin over, or quiesced    not a member
//     SlotsLost(m)   lease and margin over; quiesced:      not a member
//                    also the hold time over
//
// A member is *fenced* when it certainly knows mode yes: when the cluster is switched over from
// mode no, only after it has acknowledged a table of the new epoch.
//
// After a restart of the coordinator every member counts as holding a lease granted just now:
// nothing is given away before a full lease has passed. A member whose lease has lapsed gets it
// back only with the table of that moment or a newer one (`must_apply`), because its slots may
// belong to others.
//
// Errors:    as in proto/cluster.proto, Register, Renew and Leave
// Determinism: pure; `now` is MonoTime of the coordinator
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/time_types.h"
#include "coordinator/membership/member.h"

namespace convoy::coordinator {

struct LeaseOptions {
  Duration length = Seconds(15);
  bool fence_on_lease_loss = false;
  // Mode yes: how long a quiesced shard keeps its slots beyond its lease.
  Duration quiesce_hold = Seconds(60);

  // On each side of the lease; absorbs clocks that differ by up to an eighth in speed.
  Duration margin() const { return length / 8; }
};

class Membership {
 public:
  struct Member {
    MemberRecord record;
    MonoTime lease_until;     // margin included
    TableVersion applied;     // acknowledged by this incarnation
    TableVersion must_apply;  // no lease before this is acknowledged
  };

  struct Renewal {
    bool granted = false;         // false: `current` must be applied first
    bool record_changed = false;  // keep the member's record
    bool news = false;            // the assignment may have to change
  };

  // Leases of restored members come back only with table `first`: what they hold may predate a loss
  // of their slots that nobody remembers.
  Membership(LeaseOptions options, MonoTime now, TableVersion first,
             std::vector<MemberRecord> restored);

  // Makes `announcement` a member or updates it, and grants a lease; the answer must carry a table
  // of at least `current`. Returns whether anything that is kept or assigned by has changed.
  absl::StatusOr<bool> Register(MonoTime now, const Announcement& announcement,
                                TableVersion current);
  absl::StatusOr<Renewal> Renew(MonoTime now, const ShardIncarnation& shard, TableVersion applied,
                                TableVersion current);
  // Returns the id of the member; with kRelease it is one no more.
  absl::StatusOr<MemberId> Leave(MonoTime now, const ShardIncarnation& shard, LeaveMode mode);
  // NotFound, or FailedPrecondition while it is live.
  absl::StatusOr<MemberId> Forget(MonoTime now, std::string_view name);

  // The state it would be refused in, if it opened a watch.
  absl::Status CheckCurrent(const ShardIncarnation& shard) const;

  MemberState StateOf(const Member& member, MonoTime now) const;
  // It certainly assigns nothing under any table older than the next one it is given.
  bool Stopped(MemberId id, MonoTime now) const;
  // Its slots may be given to others.
  bool SlotsLost(MemberId id, MonoTime now) const;
  // The next moment after `now` at which one of the answers above changes by itself.
  std::optional<MonoTime> NextDeadline(MonoTime now) const;

  // By name.
  const std::map<std::string, Member, std::less<>>& members() const { return members_; }
  const Member* Find(MemberId id) const;
  const Member* Find(std::string_view name) const;
  const LeaseOptions& options() const { return options_; }

 private:
  absl::StatusOr<Member*> Current(const ShardIncarnation& shard);
  absl::Status CheckExclusive(const Announcement& announcement) const;
  bool Fenced(const Member& member) const {
    return options_.fence_on_lease_loss && member.record.fenced;
  }
  bool LeaseOver(const Member& member, MonoTime now) const { return now >= member.lease_until; }
  MonoTime LeaseFrom(MonoTime now) const { return now + options_.length + options_.margin(); }

  const LeaseOptions options_;

  std::map<std::string, Member, std::less<>> members_;
  std::map<MemberId, std::string> names_;
  MemberId next_id_{1};
};

}  // namespace convoy::coordinator
