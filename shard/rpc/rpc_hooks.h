// What the gRPC services of a shard are services of: plain values and functions, run on the loop.
//
// Thread:    the functions are called on the loop only
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/diagnostic.h"
#include "shard/cluster/coordinator_channel.h"
#include "shard/engine/engine.h"
#include "shard/forward/peer_channel.h"
#include "shard/ingest/ingest.h"

namespace convoy::shard {

struct ShardReport {
  std::string name;
  uint64_t incarnation = 0;
  int64_t started_ms = 0;
  uint64_t uptime_seconds = 0;
  EngineTotals totals;
  TrafficPeriods traffic_in;
  TrafficPeriods traffic_out;
  uint64_t connections_in = 0;
  uint64_t held_for_others = 0;
  uint64_t memory_bytes = 0;
  uint64_t disk_free_bytes = 0;
  bool disk_full = false;
  uint64_t epoch = 0;
  uint64_t table_version = 0;
  bool lease_valid = false;
  bool stopping = false;
  std::string config_fingerprint;
};

// What came of preparing a version of the configuration.
struct PreparedConfig {
  bool ok = false;
  std::vector<config::Diagnostic> diagnostics;
};
using PreparedDone = absl::AnyInvocable<void(PreparedConfig)>;

struct RunningConfig {
  uint64_t version = 0;  // 0: its own file
  std::string fingerprint;
  int64_t since_ms = 0;
  std::string problem;
  std::vector<std::string> pending_restart;
};

struct RpcHooks {
  std::function<void(Submission, SubmitDone)> submit;
  std::function<void(std::shared_ptr<const ForwardBatch>, ForwardDone)> receive;
  // More waits to be synced than is good: stop reading streams.
  std::function<bool()> congested;
  std::function<ShardReport()> report;
  // Empty and `*` match everything.
  std::function<std::vector<QueueReport>(std::string_view domain, std::string_view vmta)> queues;
  // Engine::SetPaused.
  std::function<void(const PauseSelector&, bool paused, Engine::ChangeDone)> set_paused;
  // Engine::SetMode.
  std::function<void(const PauseSelector&, bool backoff, Engine::ChangeDone)> set_mode;

  // Reload (proto/config.proto). FailedPrecondition from `fenced` refuses the call: the coordinator
  // of that epoch is a former one.
  std::function<absl::Status(uint64_t epoch)> fenced;
  std::function<void(ConfigVersion, PreparedDone)> prepare_config;
  std::function<void(uint64_t version, const std::string& digest, StatusDone)> commit_config;
  std::function<void(uint64_t version, const std::string& digest)> abort_config;
  std::function<RunningConfig()> running_config;
};

}  // namespace convoy::shard
