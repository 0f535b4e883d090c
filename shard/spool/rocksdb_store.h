// The KvStore of a daemon: RocksDB, with one thread that commits and one that reads.
//
//     loop      GroupCommit ---- cycle ----> commit thread: WriteBatch, sync, OnWritten, snapshot
//       ^                                        | snapshot, reads
//       +------------- OnWritten, OnRead --------+--> read thread: Get, Scan, Survey, OnRead
//
// Schema: meta "schema_version" says what wrote the data. Another version than kSchemaVersion is
// refused, older or newer: an upgrade is a step of its own, never a side effect of opening.
//
// Disk:      a write without room is tried again until there is (StoreHealth::stalled); every other
//            failure of a write or a sync ends the process (guarded_file_system.h). Below
//            free_floor_bytes the store says so, and goes on writing.
// Errors:    Open: FailedPrecondition (schema, data directory in use), DataLoss (damage),
//            Unavailable (cannot be created or read)
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "runtime/event_loop.h"
#include "shard/spool/kv_store.h"

namespace rocksdb {
class FileSystem;
}

namespace convoy::shard {

inline constexpr uint32_t kSchemaVersion = 1;

struct RocksDbStoreOptions {
  std::string path;  // made if it is missing, with its parents
  // New mail is refused with less free than this; what is left is for outcomes.
  uint64_t free_floor_bytes = uint64_t{512} << 20;
  size_t memtable_bytes_max = size_t{48} << 20;
  size_t block_cache_bytes = size_t{32} << 20;
  // Contents of this size and above lie in blob files (docs/adr/0003-spool-bodies.md); 0: none do.
  uint64_t blob_bytes_min = 16384;
  // The real file system unless given: tests put a failing one here.
  std::shared_ptr<rocksdb::FileSystem> file_system;
  // Free octets on the volume; statvfs(path) unless given.
  std::function<uint64_t()> free_bytes;
};

// What RocksDB says about itself, for metrics. Cheap, but not free: ask about once a second.
struct RocksDbUsage {
  uint64_t memtable_bytes = 0;
  uint64_t block_cache_bytes = 0;
  uint64_t table_bytes = 0;  // of live files
};

class RocksDbStore : public KvStore {
 public:
  // Reads the log: takes seconds after a crash under load. `loop` outlives the store.
  static absl::StatusOr<std::unique_ptr<RocksDbStore>> Open(EventLoop& loop,
                                                            RocksDbStoreOptions options);
  virtual RocksDbUsage usage() const = 0;
};

}  // namespace convoy::shard
