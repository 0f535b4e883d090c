// How RocksDB is set up for a shard, in one place.
//
// Memory, whatever the number of rows: memtables of all families together at most
// memtable_bytes_max (then the largest is flushed), blocks with their indexes and filters at most
// block_cache_bytes, plus what open files and one running compaction need (about 30 MB).
//
// Thread:    pure functions
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "rocksdb/db.h"
#include "rocksdb/file_system.h"
#include "rocksdb/options.h"
#include "shard/spool/kv_batch.h"

namespace convoy::shard {

struct RocksDbTuning {
  size_t memtable_bytes_max = size_t{48} << 20;
  size_t block_cache_bytes = size_t{32} << 20;
  // The log is at most this long; it is what a restart reads.
  size_t wal_bytes_max = size_t{192} << 20;
  // As in RocksDbStoreOptions.
  uint64_t blob_bytes_min = 16384;
};

rocksdb::DBOptions MakeDbOptions(const RocksDbTuning& tuning, rocksdb::Env* env);
// In the order of Cf, after the default family, which stays empty.
std::vector<rocksdb::ColumnFamilyDescriptor> MakeFamilies(const RocksDbTuning& tuning);
// Keys of this family share their prefix of so many octets with what a range read of one message
// wants; 0: it has no prefix filter.
size_t FilterPrefixBytes(Cf cf);

}  // namespace convoy::shard
