// Turns the outbox into CSV files: each event in each file that wants it exactly once, over any
// crash.
//
//     1  read the outbox from the checkpoint on                      (storage)
//     2  cut each file to its checkpoint, append, sync               (file worker)
//     3  commit: checkpoint moved, events deleted, in one batch      (storage)
//
// The checkpoint holds the next event and, per file, its segment and offset.
//
//     a crash               leaves                              repaired by
//     before 2              nothing new                         -
//     in 2 or before 3      bytes behind the checkpoint         2 of the next run: cut, then the
//                                                               same bytes again
//     after 3               nothing                             -
//
// A segment is named PATH-YYYY-MM-DD-NNNN.csv (before the extension of the path) and is never
// longer than max_size_bytes unless one record is. A new one is created empty before the checkpoint
// names it, so a crash in between leaves an empty file and no record; two shards of one host may
// write to one directory.
//
// Errors:    a file that cannot be written is tried again every kFileRetry; events wait in the
//            outbox. A segment that somebody has moved away is followed by a new one.
// Limits:    kProjectRows events and kProjectBytes per step, one step at a time
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/event_loop.h"
#include "shard/account/account_files.h"
#include "shard/account/csv_format.h"
#include "shard/account/file_worker.h"
#include "shard/spool/kv_store.h"
#include "shard/spool/record_codec.h"

namespace convoy::shard {

inline constexpr size_t kProjectRows = 4096;
inline constexpr size_t kProjectBytes = size_t{1} << 20;
inline constexpr Duration kFileRetry = Seconds(5);
// Events gather this long before they are written, so that a sync is shared.
inline constexpr Duration kProjectDelay = Milliseconds(200);

struct AcctFileOptions {
  std::string path;  // absolute: /var/log/convoy/acct.csv
  std::vector<EventType> types = {EventType::kDelivery, EventType::kBounce};
  uint64_t max_size_bytes = uint64_t{250} << 20;
};

struct CsvProjectorOptions {
  // May be empty: events are then forgotten.
  std::vector<AcctFileOptions> files;
  UtcOffset utc_offset = LocalUtcOffset;
};

struct CsvProjectorStats {
  uint64_t events_total = 0;
  uint64_t records_total = 0;
  uint64_t bytes_total = 0;
  uint64_t failures_total = 0;
  bool failing = false;
};

class CsvProjector {
 public:
  using Options = CsvProjectorOptions;
  // All outlive the projector; `files` is touched only by `worker`.
  CsvProjector(EventLoop& loop, KvStore& store, FileWorker& worker, AccountFiles& files,
               Options options);
  ~CsvProjector();
  CsvProjector(const CsvProjector&) = delete;
  CsvProjector& operator=(const CsvProjector&) = delete;

  // Start-up, before the loop runs: reads the checkpoint and begins with what is in the outbox.
  // InvalidArgument: two files of one path.
  absl::Status Recover();
  // There are events in the outbox (Spool::SetOutboxListener).
  void Notify();
  // Begins a new segment of every file before the next record.
  void Rotate();
  // Projects what is in the outbox now, then `stopped`; at once if a file fails.
  void Stop(Callback stopped);

  const CsvProjectorStats& stats() const { return stats_; }

 private:
  struct Output;
  struct Step;

  void Wake(Duration delay);
  void Read();
  void OnRead(absl::StatusOr<KvScan> scan);
  // On the file worker.
  static void Write(Step* step, AccountFiles* files);
  static void Format(Step* step);
  static void CreateSegments(Step* step, AccountFiles* files);
  void OnWritten(std::shared_ptr<Step> step);
  void OnCommitted(std::shared_ptr<Step> step, absl::Status status);
  void Fail(const absl::Status& status);
  void Idle();

  EventLoop& loop_;
  KvStore& store_;
  FileWorker& worker_;
  AccountFiles& files_;
  const Options options_;
  std::vector<std::shared_ptr<const CsvFormat>> formats_;  // of the files

  ProjectorCheckpoint checkpoint_;  // one entry per file, in the order of the options
  bool busy_ = false;               // a step is under way
  bool again_ = false;              // there may be more in the outbox
  bool rotate_ = false;
  TimerId timer_{};
  Callback stopped_;
  CsvProjectorStats stats_;
};

}  // namespace convoy::shard
