#include "shard/node/shard_node.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "config/bundle.h"
#include "runtime/tls.h"
#include "shard/cluster/rpc/grpc_coordinator_channel.h"
#include "shard/cluster/rpc/table_codec.h"
#include "shard/node/account_options.h"
#include "shard/node/config_file.h"
#include "shard/node/identity.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kTableKey = "shard/table";
constexpr Duration kSessionPatience = Seconds(5);
constexpr Duration kLeavePatience = Seconds(2);

// Resident octets of this process, as /proc says.
uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t pages = 0;
  uint64_t resident = 0;
  statm >> pages >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

ShardNode::ShardNode(KernelLoop& loop, ShardOptions options)
    : loop_(loop), options_(std::move(options)), rng_(EntropySeed()), started_(loop.WallNow()) {}

ShardNode::~ShardNode() { loop_.Cancel(second_timer_); }

// The version that was stored last; a shard that never had one reads its own file.
absl::Status ShardNode::LoadConfiguration() {
  ShardConfigSource source{.root = options_.config_file,
                           .files = config::RealFiles(),
                           .own = config::RealFiles(),
                           .queues = {}};
  const absl::StatusOr<StoredConfig> stored = ReadCurrentConfig(ConfigDirectory());
  std::string digest;
  if (stored.ok()) {
    ASSIGN_OR_RETURN(const config::Bundle bundle, config::DecodeBundle(stored->bundle));
    source.root = bundle.root;
    source.files = config::FilesOf(bundle, config::RealFiles());
    started_version_ = stored->version;
    digest = config::DigestOf(stored->bundle);
    LogInfo("config", "version ", started_version_, ", as stored; ", options_.config_file,
            " is not read");
  } else if (!absl::IsNotFound(stored.status())) {
    return stored.status();
  }
  LoadedShardConfig loaded = LoadShardConfig(source);
  std::string errors;
  for (const config::Diagnostic& d : loaded.diagnostics) {
    if (d.severity == config::Severity::kError) CatTo(&errors, "\n  ", d.ToString());
    if (d.severity == config::Severity::kWarning) LogWarning("config", d.ToString());
  }
  if (loaded.config == nullptr) return absl::InvalidArgumentError(Cat("configuration:", errors));
  config_ = loaded.config->config;
  config_at_start_ = config_;
  config_fingerprint_ = loaded.config->fingerprint;
  keys_ = loaded.config->keys;
  policies_ = std::move(loaded.config->policies);
  suppression_watch_ = std::make_unique<SuppressionWatch>(loop_, suppressions_);
  suppression_watch_->Replace(&loaded.config->lists);
  reloader_ = std::make_unique<Reloader>(loop_, started_version_, std::move(digest), ReloadHooks());
  return absl::OkStatus();
}

absl::Status ShardNode::OpenStore() {
  std::error_code failed;
  std::filesystem::create_directories(options_.data_dir, failed);
  if (failed) {
    return absl::UnavailableError(
        Cat("cannot make --data-dir ", options_.data_dir, ": ", failed.message()));
  }
  ASSIGN_OR_RETURN(gauges_, GaugeFile::Open(options_.data_dir + "/gauges"));
  RocksDbStoreOptions store;
  store.path = options_.data_dir + "/store";
  store.free_floor_bytes = options_.free_floor_bytes;
  ASSIGN_OR_RETURN(disk_, RocksDbStore::Open(loop_, std::move(store)));
  if (options_.decorate_store) decorated_ = options_.decorate_store(*disk_);
  store_ = decorated_ != nullptr ? decorated_.get() : disk_.get();
  ASSIGN_OR_RETURN(identity_, TakeIdentity(*store_, options_.name, rng_));
  spool_ = std::make_unique<Spool>(loop_, *store_, SpoolOptions{});
  return absl::OkStatus();
}

