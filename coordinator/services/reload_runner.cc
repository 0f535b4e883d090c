#include "coordinator/services/reload_runner.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "coordinator/services/config_wire.h"

namespace convoy::coordinator {
namespace {

constexpr Duration kCommitCall = Seconds(2);
constexpr size_t kTextMax = 256;

// What people wrote, fit for logs and tables.
std::string Tame(const std::string& text) { return Escape(text.substr(0, kTextMax)); }

std::string Problem(const grpc::Status& status) {
  const bool silent = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  return silent ? "no answer in time" : Escape(status.error_message());
}

}  // namespace

ReloadRunner::ReloadRunner(EventLoop& loop, CoordinatorNode& node, std::string config_file,
                           ReloadOptions options)
    : loop_(loop),
      node_(node),
      config_file_(std::move(config_file)),
      options_(options),
      targets_(loop) {}

ReloadRunner::~ReloadRunner() {
  loop_.Cancel(timer_);
  if (reader_.joinable()) reader_.join();
}

// --- Beginning ---

absl::Status ReloadRunner::Begin(std::string who, std::string comment, Done* done) {
  if (run_ != nullptr) {
    return absl::AbortedError(
        Cat("a reload by ", run_->record.who, " is under way: try again when it has ended"));
  }
  run_ = std::make_unique<Run>();
  run_->id = ++runs_;
  run_->record.who = Tame(who);
  run_->record.comment = Tame(comment);
  run_->done = std::move(*done);
  return absl::OkStatus();
}

void ReloadRunner::Reload(std::string who, std::string comment, Done done) {
  if (config_file_.empty()) {
    return done(absl::FailedPreconditionError(
        "the coordinator was started without --config: there is nothing to reload"));
  }
  const absl::Status begun = Begin(std::move(who), std::move(comment), &done);
  if (!begun.ok()) return done(begun);
  Gather([file = config_file_] { return config::GatherBundle(file, config::RealFiles()); });
}

void ReloadRunner::Rollback(uint64_t version, std::string who, std::string comment, Done done) {
  const ConfigRecordPtr old = node_.configs().Find(version);
  if (old == nullptr) {
    return done(absl::NotFoundError(
        Cat("version ", version, " is not kept: convoy config history lists those that are")));
  }
  const absl::Status begun = Begin(std::move(who), std::move(comment), &done);
  if (!begun.ok()) return done(begun);
  run_->record.rollback_of = version;
  Gather([old] {
    config::Gathered out;
    absl::StatusOr<config::Bundle> bundle = config::DecodeBundle(old->bundle);
    if (!bundle.ok()) {
      out.loaded.diagnostics.push_back(
          {config::Severity::kError, {}, config::Say<"{}">(bundle.status()), {}});
      return out;
    }
    out.bundle = *std::move(bundle);
    // Secrets are read where they are used, as at a reload.
    out.loaded =
        config::LoadConfig(out.bundle.root, config::FilesOf(out.bundle, config::RealFiles()),
                           {.resolve_secrets = false});
    return out;
  });
}

void ReloadRunner::Gather(std::function<config::Gathered()> gather) {
  if (reader_.joinable()) reader_.join();
  reader_ = std::thread([this, alive = std::weak_ptr(alive_), gather = std::move(gather)] {
    auto gathered = std::make_shared<config::Gathered>(gather());
    loop_.Post([this, alive, gathered] {
      if (!alive.expired()) OnGathered(std::move(*gathered));
    });
  });
}

void ReloadRunner::OnGathered(config::Gathered gathered) {
  for (const config::Diagnostic& d : gathered.loaded.diagnostics) {
    ToWire(d, run_->response.add_diagnostics());
  }
  if (gathered.loaded.config == nullptr) return Answer();
  ConfigRecord& record = run_->record;
  record.version = node_.configs().current_version() + 1;
  record.fingerprint = config::FingerprintOf(gathered.bundle, *gathered.loaded.config);
  record.bundle = config::EncodeBundle(gathered.bundle);
  record.files = static_cast<uint32_t>(gathered.bundle.files.size());
  record.octets = gathered.bundle.bytes();
  ReloadCore::Actions actions;
  run_->core = std::make_unique<ReloadCore>(options_, loop_.MonoNow(), Holders(), &actions);
  Carry(actions);
}

// --- The core's actions ---

std::vector<Holder> ReloadRunner::Holders() {
  std::vector<Holder> holders;
  for (const MemberStatus& member : node_.Describe().members) {
    if (member.state != MemberState::kLive) continue;
    const Announcement& info = member.record.info;
    holders.push_back({info.shard.name, info.shard.incarnation});
    run_->addresses[holders.back()] = info.rpc_address;
    run_->shards[holders.back()].set_shard(info.shard.name);
  }
  return holders;
}

void ReloadRunner::Carry(const ReloadCore::Actions& actions) {
  for (const ReloadAction& action : actions) Do(action);
  if (run_ != nullptr) SetTimer();
}

void ReloadRunner::Do(const ReloadAction& action) {
  switch (action.kind) {
    case ReloadAction::Kind::kPrepare:
      return Prepare(action.holder);
    case ReloadAction::Kind::kStore:
      return Store();
    case ReloadAction::Kind::kCommit:
      return Commit(action.holder);
    case ReloadAction::Kind::kAbort:
      return Abort(action.holder);
    case ReloadAction::Kind::kAnswer:
      return Answer();
  }
}

template <typename Request>
Request ReloadRunner::Fenced() const {
  Request request;
  request.set_epoch(node_.Describe().epoch.value());
  return request;
}

void ReloadRunner::Prepare(const Holder& holder) {
  auto request = Fenced<mta::v1::PrepareConfigRequest>();
  request.mutable_config()->set_version(run_->record.version);
  request.mutable_config()->set_digest(config::DigestOf(run_->record.bundle));
  request.mutable_config()->set_bundle(run_->record.bundle);
  targets_.Call<mta::v1::PrepareConfigRequest, mta::v1::PrepareConfigResponse>(
      run_->addresses.at(holder), &ConfigTargets::Async::PrepareConfig, std::move(request),
      options_.prepare_deadline,
      [this, holder, run = run_->id](const grpc::Status& status,
                                     const mta::v1::PrepareConfigResponse& answer) {
        OnPrepared(run, holder, status, answer);
      });
}

void ReloadRunner::OnPrepared(uint64_t run, const Holder& holder, const grpc::Status& status,
                              const mta::v1::PrepareConfigResponse& answer) {
  if (!Runs(run)) return;
  ReloadCore::Actions actions;
  run_->core->OnHolders(loop_.MonoNow(), Holders(), &actions);
  mta::v1::ShardReload& shard = run_->shards[holder];
  *shard.mutable_diagnostics() = answer.diagnostics();
  if (!status.ok()) {
    shard.set_problem(Cat("cannot be asked: ", Problem(status)));
  } else if (!answer.ok()) {
    shard.set_problem("refuses this configuration");
  }
  run_->core->OnPrepared(holder, status.ok() && answer.ok(), &actions);
  Carry(actions);
}

void ReloadRunner::Store() {
  run_->record.time_ms = loop_.WallNow().unix_ms();
  node_.AdoptConfig(run_->record, [this, alive = std::weak_ptr(alive_)] {
    if (alive.expired()) return;
    ReloadCore::Actions actions;
    run_->committing_since = loop_.MonoNow();
    run_->core->OnHolders(loop_.MonoNow(), Holders(), &actions);
    run_->core->OnStored(loop_.MonoNow(), &actions);
    Carry(actions);
  });
}

void ReloadRunner::Commit(const Holder& holder) {
  auto request = Fenced<mta::v1::CommitConfigRequest>();
  request.set_version(run_->record.version);
  request.set_digest(config::DigestOf(run_->record.bundle));
  targets_.Call<mta::v1::CommitConfigRequest, mta::v1::CommitConfigResponse>(
      run_->addresses.at(holder), &ConfigTargets::Async::CommitConfig, std::move(request),
      kCommitCall,
      [this, holder, run = run_->id](const grpc::Status& status,
                                     const mta::v1::CommitConfigResponse&) {
        if (!Runs(run)) return;
        ReloadCore::Actions actions;
        run_->shards[holder].set_problem(
            status.ok() ? ""
                        : Cat("has not confirmed (", Problem(status),
                              "): it takes the version before it uses its next lease"));
        run_->core->OnCommitted(loop_.MonoNow(), holder, status.ok(), &actions);
        Carry(actions);
      });
}

void ReloadRunner::Abort(const Holder& holder) {
  auto request = Fenced<mta::v1::CommitConfigRequest>();
  request.set_version(run_->record.version);
  request.set_digest(config::DigestOf(run_->record.bundle));
  targets_.Call<mta::v1::CommitConfigRequest, mta::v1::AbortConfigResponse>(
      run_->addresses.at(holder), &ConfigTargets::Async::AbortConfig, std::move(request),
      kCommitCall, [](const grpc::Status&, const mta::v1::AbortConfigResponse&) {});
}

// --- The end ---

void ReloadRunner::Answer() {
  loop_.Cancel(timer_);
  Run run = std::move(*std::exchange(run_, nullptr));
  mta::v1::ReloadResponse& response = run.response;
  response.set_applied(run.core != nullptr && run.core->phase() == ReloadCore::Phase::kDone);
  if (run.core != nullptr) {
    for (const auto& [holder, state] : run.core->states()) {
      mta::v1::ShardReload& shard = run.shards[holder];
      shard.set_running(state == ReloadCore::State::kCommitted);
      if (state == ReloadCore::State::kSilent) shard.set_problem("no answer in time");
      if (state == ReloadCore::State::kLate && shard.problem().empty()) {
        shard.set_problem("has not confirmed: it takes the version before it uses its next lease");
      }
      *response.add_shards() = shard;
    }
  }
  if (response.applied()) {
    response.set_version(run.record.version);
    response.set_fingerprint(run.record.fingerprint);
    response.set_commit_ms(
        static_cast<uint32_t>((loop_.MonoNow() - run.committing_since).millis()));
  }
  LogInfo("coordinator", "reload by ", run.record.who,
          response.applied() ? Cat(": version ", run.record.version) : Cat(" refused"));
  run.done(std::move(response));
}

void ReloadRunner::SetTimer() {
  loop_.Cancel(timer_);
  timer_ = TimerId();
  if (run_->core == nullptr) return;
  if (const auto next = run_->core->NextDeadline(); next.has_value()) {
    timer_ = loop_.CallAt(*next, [this] { Tick(); });
  }
}

void ReloadRunner::Tick() {
  timer_ = TimerId();
  ReloadCore::Actions actions;
  run_->core->OnHolders(loop_.MonoNow(), Holders(), &actions);
  run_->core->OnTick(loop_.MonoNow(), &actions);
  Carry(actions);
}

}  // namespace convoy::coordinator
