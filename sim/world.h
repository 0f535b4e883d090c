// One run: a cluster, its clients and receivers, and the disasters of a scenario, all drawn from a
// seed.
//
//     workload and disasters          calm                       end
//     |---- scenario.seconds ----|---- until nothing is queued ----| checkers
//
// When it becomes calm, partitions are mended, what is down is started, receivers only refuse users
// that do not exist, and the run goes on, for kCalmMax at most, until every queue is empty.
//
// Determinism: the same seed and scenario give the same trace hash
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/virtual_loop.h"
#include "sim/checkers.h"
#include "sim/client.h"
#include "sim/cluster_reload.h"
#include "sim/config_watch.h"
#include "sim/coordinator_process.h"
#include "sim/evidence.h"
#include "sim/limit_watch.h"
#include "sim/receiver.h"
#include "sim/scenario.h"
#include "sim/shard_process.h"
#include "sim/trace.h"

namespace convoy::sim {

struct RunResult {
  uint64_t trace_hash = 0;
  uint64_t events = 0;
  RunCounts counts;
  uint64_t kills = 0;
  std::map<std::string, uint64_t, std::less<>> happened;
  Duration lasted;
  std::vector<std::string> broken;
  std::vector<std::string> tail;  // the last lines of the trace, if something is broken
};

class World {
 public:
  static constexpr Duration kCalmMax = Hours(4);

  World(const Scenario& scenario, uint64_t seed, bool verbose);
  // Never destroyed after Run(): killed processes are left in it.
  RunResult Run();

 private:
  void BuildReceivers();
  void StartCoordinator();
  void KillCoordinator();
  void StartShard(int number);
  void KillShard(int number);
  void EndShard(int number);
  void LeaveShard(int number, Duration down);
  void PlanDisasters();
  void PlanKills();
  void PlanPartitions();
  void PlanMoods();
  void PlanFullDisks();
  void PlanDnsFailures();
  void PlanReloads();
  void Reload(bool refused);
  void OnApplied(int shard, uint64_t version, const std::string& bundle, const PolicyTable& before);
  void Watch();
  void BecomeCalm();
  bool Quiet() const;
  void NoteUnknown(const shard::ForwardBatch& batch);
  Duration Sometime();  // within the scenario's time
  Duration DiskLatency();

  const Scenario scenario_;
  Rng rng_;
  VirtualLoop loop_;
  VirtualNetwork network_;
  Trace trace_;
  Evidence evidence_;
  PolicyVersions policies_;
  Wire wire_;
  dns::TableResolver resolver_;
  LimitWatch limits_;
  ConfigWatch configs_;
  ClusterReload* reload_ = nullptr;  // the last one; left where it is
  bool reloading_ = false;
  Clients clients_;
  std::shared_ptr<const shard::SuppressionList> suppressed_;
  bool suppression_on_ = false;
  bool slow_disk_ = false;
  bool calm_ = false;

  coordinator::MemoryDisk coordinator_disk_;
  CoordinatorPlace coordinator_;
  ShardPlaces shards_;            // index: number, from 1
  std::vector<ShardDisk> disks_;  // the same
  std::vector<std::unique_ptr<Receiver>> receivers_;
};

}  // namespace convoy::sim
