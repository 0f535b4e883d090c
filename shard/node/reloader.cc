#include "shard/node/reloader.h"

#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace convoy::shard {

Reloader::Reloader(EventLoop& loop, uint64_t running, std::string digest, Hooks hooks)
    : loop_(loop),
      hooks_(std::move(hooks)),
      running_(running),
      running_digest_(std::move(digest)),
      since_(loop.WallNow()) {}

void Reloader::Prepare(ConfigVersion config, PreparedDone done) {
  const uint64_t ticket = ++ticket_;
  ready_ = {};
  auto version = std::make_shared<const ConfigVersion>(std::move(config));
  std::function<LoadedShardConfig()> load = hooks_.loader(version);
  hooks_.aside([this, alive = std::weak_ptr(alive_), ticket, version, load = std::move(load),
                done = std::move(done)]() mutable {
    auto loaded = std::make_shared<LoadedShardConfig>(load());
    loop_.Post([this, alive, ticket, version, loaded, done = std::move(done)]() mutable {
      if (!alive.expired()) OnLoaded(ticket, version, std::move(*loaded), std::move(done));
    });
  });
}

void Reloader::OnLoaded(uint64_t ticket, std::shared_ptr<const ConfigVersion> version,
                        LoadedShardConfig loaded, PreparedDone done) {
  PreparedConfig answer{.ok = loaded.config != nullptr,
                        .diagnostics = std::move(loaded.diagnostics)};
  if (ticket != ticket_) {
    answer.ok = false;
    answer.diagnostics.push_back({config::Severity::kError,
                                  {},
                                  config::Say<"another version came while this one was prepared">(),
                                  {}});
    return done(std::move(answer));
  }
  if (answer.ok) ready_ = {version->version, version->digest, std::move(loaded.config)};
  done(std::move(answer));
}

void Reloader::Commit(uint64_t version, const std::string& digest, StatusDone done) {
  if (running_ == version && running_digest_ == digest) return done(absl::OkStatus());
  if (ready_.config == nullptr || ready_.version != version || ready_.digest != digest) {
    return done(
        absl::FailedPreconditionError(Cat("configuration ", version, " is not ready here")));
  }
  running_ = version;
  running_digest_ = digest;
  since_ = loop_.WallNow();
  problem_.clear();
  hooks_.apply(version, std::exchange(ready_, {}).config);
  LogInfo("config", "version ", version, " is in effect");
  hooks_.aside([this, alive = std::weak_ptr(alive_), done = std::move(done)]() mutable {
    const absl::Status kept = hooks_.promote();
    loop_.Post([alive, kept, done = std::move(done)]() mutable {
      if (alive.expired()) return;
      // It is in effect all the same; a restart would have to take it again.
      if (!kept.ok()) LogError("config", "not kept on disk: ", std::string(kept.message()));
      done(absl::OkStatus());
    });
  });
}

void Reloader::Abort(uint64_t version, const std::string& digest) {
  if (ready_.version == version && ready_.digest == digest) ready_ = {};
}

// --- Taking a version by oneself ---

void Reloader::Take(uint64_t version, Callback ended) {
  hooks_.fetch(version, [this, alive = std::weak_ptr(alive_), version,
                         ended = std::move(ended)](absl::StatusOr<ConfigVersion> fetched) mutable {
    if (alive.expired()) return;
    if (!fetched.ok()) {
      return Failed(version, std::string(fetched.status().message()), std::move(ended));
    }
    TakeFetched(*fetched, std::move(ended));
  });
}

void Reloader::TakeFetched(const ConfigVersion& fetched, Callback ended) {
  const uint64_t version = fetched.version;
  const std::string digest = fetched.digest;
  if (version <= running_) return ended();  // the commit was faster
  const auto commit = [this, version, digest](Callback then) {
    Commit(version, digest, [then = std::move(then)](const absl::Status&) mutable { then(); });
  };
  if (ready_.config != nullptr && ready_.version == version && ready_.digest == digest) {
    return commit(std::move(ended));
  }
  Prepare(fetched, [this, commit, version,
                    ended = std::move(ended)](const PreparedConfig& prepared) mutable {
    if (prepared.ok) return commit(std::move(ended));
    std::string why;
    for (const config::Diagnostic& d : prepared.diagnostics) {
      if (d.severity == config::Severity::kError)
        CatTo(&why, why.empty() ? "" : "; ", d.ToString());
    }
    Failed(version, std::move(why), std::move(ended));
  });
}

void Reloader::Failed(uint64_t version, std::string why, Callback ended) {
  problem_ = Cat("cannot take version ", version, ": ", why);
  LogError("config", problem_, "; the lease is not used meanwhile");
  ended();
}

}  // namespace convoy::shard
