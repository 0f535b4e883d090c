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
  uint64_t accepted_messages = 0;
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

struct RpcHooks {
  std::function<void(Submission, SubmitDone)> submit;
  std::function<void(std::shared_ptr<const ForwardBatch>, StatusDone)> receive;
  // More waits to be synced than is good: stop reading streams.
  std::function<bool()> congested;
  std::function<ShardReport()> report;
  // Empty strings and `*` match everything.
  std::function<std::vector<QueueReport>(std::string_view domain, std::string_view vmta)> queues;
  // How many queues matched.
  std::function<uint64_t(std::string_view domain, std::string_view vmta, bool paused)> set_paused;
  // The same for backoff mode.
  std::function<uint64_t(std::string_view domain, std::string_view vmta, bool backoff)> set_mode;
};

}  // namespace convoy::shard
