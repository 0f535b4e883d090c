// The coordinator's whole mind: membership and assignment as one machine of events.
//
// Each event returns what to answer and leaves an Update: what must be durable *before* the answer
// is given and the table is published. Same state and same events give the same updates, so the
// simulator runs this very class.
//
//     auto answer = core.OnRegister(now, announcement);
//     const Update update = core.TakeUpdate();
//     if (!update.empty()) store.Write(update);   // synced; a failure ends the process
//     if (update.table_changed) publish(core.table());
//     reply(answer);
//
// Determinism: pure; `now` is MonoTime of the coordinator
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "coordinator/assignment/table.h"
#include "coordinator/membership/membership.h"

namespace convoy::coordinator {

// What a coordinator finds in its store when it starts.
struct StoredState {
  AssignmentTable table;
  std::vector<MemberRecord> members;
};

// Changes to be written as one.
struct Update {
  std::vector<MemberRecord> put_members;
  std::vector<MemberId> erased_members;
  bool table_changed = false;

  bool empty() const { return put_members.empty() && erased_members.empty() && !table_changed; }
};

class ClusterCore {
 public:
  // `epoch` is higher than any before. Leaves an Update: the first table of this epoch.
  ClusterCore(LeaseOptions options, MonoTime now, Epoch epoch, StoredState stored);

  // Errors of the events: see proto/cluster.proto. `highest` is the highest epoch the caller has
  // seen.
  absl::Status OnRegister(MonoTime now, Epoch highest, const Announcement& announcement);
  // Returns whether a lease was granted.
  absl::StatusOr<bool> OnRenew(MonoTime now, Epoch highest, const ShardIncarnation& shard,
                               TableVersion applied);
  absl::Status OnLeave(MonoTime now, Epoch highest, const ShardIncarnation& shard, LeaveMode mode);
  // Returns how many slots changed hands.
  absl::StatusOr<uint32_t> OnForget(MonoTime now, Epoch highest, std::string_view name);
  // To be called at NextDeadline().
  void OnTick(MonoTime now);

  std::optional<MonoTime> NextDeadline(MonoTime now) const { return membership_.NextDeadline(now); }
  Update TakeUpdate();

  Epoch epoch() const { return epoch_; }
  const AssignmentTable& table() const { return table_; }
  const Membership& membership() const { return membership_; }

 private:
  absl::Status CheckEpoch(Epoch highest) const;
  void Save(MemberId id);
  void Settle(MonoTime now);

  const Epoch epoch_;
  Membership membership_;
  AssignmentTable table_;
  Update update_;
};

}  // namespace convoy::coordinator
