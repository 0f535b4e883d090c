// A shard node's part in a reload: what is loaded aside, what is swapped on the loop.
#include <utility>

#include "base/text.h"
#include "config/bundle.h"
#include "shard/node/config_file.h"
#include "shard/node/shard_node.h"

namespace convoy::shard {
namespace {

constexpr Duration kFetchPatience = Seconds(5);

}  // namespace

std::string ShardNode::ConfigDirectory() const { return options_.data_dir + "/config"; }

Reloader::Hooks ShardNode::ReloadHooks() {
  Reloader::Hooks hooks;
  hooks.loader = [this](std::shared_ptr<const ConfigVersion> version) { return Loader(version); };
  hooks.promote = [directory = ConfigDirectory()] { return PromoteReadyConfig(directory); };
  hooks.apply = [this](uint64_t version, std::unique_ptr<ShardConfig> next) {
    Apply(version, std::move(next));
  };
  hooks.fetch = [this](uint64_t version, Reloader::Fetched fetched) {
    channel_->FetchConfig(identity_, version, kFetchPatience, std::move(fetched));
  };
  hooks.aside = [this](Callback work) { reload_thread_->Run(std::move(work)); };
  return hooks;
}

// Runs aside; what it needs of the loop it takes along.
std::function<LoadedShardConfig()> ShardNode::Loader(std::shared_ptr<const ConfigVersion> version) {
  return [version, directory = ConfigDirectory(), queues = engine_->QueueNames(),
          at_start = config_at_start_, smtp_fixed = !options_.smtp_listen.empty(),
          grpc_fixed = !options_.grpc_listen.empty()]() -> LoadedShardConfig {
    LoadedShardConfig out = LoadCarriedConfig(version->bundle, config::RealFiles(), queues);
    if (out.config == nullptr) return out;
    for (config::Diagnostic& warning : RestartWarnings(
             out.config->root,
             RestartDirectives(*at_start, *out.config->config, smtp_fixed, grpc_fixed))) {
      out.diagnostics.push_back(std::move(warning));
    }
    const absl::Status kept =
        WriteReadyConfig(directory, {.version = version->version, .bundle = version->bundle});
    if (!kept.ok()) {
      out.config = nullptr;
      out.diagnostics.push_back({config::Severity::kError, {}, config::Say<"{}">(kept), {}});
    }
    return out;
  };
}

void ShardNode::Apply(uint64_t version, std::unique_ptr<ShardConfig> next) {
  Engine::PolicyChange change;
  change.signing = next->keys->identity() != keys_->identity();
  change.lists = suppression_watch_->Replace(&next->lists);
  config_ = next->config;
  config_fingerprint_ = next->fingerprint;
  keys_ = next->keys;
  policies_->Swap(*next->policies);
  listener_->SetConnectionsMax(static_cast<uint64_t>(config_->total_max_smtp_in()));
  engine_->SetListeners(OwnEndpoints());  // our names may be others now
  engine_->PoliciesChanged(change);
  client_->Announce(Announcement(version));
  // What was in effect before may be large: it is let go of aside.
  reload_thread_->Run([before = std::move(next)] {});
}

RunningConfig ShardNode::Running() const {
  return {.version = reloader_->running(),
          .fingerprint = config_fingerprint_,
          .since_ms = reloader_->since().unix_ms(),
          .problem = reloader_->problem(),
          .pending_restart =
              RestartDirectives(*config_at_start_, *config_, !options_.smtp_listen.empty(),
                                !options_.grpc_listen.empty())};
}

void ShardNode::SetReloadHooks() {
  hooks_.fenced = [this](uint64_t epoch) -> absl::Status {
    const uint64_t highest = assignment_->highest_epoch().value();
    if (epoch >= highest) return absl::OkStatus();
    return absl::FailedPreconditionError(
        Cat("epoch ", epoch, " is of a former coordinator, seen was ", highest));
  };
  hooks_.prepare_config = [this](ConfigVersion version, PreparedDone done) {
    reloader_->Prepare(std::move(version), std::move(done));
  };
  hooks_.commit_config = [this](uint64_t version, const std::string& digest, StatusDone done) {
    reloader_->Commit(version, digest,
                      [this, done = std::move(done)](const absl::Status& status) mutable {
                        // The answer to the next registration names the version to be fetched.
                        if (!status.ok()) client_->Announce(Announcement(reloader_->running()));
                        done(status);
                      });
  };
  hooks_.abort_config = [this](uint64_t version, const std::string& digest) {
    reloader_->Abort(version, digest);
  };
  hooks_.running_config = [this] { return Running(); };
}

}  // namespace convoy::shard
