// One run of a shard: the daemon's parts, put together as the daemon does, over virtual time, a
// network in memory and a store that forgets at a crash what was not synced.
//
// Killed, it is left as it is: nothing runs in it any more, and nothing of it is destroyed.
//
// Thread:    loop-affine
// Determinism: pure, given the loop, the wire and the Rng
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dns/table_resolver.h"
#include "runtime/virtual_network.h"
#include "shard/cluster/assignment_view.h"
#include "shard/cluster/coordinator_client.h"
#include "shard/cluster/lease_view.h"
#include "shard/engine/engine.h"
#include "shard/engine/suppression_book.h"
#include "shard/forward/hand_over.h"
#include "shard/forward/new_mail_forwarder.h"
#include "shard/ingest/ingest.h"
#include "shard/node/reloader.h"
#include "shard/spool/memory_kv_store.h"
#include "shard/spool/spool.h"
#include "sim/coordinator_process.h"
#include "sim/policies.h"
#include "sim/process_loop.h"
#include "sim/watched_network.h"

namespace convoy::sim {

// What survives a kill.
struct ShardDisk {
  shard::MemoryKvStore::Disk kv;
  std::shared_ptr<const shard::AssignmentTable> table;
  std::string uid;
  uint64_t runs = 0;
  shard::ConfigVersion config;  // what a start runs; version 0: the first
  shard::ConfigVersion ready;
};

class ShardProcess;

// Who answers at which shard's address; null while it is down. Index: the shard's number.
using ShardPlaces = std::vector<ShardProcess*>;

// Batches to other shards. Told of every new-mail batch whose owner has committed it without the
// sender hearing of it.
class SimPeerChannel final : public shard::PeerChannel {
 public:
  using UnknownOutcome = std::function<void(const shard::ForwardBatch&)>;
  SimPeerChannel(ProcessLoop& loop, Wire& wire, ShardPlaces& places, std::string self,
                 UnknownOutcome unknown)
      : loop_(loop),
        wire_(wire),
        places_(places),
        self_(std::move(self)),
        unknown_(std::move(unknown)) {}
  void Forward(const std::string& address, std::shared_ptr<const shard::ForwardBatch> batch,
               Duration deadline, shard::ForwardDone done) override;

 private:
  ProcessLoop& loop_;
  Wire& wire_;
  ShardPlaces& places_;
  const std::string self_;
  const UnknownOutcome unknown_;
};

// The address is the number: "s2:1".
std::string ShardName(int shard);
// The number in a name or an address.
size_t NumberOfShard(std::string_view name);

// Signs with a field that says so; a turn later, as a pool would.
class InlineSigner final : public shard::SigningService {
 public:
  explicit InlineSigner(EventLoop& loop) : loop_(loop) {}
  void Sign(shard::SignRequest request, shard::SignDone done) override;
  size_t depth() const override { return 0; }

 private:
  EventLoop& loop_;
};

class ShardProcess {
 public:
  struct Deps {
    EventLoop& shared;
    VirtualNetwork& network;
    Wire& wire;
    CoordinatorPlace& coordinator;
    ShardPlaces& shards;
    SocketWitness& witness;
    PolicyVersions& policies;
    dns::Resolver& resolver;
    ShardDisk& disk;
    std::shared_ptr<const shard::SuppressionList> suppressed;  // null: none yet
    SimPeerChannel::UnknownOutcome unknown_forward;
    Callback owners_changed;  // it has taken a new table
    // Another version of the configuration is in effect here; it had the limits `before`.
    std::function<void(uint64_t version, const std::string& bundle, const PolicyTable& before)>
        config_applied;
    std::function<void(const std::string& bundle)> config_ready;
    Duration mono_ahead;
    Duration wall_ahead;
    std::function<Duration()> disk_latency;
    Rng rng;
  };
  ShardProcess(Deps deps, int number);

  void Start();
  // Its sockets are reset by the network's owner.
  void Kill() { loop.Kill(); }
  // Stops as the daemon does, in the same order, keeping its slots. `stopped` when the process
  // would end; with true if the disk had no room, so that outcomes were given up (KvStore::Stop).
  void Leave(std::function<void(bool gave_up)> stopped);

  // What the coordinator asks of a shard (rpc_hooks.h); a former one is refused.
  void PrepareConfig(uint64_t epoch, shard::ConfigVersion version, StatusDone done);
  void CommitConfig(uint64_t epoch, const shard::ConfigVersion& version, StatusDone done);
  void AbortConfig(uint64_t epoch, const shard::ConfigVersion& version);

  ProcessLoop loop;
  shard::Ingest& ingest() { return *ingest_; }
  shard::Engine& engine() { return *engine_; }
  const shard::AssignmentView& view() const { return view_; }
  // Believes that it may assign attempts of this queue now.
  bool Believes(std::string_view site, std::string_view vmta) const;
  bool HoldsLease() const { return lease_.Valid(loop.MonoNow()); }
  uint64_t config_version() const { return reloader_->running(); }
  const PolicyTable& limits() const { return policies_.table(); }
  bool has_suppressions() const { return deps_.suppressed != nullptr; }
  uint64_t run() const { return run_; }

 private:
  shard::ShardAnnouncement Announcement() const;
  shard::Reloader::Hooks ReloadHooks();
  void StartReloader();
  void ApplyConfig(uint64_t version);
  bool Fenced(uint64_t epoch) const { return epoch < view_.highest_epoch().value(); }
  void StoreTable(std::shared_ptr<const shard::AssignmentTable> table, Callback stored);
  void Sweep();

  Deps deps_;
  const int number_;
  const std::string name_;
  const uint64_t run_;
  bool leaving_ = false;
  MonoTime aside_free_{};  // when the thread for configurations has done what it was given

  std::unique_ptr<VirtualHost> host_;
  WatchedNetwork network_;
  shard::MemoryKvStore store_;
  shard::Spool spool_;
  SimPolicyBook policies_;
  shard::SuppressionBook suppressions_;
  InlineSigner signer_;
  shard::AssignmentView view_;
  shard::LeaseView lease_;
  SimCoordinatorChannel coordinator_channel_;
  SimPeerChannel peer_channel_;
  shard::NewMailForwarder forwarder_;
  std::unique_ptr<shard::Engine> engine_;
  std::unique_ptr<shard::Ingest> ingest_;
  std::unique_ptr<shard::HandOver> hand_over_;
  std::unique_ptr<shard::CoordinatorClient> client_;
  std::unique_ptr<shard::Reloader> reloader_;
};

}  // namespace convoy::sim
