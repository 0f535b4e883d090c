#include "coordinator/cluster_core.h"

#include <utility>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "coordinator/assignment/reconciler.h"

namespace convoy::coordinator {

ClusterCore::ClusterCore(LeaseOptions options, MonoTime now, Epoch epoch, StoredState stored)
    : epoch_(epoch),
      membership_(options, now, {.epoch = epoch, .version = stored.table.version.version + 1},
                  std::move(stored.members)),
      table_(std::move(stored.table)) {
  CHECK(epoch_ > table_.version.epoch);
  Settle(now);
}

// A caller that has seen a higher epoch has spoken to a later coordinator: this one is not it.
absl::Status ClusterCore::CheckEpoch(Epoch highest) const {
  if (highest <= epoch_) return absl::OkStatus();
  return absl::FailedPreconditionError(Cat(
      "this coordinator is in epoch ", epoch_.value(), ", the caller has seen ", highest.value(),
      ": another coordinator has taken over, or this one has lost its data directory"));
}

void ClusterCore::Save(MemberId id) { update_.put_members.push_back(membership_.Find(id)->record); }

// Until nothing changes: a promise that ends in one step may free the next.
void ClusterCore::Settle(MonoTime now) {
  constexpr int kStepsMax = 8;
  for (int step = 0; step < kStepsMax; ++step) {
    AssignmentTable next = Reconcile(table_, membership_, epoch_, now);
    if (next.version == table_.version) return;
    table_ = std::move(next);
    update_.table_changed = true;
  }
  CHECK(!"assignment does not settle");
}

absl::Status ClusterCore::OnRegister(MonoTime now, Epoch highest,
                                     const Announcement& announcement) {
  RETURN_IF_ERROR(CheckEpoch(highest));
  ASSIGN_OR_RETURN(const bool changed, membership_.Register(now, announcement, table_.version));
  if (changed) Save(membership_.Find(announcement.shard.name)->record.id);
  Settle(now);
  return absl::OkStatus();
}

absl::StatusOr<bool> ClusterCore::OnRenew(MonoTime now, Epoch highest,
                                          const ShardIncarnation& shard, TableVersion applied) {
  RETURN_IF_ERROR(CheckEpoch(highest));
  ASSIGN_OR_RETURN(const Membership::Renewal renewal,
                   membership_.Renew(now, shard, applied, table_.version));
  if (renewal.record_changed) Save(membership_.Find(shard.name)->record.id);
  if (renewal.news) Settle(now);
  return renewal.granted;
}

absl::Status ClusterCore::OnLeave(MonoTime now, Epoch highest, const ShardIncarnation& shard,
                                  LeaveMode mode) {
  RETURN_IF_ERROR(CheckEpoch(highest));
  ASSIGN_OR_RETURN(const MemberId id, membership_.Leave(now, shard, mode));
  if (mode == LeaveMode::kRelease) {
    update_.erased_members.push_back(id);
  } else {
    Save(id);
  }
  Settle(now);
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> ClusterCore::OnForget(MonoTime now, Epoch highest, std::string_view name) {
  RETURN_IF_ERROR(CheckEpoch(highest));
  ASSIGN_OR_RETURN(const MemberId id, membership_.Forget(now, name));
  uint32_t slots = 0;
  for (const EgressGroup& group : table_.groups) {
    for (const MemberId owner : group.owners) slots += owner == id ? 1 : 0;
  }
  update_.erased_members.push_back(id);
  Settle(now);
  return slots;
}

void ClusterCore::OnTick(MonoTime now) { Settle(now); }

Update ClusterCore::TakeUpdate() { return std::exchange(update_, {}); }

}  // namespace convoy::coordinator
