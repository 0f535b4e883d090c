// One run of the coordinator: the daemon's node over a store in memory, and the shard's channel to
// it.
//
// Thread:    loop-affine
// Determinism: pure, given the loop and the wire
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "coordinator/node.h"
#include "coordinator/store/memory_store.h"
#include "shard/cluster/coordinator_channel.h"
#include "sim/process_loop.h"
#include "sim/wire.h"

namespace convoy::sim {

class CoordinatorProcess {
 public:
  CoordinatorProcess(EventLoop& shared, coordinator::MemoryDisk& disk, Duration mono_ahead,
                     bool fence);
  // CHECKs that the store opens.
  void Start();

  ProcessLoop loop;
  coordinator::CoordinatorNode& node() { return node_; }

 private:
  coordinator::MemoryStore store_;
  coordinator::CoordinatorNode node_;
};

// Where the running coordinator is, if one runs, and who must hear that it died.
struct CoordinatorPlace {
  CoordinatorProcess* process = nullptr;
  uint64_t run = 0;  // counts starts
};

// As it travels. The content is a short text, and serves as its own digest.
shard::ConfigVersion VersionOf(const coordinator::ConfigRecord& record);

class SimCoordinatorChannel final : public shard::CoordinatorChannel {
 public:
  SimCoordinatorChannel(ProcessLoop& loop, Wire& wire, CoordinatorPlace& place, std::string self)
      : loop_(loop), wire_(wire), place_(place), self_(std::move(self)) {}

  void Register(const shard::ShardAnnouncement& announcement, shard::Epoch highest,
                Duration deadline, Done<shard::RegisterReply> done) override;
  void Renew(const shard::ShardIncarnation& shard, shard::Epoch highest,
             shard::TableVersion applied, Duration deadline, Done<shard::RenewReply> done) override;
  void Leave(const shard::ShardIncarnation& shard, shard::Epoch highest, shard::LeaveMode mode,
             Duration deadline, Done<shard::Epoch> done) override;
  void FetchConfig(const shard::ShardIncarnation& shard, uint64_t version, Duration deadline,
                   Done<shard::ConfigVersion> done) override;
  void OpenWatch(const shard::ShardIncarnation& shard, shard::Epoch highest, TableHandler on_table,
                 EndHandler on_end) override;
  void CloseWatch() override;

 private:
  struct WatchState {
    TableHandler on_table;
    EndHandler on_end;
    uint64_t run = 0;  // of the coordinator that serves it
    coordinator::WatcherId id;
    MonoTime last_arrival{};
  };
  void Ask(const std::shared_ptr<WatchState>& watch, coordinator::ShardIncarnation shard);
  void Probe(const std::shared_ptr<WatchState>& watch);
  void Tell(const std::shared_ptr<WatchState>& watch,
            std::shared_ptr<const coordinator::AssignmentTable> table);
  void End(const std::shared_ptr<WatchState>& watch, absl::Status status);
  // Runs `call` at the coordinator if it can be reached.
  void AtCoordinator(std::function<void(CoordinatorProcess&)> call);
  // Runs `arrive` on the way back.
  void Back(Callback arrive);

  ProcessLoop& loop_;
  Wire& wire_;
  CoordinatorPlace& place_;
  const std::string self_;
  std::shared_ptr<WatchState> watch_;
};

}  // namespace convoy::sim