absl::Status ShardNode::MakeParts() {
  network_ = std::make_unique<KernelNetwork>(loop_);
  dns::UnboundResolver::Options dns;
  dns.servers = config_->name_servers();
  dns.trust_anchor_file = options_.trust_anchor;
  ASSIGN_OR_RETURN(unbound_, dns::UnboundResolver::Create(loop_, dns));
  resolver_ = std::make_unique<dns::CachingResolver>(loop_, *unbound_);
  signing_pool_ = std::make_unique<dkim::SigningPool>(
      dkim::SigningPool::Options{.threads = options_.signing_threads, .queue_max = 4096});
  signer_ = std::make_unique<PoolSigner>(
      loop_, *signing_pool_, [this](std::string_view from_domain, std::string_view vmta) {
        return keys_->Find(from_domain, vmta);
      });
  ASSIGN_OR_RETURN(const std::shared_ptr<const TlsContext> tls,
                   TlsContext::Client({.ca_file = options_.tls_ca_file}));
  RETURN_IF_ERROR(StartMtaSts());
  assignment_ = std::make_unique<AssignmentView>(options_.name);
  engine_ = std::make_unique<Engine>(Engine::Deps{.loop = loop_,
                                                  .network = *network_,
                                                  .resolver = *resolver_,
                                                  .spool = *spool_,
                                                  .policies = *policies_,
                                                  .signer = *signer_,
                                                  .suppressions = suppressions_,
                                                  .assignment = *assignment_,
                                                  .lease = lease_,
                                                  .tls = tls,
                                                  .gauges = gauges_.get(),
                                                  .rng = rng_.Fork(1),
                                                  .sts = sts_.get()});
  peers_ = std::make_unique<GrpcPeerChannel>(loop_);
  forwarder_ = std::make_unique<NewMailForwarder>(loop_, *peers_, identity_.name, identity_.uid);
  hand_over_ = std::make_unique<HandOver>(HandOver::Deps{.loop = loop_,
                                                         .spool = *spool_,
                                                         .engine = *engine_,
                                                         .assignment = *assignment_,
                                                         .channel = *peers_,
                                                         .self = identity_.name,
                                                         .uid = identity_.uid});
  ingest_ = std::make_unique<Ingest>(Ingest::Deps{.loop = loop_,
                                                  .spool = *spool_,
                                                  .engine = *engine_,
                                                  .policies = *policies_,
                                                  .suppressions = suppressions_,
                                                  .assignment = *assignment_,
                                                  .forwarder = *forwarder_,
                                                  .gauges = gauges_.get(),
                                                  .rng = rng_.Fork(2)});
  return absl::OkStatus();
}

absl::Status ShardNode::StartMtaSts() {
  sts_fetcher_ = std::make_unique<sts::HttpsFetcher>(
      loop_, *resolver_,
      sts::HttpsFetcher::Options{.ca_file = options_.tls_ca_file, .port = options_.mta_sts_port});
  sts_store_ = std::make_unique<StsStore>(*spool_);
  sts_ = std::make_unique<sts::PolicyBook>(sts::PolicyBook::Deps{
      .loop = loop_, .resolver = *resolver_, .fetcher = *sts_fetcher_, .store = *sts_store_});
  RETURN_IF_ERROR(RestorePolicies(*store_, sts_.get()));
  sts_->Start();
  return absl::OkStatus();
}

absl::Status ShardNode::StartAccounting() {
  ASSIGN_OR_RETURN(CsvProjectorOptions options, AccountOptionsFrom(*config_));
  account_worker_ = MakeFileThread(loop_);
  projector_ = std::make_unique<CsvProjector>(loop_, *store_, *account_worker_, account_files_,
                                              std::move(options));
  RETURN_IF_ERROR(projector_->Recover());
  spool_->SetOutboxListener([this] { projector_->Notify(); });
  return absl::OkStatus();
}

