// The seam under the spool: ordered keys in column families, changed in durable batches.
//
// RocksDbStore is the real one; MemoryKvStore (simulator, tests) forgets at a crash what was not
// synced. Commits merge: one batch is being synced while the next is filling, so the price of an
// fsync is shared by everything that arrived meanwhile, and the size of a batch follows the load.
//
//   high path: pending_bytes() above kPendingBytesHigh -> health().congested -> stop reading from
//              injectors
//   low path:  below kPendingBytesLow -> congested is false again, listeners are told
//
// What a read sees: every batch whose Commit was called before it, and none whose `done` comes
// after the read's. So the results of reads and commits, handled in the order they arrive, never
// contradict each other.
//
// A full disk is a state, not an error: see StoreHealth. A failed fsync or an I/O error ends the
// process; the log on disk is the truth when it starts again.
//
// Errors:    `done` gets Cancelled after Stop(), else OK: a commit waits for room rather than fail.
//            Reads: NotFound (Get), Cancelled; DataLoss for a value that fails its checksum
// Thread:    loop-affine; `done` always runs in a later turn of the loop
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "shard/spool/kv_batch.h"

namespace convoy::shard {

inline constexpr size_t kPendingBytesHigh = size_t{32} << 20;
inline constexpr size_t kPendingBytesLow = size_t{8} << 20;

struct StoreHealth {
  uint64_t free_bytes = 0;   // on the volume of the store, at the last look
  bool below_floor = false;  // less free than the floor: keep what is left for outcomes
  bool stalled = false;      // the log itself had no room: the batch waits and is tried again
  bool congested = false;    // more waits to be synced than kPendingBytesHigh

  // New mail may be accepted. When false: 452 or RESOURCE_EXHAUSTED.
  bool accepting() const { return !below_floor && !stalled; }
  // Attempts may be started: their outcomes will be recorded in time.
  bool sending() const { return !stalled; }
  bool operator==(const StoreHealth&) const = default;
};

struct KvRow {
  std::string key;
  std::string value;
};
struct KvScan {
  std::vector<KvRow> rows;   // ascending
  bool reached_end = false;  // nothing is left between the last row and `end`
};
// All keys with one prefix.
struct KvGroup {
  std::string first_key;
  uint64_t keys = 0;  // 0 when it was not asked for
};
enum class SurveyMode : uint8_t {
  kFirstKeys,  // one seek per group
  kCounts,     // reads every key, no value
};

using GetDone = absl::AnyInvocable<void(absl::StatusOr<std::string>)>;
using ScanDone = absl::AnyInvocable<void(absl::StatusOr<KvScan>)>;
using SurveyDone = absl::AnyInvocable<void(absl::StatusOr<std::vector<KvGroup>>)>;

struct KvRange {
  Cf cf;
  std::string begin;
  std::string end;  // exclusive; empty: to the end of the column family
};

class KvStore {
 public:
  virtual ~KvStore() = default;

  // Durable when `done` runs with OK. Batches take effect, and their `done`s run, in the order of
  // the calls.
  virtual void Commit(KvBatch batch, StatusDone done) = 0;
  // At most `max_rows` rows, and no more after `max_bytes` of keys and values (but at least one).
  virtual void Scan(KvRange range, size_t max_rows, size_t max_bytes, ScanDone done) = 0;
  virtual void Get(Cf cf, std::string key, GetDone done) = 0;
  // The groups of keys that share their first `prefix_bytes` octets. Sees exactly the batches whose
  // Commit was called before: later changes can be added to it.
  virtual void Survey(Cf cf, size_t prefix_bytes, SurveyMode mode, SurveyDone done) = 0;

  // For start-up only, before anything asynchronous was asked for: these wait for the disk.
  virtual absl::Status CommitNow(const KvBatch& batch) = 0;
  virtual absl::StatusOr<std::string> GetNow(Cf cf, std::string_view key) = 0;
  virtual absl::StatusOr<KvScan> ScanNow(const KvRange& range, size_t max_rows) = 0;
  virtual absl::StatusOr<std::vector<KvGroup>> SurveyNow(Cf cf, size_t prefix_bytes,
                                                         SurveyMode mode) = 0;

  virtual const StoreHealth& health() const = 0;
  // `changed` runs on the loop whenever a flag of health() has changed. Listeners stay for ever.
  virtual void AddHealthListener(std::function<void()> changed) = 0;
  // Octets of batches whose `done` has not run.
  virtual size_t pending_bytes() const = 0;

  // Nothing new from now on (Cancelled); `stopped` runs when all that was asked for is done. A
  // commit that waits for room on a full disk is then given up: its `done` gets Cancelled.
  virtual void Stop(Callback stopped) = 0;
};

}  // namespace convoy::shard
