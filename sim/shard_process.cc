#include "sim/shard_process.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace convoy::sim {
namespace {

std::vector<IpAddress> AddressesOf(int shard) {
  std::vector<IpAddress> all = {ShardAddress(shard)};
  for (int v = 1; v <= kVmtas; ++v) all.push_back(SourceAddress(shard, v));
  return all;
}

shard::MemoryKvStore::Options StoreOptions(const ShardProcess::Deps& deps) {
  shard::MemoryKvStore::Options options;
  options.latency = deps.disk_latency;
  options.read_latency = [] { return Microseconds(300); };
  // A kill between the sync and its report leaves the batch on disk.
  Rng rng = deps.rng;
  const bool survived = rng.Chance(0.5);
  options.survives = [survived] { return survived; };
  return options;
}

// Reading, parsing and syncing a configuration.
Duration ConfigLatency(Rng& rng) { return Milliseconds(1 + static_cast<int64_t>(rng.Below(30))); }

}  // namespace

std::string ShardName(int shard) { return Cat("s", shard); }

size_t NumberOfShard(std::string_view name) {
  return static_cast<size_t>(ParseUint(name.substr(1, name.find(':') - 1)).value_or(0));
}

void SimPeerChannel::Forward(const std::string& address,
                             std::shared_ptr<const shard::ForwardBatch> batch, Duration deadline,
                             shard::ForwardDone done) {
  using Answer = absl::StatusOr<shard::ForwardAnswer>;
  auto call = PendingCall<Answer>::Start(loop_, deadline, std::move(done));
  const auto number = static_cast<int>(NumberOfShard(address));
  wire_.Send(self_, ShardName(number), [this, call, batch, number] {
    ShardProcess* peer = places_[static_cast<size_t>(number)];
    if (peer == nullptr) return call->Answer(absl::UnavailableError("connection refused"));
    peer->ingest().Receive(batch, [this, call, batch, number](Answer answer) {
      const bool new_mail = batch->transfer_sequence == 0 && answer.ok();
      const bool lost = wire_.LoseAnswer() || wire_.IsCut(self_, ShardName(number));
      if (lost) {
        if (new_mail) unknown_(*batch);
        return;
      }
      if (new_mail && call->ended()) return unknown_(*batch);
      wire_.Send(ShardName(number), self_, [this, call, batch, answer, new_mail] {
        if (new_mail && call->ended()) unknown_(*batch);
        call->Answer(answer);
      });
    });
  });
}

void InlineSigner::Sign(shard::SignRequest request, shard::SignDone done) {
  std::string field = Cat("DKIM-Signature: d=", request.from_domain, "\r\n");
  loop_.Post(
      [done = std::move(done), field = std::move(field)]() mutable { done(std::move(field)); });
}

ShardProcess::ShardProcess(Deps deps, int number)
    : loop(deps.shared, deps.mono_ahead, deps.wall_ahead),
      deps_(std::move(deps)),
      number_(number),
      name_(ShardName(number)),
      run_(++deps_.disk.runs),
      host_(deps_.network.AddHost(loop, AddressesOf(number))),
      network_(*host_, deps_.witness),
      store_(loop, &deps_.disk.kv, StoreOptions(deps_)),
      spool_(loop, store_, {}),
      policies_(deps_.policies.Of(deps_.disk.config.bundle), number),
      signer_(loop),
      view_(name_),
      coordinator_channel_(loop, deps_.wire, deps_.coordinator, name_),
      peer_channel_(loop, deps_.wire, deps_.shards, name_, deps_.unknown_forward),
      forwarder_(loop, peer_channel_, name_, deps_.disk.uid) {
  if (deps_.suppressed != nullptr) {
    suppressions_.Set(std::string(kSuppressFile), deps_.suppressed);
  }
}

void ShardProcess::Start() {
  engine_ = std::make_unique<shard::Engine>(shard::Engine::Deps{.loop = loop,
                                                                .network = network_,
                                                                .resolver = deps_.resolver,
                                                                .spool = spool_,
                                                                .policies = policies_,
                                                                .signer = signer_,
                                                                .suppressions = suppressions_,
                                                                .assignment = view_,
                                                                .lease = lease_,
                                                                .tls = nullptr,
                                                                .gauges = nullptr,
                                                                .rng = deps_.rng.Fork(1),
                                                                .window_rows_max = 64});
  ingest_ = std::make_unique<shard::Ingest>(shard::Ingest::Deps{.loop = loop,
                                                                .spool = spool_,
                                                                .engine = *engine_,
                                                                .policies = policies_,
                                                                .suppressions = suppressions_,
                                                                .assignment = view_,
                                                                .forwarder = forwarder_,
                                                                .gauges = nullptr,
                                                                .rng = deps_.rng.Fork(2)});
  hand_over_ = std::make_unique<shard::HandOver>(shard::HandOver::Deps{.loop = loop,
                                                                       .spool = spool_,
                                                                       .engine = *engine_,
                                                                       .assignment = view_,
                                                                       .channel = peer_channel_,
                                                                       .self = name_,
                                                                       .uid = deps_.disk.uid});
  CHECK(engine_->Recover().ok());
  CHECK(hand_over_->Recover().ok());
  shard::CoordinatorClient::Handlers handlers;
  handlers.on_table = [this](const shard::AssignmentTable&) {
    engine_->OwnershipChanged();
    deps_.owners_changed();
  };
  handlers.on_lease = [this] { engine_->LeaseChanged(); };
  StartReloader();
  handlers.take_config = [this](uint64_t version, Callback ended) {
    reloader_->Take(version, std::move(ended));
  };
  handlers.store_table = [this](auto table, Callback stored) {
    StoreTable(std::move(table), std::move(stored));
  };
  client_ = std::make_unique<shard::CoordinatorClient>(loop, coordinator_channel_, view_, lease_,
                                                       Announcement(), std::move(handlers),
                                                       deps_.rng.Fork(3));
  client_->Start(deps_.disk.table);
  hand_over_->Start();
  Sweep();
}

