// The commands that ask a cluster: through its coordinator, or one shard directly.
//
// Direct mode (`--shard`) works while the coordinator is down. A call ends within kCallDeadline, a
// reload within kReloadDeadline.
//
// Errors:    as Outcome; an unreachable peer is named together with what to do about it
// Thread:    one at a time
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/time_types.h"
#include "cli/outcome.h"

namespace convoy::cli {

inline constexpr Duration kCallDeadline = Seconds(10);
// A reload asks every shard and waits for its answer.
inline constexpr Duration kReloadDeadline = Seconds(30);

struct Target {
  std::string coordinator;  // HOST:PORT; empty: not given
  std::string shard;        // HOST:PORT; set: direct mode
  bool json = false;
};

struct QueueQuery {
  std::string queue;  // domain[/vmta]; empty or `*` parts match all
  std::string sort = "rcpt";
  std::string mode;  // empty: any
  uint32_t items_max = 20;
  bool all = false;  // every page
};

struct Submission {
  std::string message;  // RFC 5322 text
  std::string mail_from;
  std::vector<std::string> recipients;
  std::string virtual_mta;
  std::string job_id;
  std::string idempotency_key;
};

enum class QueueChange { kPause, kResume, kNormal, kBackoff };

class Cluster {
 public:
  virtual ~Cluster() = default;
  virtual Outcome ShowStatus() = 0;
  virtual Outcome ShowShards() = 0;
  virtual Outcome ShowQueues(const QueueQuery& query) = 0;
  virtual Outcome ShowAssignment(const std::string& site) = 0;
  virtual Outcome ChangeQueue(QueueChange change, const std::string& queue) = 0;
  virtual Outcome ForgetShard(const std::string& name) = 0;
  // `who` and `comment` stand in the history. Exit code 4: some shard has not confirmed yet.
  virtual Outcome Reload(const std::string& who, const std::string& comment) = 0;
  virtual Outcome RollbackConfig(uint64_t version, const std::string& who,
                                 const std::string& comment) = 0;
  virtual Outcome ConfigHistory() = 0;
  virtual Outcome ShowConfig() = 0;
  // Through the coordinator: to the first live shard; any shard takes any message.
  virtual Outcome Submit(const Submission& submission) = 0;

  // Connects with the first call. `seed` is for request ids.
  static std::unique_ptr<Cluster> Make(Target target, const Clock& clock, uint64_t seed);
};

}  // namespace convoy::cli
