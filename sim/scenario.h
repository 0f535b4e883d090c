// A workload and the disasters that meet it, as a file of `key = value` lines.
//
//     # three shards and everything that can go wrong
//     shards = 3
//     shard-kills = 3
//     partitions = 4
//
// Errors:    InvalidArgument naming the line, for an unknown key or a value that is no number
// Determinism: pure
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace convoy::sim {

struct Scenario {
  std::string name = "default";
  int64_t shards = 3;
  int64_t late_shards = 0;  // of these, how many join in the middle of the run
  int64_t domains = 8;
  int64_t messages = 80;
  int64_t seconds = 90;  // during which messages are submitted and disasters happen
  int64_t hostile = 1;   // 0: every receiver accepts everything
  int64_t shard_kills = 4;
  int64_t coordinator_kills = 1;
  int64_t partitions = 4;        // shard from shard, or shard from coordinator
  int64_t one_way_percent = 30;  // of the partitions stop one direction only
  int64_t partition_seconds_max = 25;
  int64_t lost_answers_percent = 3;  // of the calls between processes
  int64_t keyed_percent = 50;        // of the messages have an idempotency key
  int64_t repeat_percent = 40;       // of the keyed ones are submitted again, through any shard
  int64_t suppressed_percent = 5;    // of the addresses are suppressed from the first restart on
  int64_t disk_ms_max = 5;           // how long a synced write takes
  int64_t slow_disk_ms = 0;          // in phases, this long
  int64_t full_disks = 1;            // how often a shard has no room for some seconds
  int64_t dns_failures = 2;          // how often a domain cannot be resolved for some seconds
  int64_t fence = 0;                 // fence-on-lease-loss
  int64_t clocks_disagree = 1;
  int64_t rates_over_owners = 0;     // LimitWatch::Deps
  int64_t leaves = 2;                // shards that stop in order and come back
  int64_t reloads = 3;               // of the configuration, to other limits
  int64_t bad_reloads_percent = 20;  // of them one shard refuses
};

absl::StatusOr<Scenario> ParseScenario(std::string_view name, std::string_view text);

}  // namespace convoy::sim
