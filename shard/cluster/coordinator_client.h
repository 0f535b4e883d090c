// Keeps a shard a member of the cluster: registers, renews, watches, and feeds the two views.
//
//     Connecting --registered--> Member --ABORTED--> Superseded (end)
//         ^  |  backoff            |
//         |  +--<--+               | NOT_FOUND, epoch went up
//         +------------------------+         (a failed renewal is retried in place)
//     any --Leave()--> Left (end)
//
// A table is applied in memory first (the shard stops assigning what is no longer its own), then
// stored through `store_table`, and only then acknowledged: after a crash the shard cannot come
// back with an older table than one it has acknowledged. Acknowledgements travel with a Renew, sent
// at once.
//
// Every lease answer names the current version of the cluster's configuration. While the shard runs
// an older one, `take_config` is told, and the lease of the answer is not used; when the shard has
// taken the version it announces itself again, which brings a lease.
//
//     CoordinatorClient client(loop, channel, view, lease, std::move(options),
//     std::move(handlers));
//     client.Start(stored_table);                      // may send at once in mode `no`
//     client.Announce(changed);                        // after a reload
//     client.Leave(LeaveMode::kQuiesce, [] { ... });   // after the last assignment has stopped
//
// Who leaves with kRelease may find its slots with others when it comes back, and in mode `no` a
// stored table counts before the coordinator has answered. So a table that gives it nothing is
// stored first, and only then is the coordinator told.
//
// Limits:    one Register and one Renew in flight; backoff from 100 ms to kBackoffMax with jitter
// Thread:    loop-affine. Owns nothing given by reference; all of it must outlive this object
// Determinism: uses the loop's clock and the given Rng
#pragma once

#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "base/rng.h"
#include "runtime/event_loop.h"
#include "shard/cluster/assignment_view.h"
#include "shard/cluster/coordinator_channel.h"
#include "shard/cluster/lease_view.h"

namespace convoy::shard {

class CoordinatorClient {
 public:
  enum class State { kIdle, kConnecting, kMember, kSuperseded, kLeft };

  static constexpr Duration kBackoffMin = Milliseconds(100);
  static constexpr Duration kBackoffMax = Seconds(2);

  struct Handlers {
    // The view has just taken this table. Optional.
    absl::AnyInvocable<void(const AssignmentTable&)> on_table;
    // The lease was granted, renewed or ended, or the state changed: look at MayAssign again.
    // Optional.
    absl::AnyInvocable<void()> on_lease;
    // Makes the table durable, then calls back on the loop. Calls may overlap; only the last
    // matters. Required. EncodeTable() in shard/cluster/rpc/table_codec.h gives the bytes.
    absl::AnyInvocable<void(std::shared_ptr<const AssignmentTable>, Callback stored)> store_table;
    // This version is current and newer than what was announced: fetch it, run it, and Announce()
    // it; then or on failure call back. Not told again before that. Optional: without it any
    // version will do.
    absl::AnyInvocable<void(uint64_t version, Callback ended)> take_config;
  };

  CoordinatorClient(EventLoop& loop, CoordinatorChannel& channel, AssignmentView& view,
                    LeaseView& lease, ShardAnnouncement announcement, Handlers handlers, Rng rng);
  CoordinatorClient(const CoordinatorClient&) = delete;
  CoordinatorClient& operator=(const CoordinatorClient&) = delete;
  ~CoordinatorClient();

  // `stored` is the table kept from before the restart; null if there is none.
  void Start(std::shared_ptr<const AssignmentTable> stored);
  // Registers again with what has changed. The identity must be the same.
  void Announce(ShardAnnouncement announcement);
  // Ends the lease; with kRelease nothing may be assigned again in this run. `done` runs when the
  // coordinator has confirmed or `patience` is over (it may then not have been told).
  void Leave(LeaveMode mode, Duration patience, Callback done);

  State state() const { return state_; }
  // The last error of a call to the coordinator; OK while all is well.
  const absl::Status& last_error() const { return last_error_; }
  // The last table stored durably.
  TableVersion acknowledged() const { return stored_; }

 private:
  bool Ended() const { return state_ == State::kSuperseded || state_ == State::kLeft; }
  std::weak_ptr<bool> Alive() const { return alive_; }

  void Register();
  void OnRegistered(MonoTime sent_at, absl::StatusOr<RegisterReply> reply);
  void RetryRegister(const absl::Status& why);
  void Renew();
  void OnRenewed(MonoTime sent_at, absl::StatusOr<RenewReply> reply);
  void OnRenewFailed(const absl::Status& why);
  void NoticeStalledWatch(uint64_t newest_version);
  bool RunsConfig(uint64_t current);
  void OpenWatch();
  void OnWatchEnded(const absl::Status& status);
  void TakeTable(std::shared_ptr<const AssignmentTable> table);
  void OnStored(TableVersion version);
  void StoreRelease();
  void CallLeave(LeaveMode mode);
  void OnLeaveAnswered(LeaveMode mode, const absl::Status& status);
  void FinishLeave();
  void Supersede(const absl::Status& why);
  absl::Status TakeEpoch(Epoch epoch);
  void SetTimer(Duration delay, void (CoordinatorClient::*method)());
  void LeaseChanged();
  Duration Jittered(Duration span);
  Duration Backoff();
  Duration CallDeadline() const { return terms_.length / 3; }

  // Constant after construction.
  EventLoop& loop_;
  CoordinatorChannel& channel_;
  AssignmentView& view_;
  LeaseView& lease_;
  Handlers handlers_;

  // Loop state.
  Rng rng_;
  ShardAnnouncement announcement_;
  State state_ = State::kIdle;
  LeaseTerms terms_;
  TableVersion stored_;          // what a restart would find
  bool calling_ = false;         // a Register or Renew is in flight
  bool register_again_ = false;  // wanted while a call was in flight
  bool renew_again_ = false;
  bool watching_ = false;
  bool taking_config_ = false;
  int behind_ = 0;  // renewals in a row that spoke of a table the watch has not brought
  Duration backoff_ = kBackoffMin;
  Duration watch_backoff_ = kBackoffMin;
  TimerId timer_;  // the next Register, Renew or Leave
  TimerId watch_timer_;
  TimerId leave_timer_;
  Callback left_;  // set while leaving
  absl::Status last_error_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // callbacks hold it weakly
};

}  // namespace convoy::shard
