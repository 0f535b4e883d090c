// Holds the cluster to what a reload promises: only what was decided is ever in effect, one version
// is one content, every lease holder was ready for it, and who holds a lease runs what was current
// when that lease was asked for.
//
// Breaks (Evidence::broken) name the shard, the versions and the moment.
//
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "coordinator/reload/config_record.h"
#include "runtime/event_loop.h"
#include "sim/evidence.h"
#include "sim/shard_process.h"

namespace convoy::sim {

class ConfigWatch {
 public:
  // `lease`: how long a lease lasts, from its request on.
  ConfigWatch(const EventLoop& loop, Evidence& evidence, const ShardPlaces& shards, Duration lease)
      : loop_(loop), evidence_(evidence), shards_(shards), lease_(lease) {}

  // Durable at the coordinator. Heard twice: as it becomes durable, and when a coordinator starts.
  void Decided(const coordinator::ConfigRecord& record);
  // It could run this.
  void Ready(int shard, uint64_t run, const std::string& bundle) {
    ready_.insert({bundle, {shard, run}});
  }
  void Applied(int shard, uint64_t version, const std::string& bundle);
  // To be called now and then.
  void CheckHolders();
  // Every shard runs the newest.
  void CheckEnd();

 private:
  void CheckReady(const coordinator::ConfigRecord& record);
  struct Decision {
    std::string bundle;
    MonoTime at{};
  };
  const EventLoop& loop_;
  Evidence& evidence_;
  const ShardPlaces& shards_;
  const Duration lease_;
  std::map<uint64_t, Decision> decided_;
  using ShardRun = std::pair<int, uint64_t>;
  std::set<std::pair<std::string, ShardRun>> ready_;
  std::set<ShardRun> holders_;  // when they were checked last
};

}  // namespace convoy::sim
