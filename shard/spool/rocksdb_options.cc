#include "shard/spool/rocksdb_options.h"

#include <string>

#include "rocksdb/cache.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "rocksdb/utilities/table_properties_collectors.h"
#include "rocksdb/write_buffer_manager.h"
#include "shard/spool/rocksdb_log.h"

namespace convoy::shard {
namespace {

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kMessagePrefixBytes = 16;  // the message id
constexpr size_t kReceiptPrefixBytes = 17;  // 'r' and the message id
constexpr int kBloomBitsPerKey = 10;
// A file in which so many of so many consecutive entries are deletions is compacted: the heads of
// queues are where rows come and go, and a read must not walk through their graves.
constexpr size_t kDeletionWindow = 4096;
constexpr size_t kDeletionTrigger = 1024;

rocksdb::ColumnFamilyOptions Common(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 8 * kMiB;
  options.max_write_buffer_number = 3;
  options.target_file_size_base = 16 * kMiB;
  options.max_bytes_for_level_base = 64 * kMiB;
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::kLZ4Compression;
  options.memtable_whole_key_filtering = false;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 8 * 1024;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

void CompactDeletions(rocksdb::ColumnFamilyOptions* options) {
  options->table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(kDeletionWindow, kDeletionTrigger));
}

void ForMessages(const RocksDbTuning& tuning, rocksdb::ColumnFamilyOptions* options) {
  options->write_buffer_size = 24 * kMiB;
  options->target_file_size_base = 64 * kMiB;
  options->max_bytes_for_level_base = 256 * kMiB;
  options->prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kMessagePrefixBytes));
  options->memtable_prefix_bloom_size_ratio = 0.02;
  CompactDeletions(options);
  if (tuning.blob_bytes_min > 0) {
    options->enable_blob_files = true;
    options->min_blob_size = tuning.blob_bytes_min;
    options->blob_file_size = 64 * kMiB;
    options->blob_compression_type = rocksdb::kLZ4Compression;
    options->enable_blob_garbage_collection = true;
    options->blob_garbage_collection_age_cutoff = 0.5;
    options->blob_garbage_collection_force_threshold = 0.8;
  }
}

}  // namespace

rocksdb::DBOptions MakeDbOptions(const RocksDbTuning& tuning, rocksdb::Env* env) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.track_and_verify_wals_in_manifest = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.write_buffer_manager =
      std::make_shared<rocksdb::WriteBufferManager>(tuning.memtable_bytes_max);
  options.max_total_wal_size = tuning.wal_bytes_max;
  options.max_background_jobs = 2;
  options.max_subcompactions = 1;
  options.max_open_files = 256;
  options.bytes_per_sync = kMiB;
  options.allow_concurrent_memtable_write = false;
  options.enable_write_thread_adaptive_yield = false;
  options.avoid_unnecessary_blocking_io = true;
  // The store itself decides when to try again after a full disk.
  options.max_bgerror_resume_count = 0;
  options.info_log = MakeRocksDbLog();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> MakeFamilies(const RocksDbTuning& tuning) {
  const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(tuning.block_cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, Common(cache));
  for (size_t i = 0; i < kCfCount; ++i) {
    const Cf cf = static_cast<Cf>(i);
    rocksdb::ColumnFamilyOptions options = Common(cache);
    if (cf == Cf::kMessage) ForMessages(tuning, &options);
    if (cf == Cf::kQueue) {
      options.write_buffer_size = 16 * kMiB;
      CompactDeletions(&options);
    }
    if (cf == Cf::kOutbox) CompactDeletions(&options);
    if (cf == Cf::kReceipt) {
      options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kReceiptPrefixBytes));
    }
    families.emplace_back(std::string(CfName(cf)), options);
  }
  return families;
}

size_t FilterPrefixBytes(Cf cf) {
  if (cf == Cf::kMessage) return kMessagePrefixBytes;
  if (cf == Cf::kReceipt) return kReceiptPrefixBytes;
  return 0;
}

}  // namespace convoy::shard