absl::Status ShardNode::StartServices() {
  hooks_.submit = [this](Submission submission, SubmitDone done) {
    ingest_->Submit(std::move(submission), std::move(done));
  };
  hooks_.receive = [this](std::shared_ptr<const ForwardBatch> batch, ForwardDone done) {
    ingest_->Receive(std::move(batch), std::move(done));
  };
  hooks_.congested = [this] { return store_->health().congested; };
  hooks_.report = [this] { return Report(); };
  hooks_.queues = [this](std::string_view domain, std::string_view vmta) {
    return engine_->Report(domain, vmta);
  };
  hooks_.set_paused = [this](const PauseSelector& selector, bool paused, Engine::ChangeDone done) {
    LogInfo("admin", paused ? "pause " : "resume ", selector.ToString());
    if (paused) {
      const absl::Status meant = CheckSelector(selector, "pause");
      if (!meant.ok()) return done(meant);
    }
    engine_->SetPaused(selector, paused, std::move(done));
  };
  hooks_.set_mode = [this](const PauseSelector& selector, bool backoff, Engine::ChangeDone done) {
    LogInfo("admin", "set mode ", backoff ? "backoff " : "normal ", selector.ToString());
    const absl::Status meant = CheckSelector(selector, "set");
    if (!meant.ok()) return done(meant);
    engine_->SetMode(selector, backoff, std::move(done));
  };
  SetReloadHooks();
  std::string grpc = options_.grpc_listen;
  if (grpc.empty() && config_->grpc_listener().has_value()) {
    grpc = config_->grpc_listener()->ToString();
  }
  if (grpc.empty()) grpc = "127.0.0.1:0";
  ASSIGN_OR_RETURN(server_, RpcServer::Start(grpc, loop_, hooks_, options_.allow_insecure_listen));
  if (options_.allow_insecure_listen) {
    LogWarning("shard", "--allow-insecure-listen: no TLS on ", server_->address(),
               ": whoever reaches it can submit mail and pause queues; only on a private network");
  }

  listener_ = std::make_unique<SmtpListener>(
      SmtpListener::Deps{.loop = loop_,
                         .network = *network_,
                         .policies = *policies_,
                         .submit = hooks_.submit,
                         .congested = hooks_.congested,
                         .connections_max = static_cast<uint64_t>(config_->total_max_smtp_in())});
  std::vector<Endpoint> where = config_->smtp_listeners();
  if (!options_.smtp_listen.empty()) where.clear();
  for (const std::string& text : options_.smtp_listen) {
    ASSIGN_OR_RETURN(const Endpoint endpoint, Endpoint::Parse(text));
    where.push_back(endpoint);
  }
  for (const Endpoint& endpoint : where) RETURN_IF_ERROR(listener_->Listen(endpoint));
  engine_->SetListeners(OwnEndpoints());
  return absl::OkStatus();
}

// Where the listeners can be reached. One on the unspecified address listens on every address of
// this machine; those the configuration knows are the sources of the virtual MTAs.
std::vector<Endpoint> ShardNode::OwnEndpoints() const {
  std::vector<Endpoint> all;
  for (const Endpoint& listener : listener_->addresses()) {
    all.push_back(listener);
    if (!listener.ip.is_unspecified()) continue;
    for (const std::string& name : config_->VmtaNames()) {
      for (const config::SourceHostEntry& host : config_->FindVmta(name)->hosts) {
        all.push_back({host.ip, listener.port});
      }
    }
  }
  return all;
}

ShardAnnouncement ShardNode::Announcement(uint64_t version) const {
  ShardAnnouncement announcement;
  announcement.shard = identity_;
  announcement.rpc_address = server_->address();
  const std::vector<Endpoint> smtp = listener_->addresses();
  if (!smtp.empty()) announcement.smtp_address = smtp.front().ToString();
  announcement.host_id = options_.host_id;
  for (const std::string& name : config_->VmtaNames()) {
    EgressClaim claim;
    claim.vmta = name;
    for (const config::SourceHostEntry& host : config_->FindVmta(name)->hosts) {
      claim.source_ips.push_back(host.ip.ToString());
    }
    announcement.egress.push_back(std::move(claim));
  }
  announcement.config_fingerprint = config_fingerprint_;
  announcement.config_version = version;
  return announcement;
}

void ShardNode::StoreTable(std::shared_ptr<const AssignmentTable> table, Callback stored) {
  KvBatch batch;
  batch.Put(Cf::kMeta, kTableKey, EncodeTable(*table));
  spool_->Commit(std::move(batch), [stored = std::move(stored)](absl::Status status) mutable {
    if (status.ok()) stored();
  });
}

