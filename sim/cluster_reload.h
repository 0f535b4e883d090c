// One reload of the simulated cluster: ReloadCore's actions over the wire, as the coordinator's
// ReloadRunner carries them over gRPC.
//
// Belongs to one run of the coordinator and ends with it, wherever it stood.
//
// Thread:    loop-affine
// Determinism: pure, given the loop and the wire
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/reload/reload_core.h"
#include "sim/coordinator_process.h"
#include "sim/shard_process.h"
#include "sim/wire.h"

namespace convoy::sim {

class ClusterReload {
 public:
  struct Deps {
    CoordinatorProcess& coordinator;
    Wire& wire;
    ShardPlaces& shards;
    // The version is durable and current: told before any shard is.
    std::function<void(const coordinator::ConfigRecord&)> decided;
    std::function<void(bool applied)> ended;
  };
  ClusterReload(Deps deps, std::string bundle) : deps_(std::move(deps)) {
    record_.bundle = std::move(bundle);
  }

  void Start();
  bool ended() const { return core_ != nullptr && core_->ended(); }

 private:
  using AtShard = std::function<void(ShardProcess&, StatusDone)>;
  EventLoop& loop() { return deps_.coordinator.loop; }
  std::vector<coordinator::Holder> Holders();
  void Carry(const coordinator::ReloadCore::Actions& actions);
  void Do(const coordinator::ReloadAction& action);
  // `call` at the shard; what came of it to `done`, also that nothing did within `deadline`.
  void Ask(const coordinator::Holder& holder, Duration deadline, AtShard call,
           std::function<void(bool ok)> done);
  void Prepare(const coordinator::Holder& holder);
  void Store();
  void Commit(const coordinator::Holder& holder);
  void Abort(const coordinator::Holder& holder);
  void SetTimer();

  Deps deps_;
  const coordinator::ReloadOptions options_;
  coordinator::ConfigRecord record_;
  shard::ConfigVersion version_;
  uint64_t epoch_ = 0;
  std::unique_ptr<coordinator::ReloadCore> core_;
  TimerId timer_;
};

}  // namespace convoy::sim