shard::ShardAnnouncement ShardProcess::Announcement() const {
  shard::ShardAnnouncement out;
  out.shard = {.name = name_, .uid = deps_.disk.uid, .incarnation = run_};
  out.rpc_address = Cat(name_, ":1");
  out.host_id = name_;
  out.config_version = reloader_->running();
  for (int v = 1; v <= kVmtas; ++v) {
    out.egress.push_back({.vmta = VmtaName(v),
                          .source_ips = {SourceAddress(number_, v).ToString()},
                          .through_proxy = false});
  }
  return out;
}

// --- Reloads: the daemon's Reloader over a disk that is a variable ---

void ShardProcess::StartReloader() {
  const shard::ConfigVersion& stored = deps_.disk.config;
  reloader_ = std::make_unique<shard::Reloader>(loop, stored.version, stored.digest, ReloadHooks());
}

shard::Reloader::Hooks ShardProcess::ReloadHooks() {
  shard::Reloader::Hooks hooks;
  hooks.loader = [this](std::shared_ptr<const shard::ConfigVersion> version) {
    return [this, version]() -> shard::LoadedShardConfig {
      shard::LoadedShardConfig loaded;
      // "... not on s2": a configuration that this shard cannot run.
      if (version->bundle.ends_with(Cat(" not on ", name_))) {
        loaded.diagnostics.push_back({config::Severity::kError, {}, version->bundle, ""});
        return loaded;
      }
      deps_.disk.ready = *version;
      deps_.config_ready(version->bundle);
      loaded.config = std::make_unique<shard::ShardConfig>();
      return loaded;
    };
  };
  hooks.promote = [this] {
    deps_.disk.config = deps_.disk.ready;
    return absl::OkStatus();
  };
  hooks.apply = [this](uint64_t version, const std::unique_ptr<shard::ShardConfig>&) {
    ApplyConfig(version);
  };
  hooks.fetch = [this](uint64_t version, shard::Reloader::Fetched fetched) {
    coordinator_channel_.FetchConfig({.name = name_, .uid = deps_.disk.uid, .incarnation = run_},
                                     version, Seconds(5), std::move(fetched));
  };
  // In the order of the calls, as one thread would.
  hooks.aside = [this](Callback work) {
    aside_free_ = std::max(aside_free_, loop.MonoNow()) + ConfigLatency(deps_.rng);
    loop.CallAt(aside_free_, std::move(work));
  };
  return hooks;
}

void ShardProcess::ApplyConfig(uint64_t version) {
  CHECK(deps_.disk.ready.version == version);
  const PolicyTable& before = policies_.table();
  policies_.Use(deps_.policies.Of(deps_.disk.ready.bundle));
  engine_->PoliciesChanged({});
  client_->Announce(Announcement());
  deps_.config_applied(version, deps_.disk.ready.bundle, before);
}

void ShardProcess::PrepareConfig(uint64_t epoch, shard::ConfigVersion version, StatusDone done) {
  if (Fenced(epoch)) return done(absl::FailedPreconditionError("a former coordinator"));
  reloader_->Prepare(
      std::move(version), [done = std::move(done)](const shard::PreparedConfig& prepared) mutable {
        done(prepared.ok ? absl::OkStatus() : absl::InvalidArgumentError("cannot run it"));
      });
}

void ShardProcess::CommitConfig(uint64_t epoch, const shard::ConfigVersion& version,
                                StatusDone done) {
  if (Fenced(epoch)) return done(absl::FailedPreconditionError("a former coordinator"));
  reloader_->Commit(version.version, version.digest, std::move(done));
}

void ShardProcess::AbortConfig(uint64_t epoch, const shard::ConfigVersion& version) {
  if (!Fenced(epoch)) reloader_->Abort(version.version, version.digest);
}

// The bytes of the table go through the store, so that it is as durable as in the daemon.
void ShardProcess::StoreTable(std::shared_ptr<const shard::AssignmentTable> table,
                              Callback stored) {
  shard::KvBatch batch;
  batch.Put(shard::Cf::kMeta, "cluster/table", Cat(table->version.version));
  spool_.Commit(std::move(batch),
                [this, table, stored = std::move(stored)](absl::Status status) mutable {
                  if (!status.ok()) return;
                  deps_.disk.table = table;
                  stored();
                });
}

void ShardProcess::Sweep() {
  spool_.SweepExpired(loop.WallNow().unix_ms());
  loop.CallAfter(Seconds(60), [this] { Sweep(); });
}

void ShardProcess::Leave(std::function<void(bool gave_up)> stopped) {
  if (std::exchange(leaving_, true)) return;
  ingest_->Stop();
  engine_->Stop(Seconds(5), [this, stopped = std::move(stopped)] {
    hand_over_->Stop([this, stopped] {
      client_->Leave(shard::LeaveMode::kQuiesce, Seconds(2), [this, stopped] {
        const bool no_room = spool_.health().stalled;
        spool_.Stop([stopped, no_room] { stopped(no_room); });
      });
    });
  });
}

bool ShardProcess::Believes(std::string_view site, std::string_view vmta) const {
  const shard::Owner owner = view_.OwnerOf(site, vmta);
  return owner.kind == shard::Owner::Kind::kSelf && owner.may_assign &&
         lease_.MayAssign(loop.MonoNow());
}

}  // namespace convoy::sim