absl::Status ShardNode::StartCoordinatorClient() {
  std::shared_ptr<const AssignmentTable> known;
  auto stored = store_->GetNow(Cf::kMeta, kTableKey);
  if (stored.ok()) {
    ASSIGN_OR_RETURN(AssignmentTable table, DecodeTable(*stored));
    known = std::make_shared<const AssignmentTable>(std::move(table));
  } else if (!absl::IsNotFound(stored.status())) {
    return stored.status();
  }
  channel_ = MakeGrpcCoordinatorChannel(
      loop_, {.address = options_.coordinator, .request_seed = EntropySeed()});
  CoordinatorClient::Handlers handlers;
  handlers.on_table = [this](const AssignmentTable&) { engine_->OwnershipChanged(); };
  handlers.on_lease = [this] { engine_->LeaseChanged(); };
  handlers.store_table = [this](std::shared_ptr<const AssignmentTable> table, Callback done) {
    StoreTable(std::move(table), std::move(done));
  };
  handlers.take_config = [this](uint64_t version, Callback ended) {
    reloader_->Take(version, std::move(ended));
  };
  client_ = std::make_unique<CoordinatorClient>(loop_, *channel_, *assignment_, lease_,
                                                Announcement(started_version_), std::move(handlers),
                                                rng_.Fork(3));
  client_->Start(std::move(known));
  return absl::OkStatus();
}

absl::Status ShardNode::Start() {
  RETURN_IF_ERROR(LoadConfiguration());
  RETURN_IF_ERROR(OpenStore());
  RETURN_IF_ERROR(MakeParts());
  RETURN_IF_ERROR(engine_->Recover());
  RETURN_IF_ERROR(hand_over_->Recover());
  RETURN_IF_ERROR(StartAccounting());
  RETURN_IF_ERROR(StartServices());
  RETURN_IF_ERROR(StartCoordinatorClient());
  engine_->OwnershipChanged();
  hand_over_->Start();
  suppression_watch_->Start();
  OnSecond();
  return absl::OkStatus();
}

void ShardNode::OnSecond() {
  spool_->SweepExpired(loop_.WallNow().unix_ms());
  second_timer_ = loop_.CallAfter(Seconds(1), [this] { OnSecond(); });
}

ShardReport ShardNode::Report() const {
  ShardReport report;
  report.name = identity_.name;
  report.incarnation = identity_.incarnation;
  report.started_ms = started_.unix_ms();
  report.uptime_seconds = static_cast<uint64_t>((loop_.WallNow() - started_).seconds());
  report.totals = engine_->Totals();
  report.traffic_in = ingest_->traffic();
  report.traffic_out = engine_->Traffic();
  report.connections_in = listener_->connections();
  report.held_for_others = engine_->ForeignRows();
  report.memory_bytes = ResidentBytes();
  report.disk_free_bytes = store_->health().free_bytes;
  report.disk_full = !store_->health().accepting();
  report.epoch = assignment_->highest_epoch().value();
  report.table_version = assignment_->version().version;
  report.lease_valid = lease_.Valid(loop_.MonoNow());
  report.stopping = stopping_;
  report.config_fingerprint = config_fingerprint_;
  return report;
}

// A change that would reach nothing is refused: it would be believed.
absl::Status ShardNode::CheckSelector(const PauseSelector& selector, std::string_view verb) const {
  const std::string site = policies_->SiteOf(selector.domain());
  if (selector.domain() != "*" && site != selector.domain()) {
    return absl::FailedPreconditionError(Cat("mail for ", selector.domain(), " is queued as ", site,
                                             ": ", verb, " queue ", site, '/', selector.vmta()));
  }
  if (selector.vmta() != "*" && config_->FindVmta(selector.vmta()) == nullptr) {
    return absl::FailedPreconditionError(
        Cat("no virtual MTA is named '", selector.vmta(), "'",
            config_->MembersOf(selector.vmta()).empty() ? "" : ": it is a pool; name a member"));
  }
  return absl::OkStatus();
}

void ShardNode::Stop(Callback stopped) {
  if (std::exchange(stopping_, true)) return;
  ingest_->Stop();
  auto done = std::make_shared<Callback>(std::move(stopped));
  listener_->Stop([this, done] {
    engine_->Stop(kSessionPatience, [this, done] {
      hand_over_->Stop([this, done] {
        client_->Leave(LeaveMode::kQuiesce, kLeavePatience, [this, done] {
          projector_->Stop([this, done] {
            spool_->Stop([this, done] {
              signing_pool_->Stop();
              (*done)();
            });
          });
        });
      });
    });
  });
}

}  // namespace convoy::shard
