// The shard's own parts on virtual time, put together from a configuration as ShardNode does it:
// policy book, spool, engine, ingest, SMTP listener, accounting, DKIM keys, suppression lists.
//
// The network, the disk and DNS are in memory; signatures are made on the loop; there is no
// coordinator: the shard owns everything.
//
// Thread:    loop-affine
// Determinism: pure, given the loop and the network
#pragma once

#include <memory>
#include <string>

#include "config/model.h"
#include "dns/caching_resolver.h"
#include "runtime/virtual_network.h"
#include "shard/account/csv_projector.h"
#include "shard/cluster/assignment_view.h"
#include "shard/cluster/lease_view.h"
#include "shard/engine/config_policy_book.h"
#include "shard/engine/engine.h"
#include "shard/engine/suppression_book.h"
#include "shard/forward/new_mail_forwarder.h"
#include "shard/ingest/ingest.h"
#include "shard/listen/smtp_listener.h"
#include "shard/node/key_ring.h"
#include "shard/spool/memory_kv_store.h"
#include "shard/spool/spool.h"
#include "sts/policy_book.h"
#include "sts/table_fetcher.h"

namespace convoy::effects {

class Shard {
 public:
  // Where clients find the listener unless smtp-listener says otherwise, and what connections come
  // from that no smtp-source-host gives another address.
  static IpAddress Address() { return IpAddress::V4(192, 0, 2, 100); }

  Shard(EventLoop& loop, VirtualNetwork& network, dns::Resolver& resolver,
        sts::PolicyFetcher& policies, std::shared_ptr<const config::Config> config);
  ~Shard();

  // Recovered and listening. An error is what the daemon would refuse to start with.
  absl::Status Start();
  // No new attempts; those under way end soon.
  void Stop() {
    engine_->Stop(Seconds(1), [] {});
  }

  shard::Ingest& ingest() { return *ingest_; }
  shard::Engine& engine() { return *engine_; }
  const shard::MemoryAccountFiles& account_files() const { return account_files_; }
  Endpoint listener() const { return listener_->addresses().front(); }

 private:
  class Signer;
  class NoPeers;
  absl::Status LoadFiles();
  absl::Status StartAccounting();
  void MakeMailParts();
  void Sweep();

  EventLoop& loop_;
  const std::shared_ptr<const config::Config> config_;
  shard::MemoryKvStore::Disk disk_;
  shard::MemoryKvStore store_;
  shard::Spool spool_;
  shard::ConfigPolicyBook policies_;
  std::unique_ptr<VirtualHost> host_;
  dns::CachingResolver resolver_;
  sts::TableStore sts_store_;
  sts::PolicyBook sts_;
  std::shared_ptr<const shard::KeyRing> keys_;
  std::unique_ptr<Signer> signer_;
  shard::SuppressionBook suppressions_;
  shard::AssignmentView view_;
  shard::LeaseView lease_;
  std::unique_ptr<NoPeers> peers_;
  std::unique_ptr<shard::NewMailForwarder> forwarder_;
  shard::MemoryAccountFiles account_files_;
  std::unique_ptr<shard::FileWorker> account_worker_;
  std::unique_ptr<shard::CsvProjector> projector_;
  std::unique_ptr<shard::Engine> engine_;
  std::unique_ptr<shard::Ingest> ingest_;
  std::unique_ptr<shard::SmtpListener> listener_;
  TimerId sweep_timer_;
};

}  // namespace convoy::effects
