// May this shard assign attempts now? Its lease, by its own clock.
//
// A lease of length L answered for a request sent at T is valid until T + L - margin on
// CLOCK_BOOTTIME: counted from the sending, so a slow answer shortens it, and boot time, so a
// suspended machine wakes up without one. The coordinator waits L plus its own margin from the
// receipt before it gives the slots away; the two margins absorb clocks that run at different
// speeds.
//
//     mode                     no lease ever   valid     lapsed    superseded, released
//     fence-on-lease-loss yes  no              yes       no        no
//     fence-on-lease-loss no   yes (*)         yes       yes       no
//     (*) the table decides: without a table nothing is owned
//
// Asked before connecting and before MAIL. An outcome already given by a remote server is always
// recorded.
//
// Thread:    loop-affine
// Determinism: pure; `now` is MonoTime of the shard's Clock
#pragma once

#include <optional>

#include "base/time_types.h"

namespace convoy::shard {

struct LeaseTerms {
  Duration length = Seconds(15);
  Duration margin = Seconds(2);
  bool fence_on_lease_loss = false;
};

class LeaseView {
 public:
  // The mode is known again from a stored table before the coordinator answers.
  void SetMode(bool fence_on_lease_loss) { fence_on_lease_loss_ = fence_on_lease_loss; }

  // The coordinator granted `terms` to a request sent at `sent_at`. Never shortens a lease.
  void OnGranted(MonoTime sent_at, const LeaseTerms& terms);
  // The coordinator does not know us (any more), or we left: no lease until the next grant.
  void OnEnded();
  // Another incarnation of this shard is running: nothing may be assigned, for ever.
  void OnSuperseded() { superseded_ = true; }

  // Its slots are being given back: nothing may be assigned in this run any more.
  void OnReleased() { released_ = true; }

  bool MayAssign(MonoTime now) const;
  // A lease is held, whatever the mode.
  bool Valid(MonoTime now) const { return valid_until_.has_value() && now < *valid_until_; }
  // In mode yes, the first moment at which MayAssign will be false; nullopt when no time limits it.
  std::optional<MonoTime> AssignUntil() const;
  bool superseded() const { return superseded_; }
  bool fence_on_lease_loss() const { return fence_on_lease_loss_; }

 private:
  std::optional<MonoTime> valid_until_;
  bool fence_on_lease_loss_ = false;
  bool superseded_ = false;
  bool released_ = false;
};

}  // namespace convoy::shard
