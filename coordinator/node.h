// One running coordinator: the core, its store, its lease timer, the watchers of the table, and the
// versions of the configuration.
//
// Carries events into the core and its updates out, in this order: durable, then published, then
// answered. Answers keep the order of their events, also those that changed nothing: what an answer
// presumes is durable when it is given.
//
//     service ---event---> core ---Update---> store
//        ^                                      | done
//        +--- answer <--- publish <-------------+
//
// gRPC (services/) and the simulator are the two callers.
//
// Limits:    kWatchersMax open watches; further ones are refused with ResourceExhausted
// Errors:    of the core, as in proto/cluster.proto; a failed commit calls Options::on_fatal
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/cluster_core.h"
#include "coordinator/reload/config_record.h"
#include "coordinator/store/store.h"
#include "runtime/event_loop.h"

namespace convoy::coordinator {

struct WatcherIdTag;
using WatcherId = StrongId<WatcherIdTag, uint64_t>;

// The lease part of an answer.
struct LeaseAnswer {
  Epoch epoch;
  LeaseOptions terms;
  bool granted = false;
  uint64_t config_version = 0;  // the current one; 0: there is none
};

struct RegisterAnswer {
  LeaseAnswer lease;
  std::shared_ptr<const AssignmentTable> table;
};

struct RenewAnswer {
  LeaseAnswer lease;
  uint64_t newest_version = 0;
};

struct ForgetAnswer {
  uint32_t slots_moved = 0;
  TableVersion version;
};

// A member with what only the running coordinator knows of it, to show to people.
struct MemberStatus {
  MemberRecord record;
  MemberState state = MemberState::kSilent;
  Duration lease_left;  // negative: ended so long ago
  TableVersion applied;
  uint32_t slots = 0;
  uint32_t slots_pending = 0;
};

struct NodeStatus {
  Epoch epoch;
  LeaseOptions terms;
  WallTime started;
  Duration uptime;
  WallTime now;
  std::shared_ptr<const AssignmentTable> table;
  std::vector<MemberStatus> members;  // by name
  ConfigRecordPtr config;             // the current version; null: there is none
};

class CoordinatorNode {
 public:
  static constexpr size_t kWatchersMax = 4096;

  struct Options {
    LeaseOptions lease;
    // The store has failed: end the process. Nothing is answered any more.
    absl::AnyInvocable<void(const absl::Status&)> on_fatal;
  };
  template <typename T>
  using Reply = absl::AnyInvocable<void(absl::StatusOr<T>)>;
  using TableHandler = absl::AnyInvocable<void(std::shared_ptr<const AssignmentTable>)>;
  using EndHandler = absl::AnyInvocable<void(absl::Status)>;

  CoordinatorNode(EventLoop& loop, Store& store, Options options);
  CoordinatorNode(const CoordinatorNode&) = delete;
  CoordinatorNode& operator=(const CoordinatorNode&) = delete;
  ~CoordinatorNode();

  // Opens the store and publishes the first table of the new epoch. Once, before the loop runs.
  absl::Status Start();

  // Each reply runs exactly once, unless the node is destroyed first or the store fails.
  void Register(Epoch highest, Announcement announcement, Reply<RegisterAnswer> reply);
  void Renew(Epoch highest, const ShardIncarnation& shard, TableVersion applied,
             Reply<RenewAnswer> reply);
  void Leave(Epoch highest, const ShardIncarnation& shard, LeaveMode mode, Reply<Epoch> reply);
  void Forget(Epoch highest, std::string_view name, Reply<ForgetAnswer> reply);

  // `on_table` with the present table and each newer one, `on_end` once if the shard may not watch
  // (any more). Handlers run in later turns.
  WatcherId Watch(const ShardIncarnation& shard, TableHandler on_table, EndHandler on_end);
  // No handler of this watch runs any more. Harmless if it has ended.
  void Unwatch(WatcherId watcher);
  // Ends all watches with this status (the coordinator stops).
  void EndWatches(const absl::Status& status);

  NodeStatus Describe() const;

  // Makes the record the current version: durable first, then in every lease answer, then `done`.
  // Its version must be the next one.
  void AdoptConfig(ConfigRecord record, Callback done);
  const ConfigHistory& configs() const { return configs_; }

 private:
  struct Watcher {
    ShardIncarnation shard;
    TableHandler on_table;
    EndHandler on_end;
    TableVersion sent;
  };
  // What happens once the update of an event is durable.
  struct Step {
    std::shared_ptr<const AssignmentTable> table;  // to publish; null: as before
    ConfigRecordPtr config;                        // now current; null: as before
    Callback answer;                               // may be null
  };

  MonoTime Now() const { return loop_.MonoNow(); }
  LeaseAnswer Lease(bool granted) const;
  void Finish(Callback answer);
  void Write(StoreWrite write, Step step);
  void OnDurable(const absl::Status& status);
  void Publish();
  void NotifyOne(WatcherId id);
  void ScheduleTick();
  void Tick();
  std::weak_ptr<bool> Alive() const { return alive_; }

  // Constant after construction.
  EventLoop& loop_;
  Store& store_;
  Options options_;

  // Loop state.
  std::unique_ptr<ClusterCore> core_;
  std::shared_ptr<const AssignmentTable> published_;
  ConfigHistory configs_;
  std::deque<Step> waiting_;  // steps whose commit is on the way, and steps behind them
  std::deque<bool> commits_;  // for each waiting step, whether it awaits a commit of its own
  std::map<WatcherId, Watcher> watchers_;
  uint64_t next_watcher_ = 1;
  TimerId tick_;
  MonoTime started_{};
  WallTime started_wall_{};
  bool failed_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // callbacks hold it weakly
};

}  // namespace convoy::coordinator
