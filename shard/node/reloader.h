// A shard's side of a reload: prepares a version off the loop, holds it ready, puts it into effect.
//
//     Prepare --loaded--> ready --Commit--> running      (the coordinator's two phases)
//     Take = fetch, Prepare, Commit                      (a commit that was lost, a shard that was
//                                                         away)
//
// What is ready is on disk too, so that a commit only renames a file. A newer Prepare replaces what
// is ready; a version is recognised by number and digest, so that an abandoned one is never taken
// for a later one of the same number.
//
// Errors:    Commit: FailedPrecondition when that version is not ready. Take: what the fetch, the
//            load or the disk said; kept in problem() until a version is taken
// Thread:    loop-affine; loading runs where Hooks::aside runs it
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "base/time_types.h"
#include "config/diagnostic.h"
#include "runtime/event_loop.h"
#include "shard/cluster/coordinator_channel.h"
#include "shard/node/shard_config.h"
#include "shard/rpc/rpc_hooks.h"

namespace convoy::shard {

class Reloader {
 public:
  using Fetched = absl::AnyInvocable<void(absl::StatusOr<ConfigVersion>)>;

  struct Hooks {
    // Called on the loop; what it returns runs aside, and loads the version and keeps it on disk as
    // ready.
    std::function<std::function<LoadedShardConfig()>(std::shared_ptr<const ConfigVersion>)> loader;
    // Aside: what is ready on disk is what a restart runs.
    std::function<absl::Status()> promote;
    // On the loop: from now on.
    std::function<void(uint64_t version, std::unique_ptr<ShardConfig>)> apply;
    std::function<void(uint64_t version, Fetched)> fetch;
    // Runs work on another thread, in the order of the calls.
    std::function<void(Callback)> aside;
  };

  // `running`, `digest`: the version that the shard was started with; 0: its own file.
  Reloader(EventLoop& loop, uint64_t running, std::string digest, Hooks hooks);
  ~Reloader() = default;
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  void Prepare(ConfigVersion config, PreparedDone done);
  // `done` when it is in effect and on disk.
  void Commit(uint64_t version, const std::string& digest, StatusDone done);
  void Abort(uint64_t version, const std::string& digest);
  void Take(uint64_t version, Callback ended);

  uint64_t running() const { return running_; }
  WallTime since() const { return since_; }
  const std::string& problem() const { return problem_; }

 private:
  struct Ready {
    uint64_t version = 0;
    std::string digest;
    std::unique_ptr<ShardConfig> config;  // null: nothing is ready
  };
  void OnLoaded(uint64_t ticket, std::shared_ptr<const ConfigVersion> version,
                LoadedShardConfig loaded, PreparedDone done);
  void TakeFetched(const ConfigVersion& fetched, Callback ended);
  void Failed(uint64_t version, std::string why, Callback ended);

  EventLoop& loop_;
  const Hooks hooks_;
  uint64_t running_;
  std::string running_digest_;
  WallTime since_;
  std::string problem_;
  Ready ready_;
  uint64_t ticket_ = 0;                                         // of the newest Prepare
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // callbacks hold it weakly
};

}  // namespace convoy::shard
