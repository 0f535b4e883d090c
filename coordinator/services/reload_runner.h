// Carries out reloads: reads the files, asks the shards, makes the version durable, tells the
// shards.
//
// The decisions are ReloadCore's; this carries its actions to gRPC and the node, and their answers
// back. Files are read and parsed on a thread of their own. One reload at a time.
//
// Errors:    FailedPrecondition without a configuration file, Aborted while another reload runs,
//            NotFound for a version that is not kept. A refused configuration is an answer.
// Thread:    loop-affine; the destructor may run elsewhere, when the loop does not
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "config/bundle.h"
#include "coordinator/node.h"
#include "coordinator/reload/reload_core.h"
#include "coordinator/services/config_targets.h"
#include "proto/config.pb.h"
#include "runtime/event_loop.h"

namespace convoy::coordinator {

class ReloadRunner {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<mta::v1::ReloadResponse>)>;

  // `config_file` is read by each reload; empty: there is none.
  ReloadRunner(EventLoop& loop, CoordinatorNode& node, std::string config_file,
               ReloadOptions options = {});
  ~ReloadRunner();

  void Reload(std::string who, std::string comment, Done done);
  void Rollback(uint64_t version, std::string who, std::string comment, Done done);

  const std::string& config_file() const { return config_file_; }

 private:
  // What is under way.
  struct Run {
    uint64_t id = 0;
    ConfigRecord record;
    mta::v1::ReloadResponse response;
    std::map<Holder, mta::v1::ShardReload> shards;
    std::map<Holder, std::string> addresses;
    std::unique_ptr<ReloadCore> core;  // null while the files are read
    MonoTime committing_since{};
    Done done;
  };

  absl::Status Begin(std::string who, std::string comment, Done* done);
  void Gather(std::function<config::Gathered()> gather);
  void OnGathered(config::Gathered gathered);
  std::vector<Holder> Holders();
  void Carry(const ReloadCore::Actions& actions);
  void Do(const ReloadAction& action);
  void Prepare(const Holder& holder);
  void OnPrepared(uint64_t run, const Holder& holder, const grpc::Status& status,
                  const mta::v1::PrepareConfigResponse& answer);
  void Store();
  void Commit(const Holder& holder);
  void Abort(const Holder& holder);
  void Answer();
  void SetTimer();
  void Tick();
  // Whether this is still the reload that made the call.
  bool Runs(uint64_t id) const { return run_ != nullptr && run_->id == id; }
  template <typename Request>
  Request Fenced() const;

  EventLoop& loop_;
  CoordinatorNode& node_;
  const std::string config_file_;
  const ReloadOptions options_;

  std::unique_ptr<Run> run_;  // null: no reload is under way
  uint64_t runs_ = 0;
  std::thread reader_;
  TimerId timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // callbacks hold it weakly
  ConfigTargets targets_;
};

}  // namespace convoy::coordinator
