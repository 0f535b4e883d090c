#include "tests/effects/shard.h"

#include <utility>
#include <vector>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "runtime/tls.h"
#include "shard/engine/pool_signer.h"
#include "shard/node/account_options.h"
#include "shard/suppress/suppression_list.h"

namespace convoy::effects {

// The signing pool's work, on the loop.
class Shard::Signer final : public shard::SigningService {
 public:
  Signer(EventLoop& loop, std::shared_ptr<const shard::KeyRing> keys)
      : loop_(loop), keys_(std::move(keys)) {}
  void Sign(shard::SignRequest request, shard::SignDone done) override {
    absl::StatusOr<std::string> fields = absl::NotFoundError("no key");
    const auto keys = keys_->Find(request.from_domain, request.vmta);
    if (!keys.empty()) fields = std::string();
    for (const shard::SigningKey& key : keys) {
      auto field = shard::SignWith(key, request);
      CHECK(field.ok());
      *fields += *field;
    }
    loop_.Post([done = std::move(done), fields = std::move(fields)]() mutable {
      done(std::move(fields));
    });
  }
  size_t depth() const override { return 0; }

 private:
  EventLoop& loop_;
  const std::shared_ptr<const shard::KeyRing> keys_;
};

class Shard::NoPeers final : public shard::PeerChannel {
 public:
  void Forward(const std::string&, std::shared_ptr<const shard::ForwardBatch>, Duration,
               shard::ForwardDone) override {
    CHECK(false);  // this shard owns everything
  }
};

namespace {

std::vector<IpAddress> AddressesOf(const config::Config& config) {
  std::vector<IpAddress> all = {Shard::Address()};
  for (const std::string& name : config.VmtaNames()) {
    for (const auto& host : config.FindVmta(name)->hosts) all.push_back(host.ip);
  }
  for (const Endpoint& listener : config.smtp_listeners()) all.push_back(listener.ip);
  return all;
}

}  // namespace

Shard::Shard(EventLoop& loop, VirtualNetwork& network, dns::Resolver& resolver,
             sts::PolicyFetcher& policies, std::shared_ptr<const config::Config> config)
    : loop_(loop),
      config_(std::move(config)),
      store_(loop, &disk_, {}),
      spool_(loop, store_, {}),
      policies_(config_),
      host_(network.AddHost(loop, AddressesOf(*config_))),
      resolver_(loop, resolver),
      sts_({.loop = loop, .resolver = resolver_, .fetcher = policies, .store = sts_store_}),
      view_("s1"),
      peers_(std::make_unique<NoPeers>()) {}

Shard::~Shard() { loop_.Cancel(sweep_timer_); }

absl::Status Shard::LoadFiles() {
  std::vector<config::Diagnostic> diagnostics;
  keys_ = shard::KeyRing::Load(config_, config::RealFiles(), &diagnostics);
  if (keys_ == nullptr) return absl::InvalidArgumentError(diagnostics.front().ToString());
  signer_ = std::make_unique<Signer>(loop_, keys_);
  for (const auto& [path, where] : config_->suppress_files()) {
    ASSIGN_OR_RETURN(auto list, shard::SuppressionList::Load(path));
    suppressions_.Set(path, std::move(list));
  }
  return absl::OkStatus();
}

absl::Status Shard::StartAccounting() {
  ASSIGN_OR_RETURN(shard::CsvProjectorOptions options, shard::AccountOptionsFrom(*config_));
  options.utc_offset = [](WallTime) { return 0; };
  account_worker_ = shard::MakeLoopFileWorker(loop_);
  projector_ = std::make_unique<shard::CsvProjector>(loop_, store_, *account_worker_,
                                                     account_files_, std::move(options));
  RETURN_IF_ERROR(projector_->Recover());
  spool_.SetOutboxListener([this] { projector_->Notify(); });
  return absl::OkStatus();
}

void Shard::MakeMailParts() {
  auto tls = TlsContext::Client({});
  CHECK(tls.ok());
  engine_ = std::make_unique<shard::Engine>(shard::Engine::Deps{.loop = loop_,
                                                                .network = *host_,
                                                                .resolver = resolver_,
                                                                .spool = spool_,
                                                                .policies = policies_,
                                                                .signer = *signer_,
                                                                .suppressions = suppressions_,
                                                                .assignment = view_,
                                                                .lease = lease_,
                                                                .tls = *std::move(tls),
                                                                .gauges = nullptr,
                                                                .rng = Rng(1),
                                                                .sts = &sts_});
  forwarder_ = std::make_unique<shard::NewMailForwarder>(loop_, *peers_, "s1", "uid");
  ingest_ = std::make_unique<shard::Ingest>(shard::Ingest::Deps{.loop = loop_,
                                                                .spool = spool_,
                                                                .engine = *engine_,
                                                                .policies = policies_,
                                                                .suppressions = suppressions_,
                                                                .assignment = view_,
                                                                .forwarder = *forwarder_,
                                                                .gauges = nullptr,
                                                                .rng = Rng(2)});
  listener_ = std::make_unique<shard::SmtpListener>(shard::SmtpListener::Deps{
      .loop = loop_,
      .network = *host_,
      .policies = policies_,
      .submit =
          [this](shard::Submission submission, shard::SubmitDone done) {
            ingest_->Submit(std::move(submission), std::move(done));
          },
      .congested = [] { return false; },
      .connections_max = static_cast<uint64_t>(config_->total_max_smtp_in())});
}

absl::Status Shard::Start() {
  RETURN_IF_ERROR(LoadFiles());
  MakeMailParts();
  RETURN_IF_ERROR(view_.Apply(std::make_shared<const shard::AssignmentTable>(
      shard::SoleOwnerTable("s1", config_->VmtaNames()))));
  RETURN_IF_ERROR(engine_->Recover());
  RETURN_IF_ERROR(StartAccounting());
  std::vector<Endpoint> where = config_->smtp_listeners();
  if (where.empty()) where.push_back({Address(), 25});
  for (const Endpoint& endpoint : where) RETURN_IF_ERROR(listener_->Listen(endpoint));
  engine_->OwnershipChanged();
  Sweep();
  return absl::OkStatus();
}

void Shard::Sweep() {
  spool_.SweepExpired(loop_.WallNow().unix_ms());
  sweep_timer_ = loop_.CallAfter(Minutes(1), [this] { Sweep(); });
}

}  // namespace convoy::effects
