// One shard: everything it owns, wired together, from start to stop.
//
//     ShardNode node(loop, options);
//     RETURN_IF_ERROR(node.Start());      // recovered, listening, registering
//     loop.Run();                         // until Stop() has ended
//
// Start order: configuration, store, identity, recovered queues and offers, accounting, services,
// coordinator.
// Stop order is the reverse: no new mail, no new attempts, sessions end, the last accounting
// records, the last commit, the store.
//
// Errors:    Start(): what could not be opened, and why; the process then exits
// Thread:    loop-affine, but for Start() (before the loop runs)
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/gauge_file.h"
#include "base/ip_address.h"
#include "base/rng.h"
#include "config/model.h"
#include "dkim/signing_pool.h"
#include "dns/caching_resolver.h"
#include "dns/unbound_resolver.h"
#include "runtime/kernel_loop.h"
#include "runtime/kernel_network.h"
#include "shard/account/csv_projector.h"
#include "shard/cluster/coordinator_client.h"
#include "shard/engine/config_policy_book.h"
#include "shard/engine/engine.h"
#include "shard/engine/pool_signer.h"
#include "shard/forward/hand_over.h"
#include "shard/forward/new_mail_forwarder.h"
#include "shard/forward/rpc/grpc_peer_channel.h"
#include "shard/ingest/ingest.h"
#include "shard/listen/smtp_listener.h"
#include "shard/node/key_ring.h"
#include "shard/node/reloader.h"
#include "shard/node/shard_config.h"
#include "shard/node/sts_store.h"
#include "shard/node/suppression_watch.h"
#include "shard/rpc/rpc_server.h"
#include "shard/spool/rocksdb_store.h"
#include "shard/spool/spool.h"
#include "shard/spool/work_thread.h"
#include "sts/https_fetcher.h"
#include "sts/policy_book.h"

namespace convoy::shard {

struct ShardOptions {
  std::string name;
  std::string config_file;
  std::string data_dir;
  std::string coordinator;               // HOST:PORT
  std::string grpc_listen;               // instead of grpc-listener
  bool allow_insecure_listen = false;    // gRPC elsewhere than on loopback, without TLS
  std::vector<std::string> smtp_listen;  // instead of smtp-listener
  std::string host_id;                   // shards of one host may share source IPs
  std::string trust_anchor;  // file of DS or DNSKEY records; empty: no DNSSEC, so no DANE
  std::string tls_ca_file;   // PEM: who may vouch for names; empty: the system's authorities
  uint16_t mta_sts_port = 443;
  int signing_threads = 1;
  uint64_t free_floor_bytes = uint64_t{512} << 20;
  // Stands between the shard and its store, if given. Fail-point tests end the process in it.
  std::function<std::unique_ptr<KvStore>(KvStore&)> decorate_store;
};

class ShardNode {
 public:
  ShardNode(KernelLoop& loop, ShardOptions options);
  ~ShardNode();

  absl::Status Start();
  // Quiesces: no new mail, no new attempts; `stopped` when everything is on disk and closed.
  void Stop(Callback stopped);

  std::string grpc_address() const { return server_->address(); }
  std::vector<Endpoint> smtp_addresses() const { return listener_->addresses(); }
  // Blocks until open gRPC calls have ended; not on the loop's thread.
  void ShutdownServer(Duration patience) { server_->Shutdown(patience); }

 private:
  absl::Status LoadConfiguration();
  absl::Status OpenStore();
  absl::Status MakeParts();
  absl::Status StartMtaSts();
  absl::Status StartAccounting();
  absl::Status StartServices();
  absl::Status StartCoordinatorClient();
  std::string ConfigDirectory() const;
  Reloader::Hooks ReloadHooks();
  std::function<LoadedShardConfig()> Loader(std::shared_ptr<const ConfigVersion> version);
  void Apply(uint64_t version, std::unique_ptr<ShardConfig> next);
  RunningConfig Running() const;
  void SetReloadHooks();
  ShardAnnouncement Announcement(uint64_t version) const;
  std::vector<Endpoint> OwnEndpoints() const;
  void StoreTable(std::shared_ptr<const AssignmentTable> table, Callback stored);
  void OnSecond();
  ShardReport Report() const;
  // FailedPrecondition, NotFound: the names can be no queue's, and what would be.
  absl::Status CheckSelector(const PauseSelector& selector, std::string_view verb) const;

  KernelLoop& loop_;
  const ShardOptions options_;
  Rng rng_;
  const WallTime started_;

  // In the order of making; destroyed in reverse.
  std::shared_ptr<const config::Config> config_;
  std::string config_fingerprint_;                         // ShardConfig::fingerprint
  std::shared_ptr<const config::Config> config_at_start_;  // listeners and files are of this one
  std::shared_ptr<const KeyRing> keys_;
  uint64_t started_version_ = 0;
  std::unique_ptr<ConfigPolicyBook> policies_;
  std::unique_ptr<GaugeFile> gauges_;
  std::unique_ptr<KernelNetwork> network_;
  std::unique_ptr<KvStore> disk_;
  std::unique_ptr<KvStore> decorated_;
  KvStore* store_ = nullptr;  // the decorated one, if there is one, else the disk
  std::unique_ptr<Spool> spool_;
  PosixAccountFiles account_files_;
  std::unique_ptr<FileWorker> account_worker_;
  std::unique_ptr<CsvProjector> projector_;
  ShardIncarnation identity_;
  std::unique_ptr<dns::UnboundResolver> unbound_;
  std::unique_ptr<dns::CachingResolver> resolver_;
  std::unique_ptr<sts::HttpsFetcher> sts_fetcher_;
  std::unique_ptr<StsStore> sts_store_;
  std::unique_ptr<sts::PolicyBook> sts_;
  std::unique_ptr<dkim::SigningPool> signing_pool_;
  std::unique_ptr<PoolSigner> signer_;
  SuppressionBook suppressions_;
  std::unique_ptr<SuppressionWatch> suppression_watch_;
  std::unique_ptr<AssignmentView> assignment_;
  LeaseView lease_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<GrpcPeerChannel> peers_;
  std::unique_ptr<NewMailForwarder> forwarder_;
  std::unique_ptr<HandOver> hand_over_;
  std::unique_ptr<Ingest> ingest_;
  RpcHooks hooks_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<SmtpListener> listener_;
  std::unique_ptr<CoordinatorChannel> channel_;
  std::unique_ptr<CoordinatorClient> client_;
  std::unique_ptr<Reloader> reloader_;
  std::unique_ptr<WorkThread> reload_thread_ = std::make_unique<WorkThread>("reload");
  TimerId second_timer_;
  bool stopping_ = false;
};

}  // namespace convoy::shard
