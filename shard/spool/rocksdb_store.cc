#include "shard/spool/rocksdb_store.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "rocksdb/write_batch.h"
#include "shard/spool/group_commit.h"
#include "shard/spool/guarded_file_system.h"
#include "shard/spool/keys.h"
#include "shard/spool/rocksdb_options.h"
#include "shard/spool/room_gate.h"
#include "shard/spool/work_thread.h"

namespace convoy::shard {
namespace {

using rocksdb::ColumnFamilyHandle;
using rocksdb::Slice;

constexpr Duration kReclaimInterval = Seconds(5);

Slice ToSlice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view ToView(const Slice& s) { return {s.data(), s.size()}; }

absl::Status ReadError(const rocksdb::Status& status) {
  if (status.IsNotFound()) return absl::NotFoundError("no such key");
  if (status.IsCorruption()) return absl::DataLossError(status.ToString());
  return absl::UnavailableError(status.ToString());
}

uint64_t FreeBytes(const std::string& path) {
  struct statvfs info {};
  if (statvfs(path.c_str(), &info) != 0) return 0;
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

// The database and everything that both threads use of it. Safe for use by several threads.
class Engine {
 public:
  explicit Engine(RocksDbStoreOptions options)
      : options_(std::move(options)),
        env_(rocksdb::NewCompositeEnv(GuardFileSystem(
            options_.file_system != nullptr ? options_.file_system : rocksdb::FileSystem::Default(),
            EndProcessOnDiskFailure, &gate_))) {}

  ~Engine() {
    if (db_ == nullptr) return;
    for (ColumnFamilyHandle* handle : all_handles_) {
      db_->DestroyColumnFamilyHandle(handle);
    }
    const rocksdb::Status closed = db_->Close();
    if (!closed.ok()) LogWarning("spool", "closing: ", closed.ToString());
  }

  absl::Status Open();
  // OK, or ResourceExhausted; anything else ends the process.
  absl::Status Write(const std::vector<const KvBatch*>& batches, bool again);
  uint64_t free_bytes() const {
    return options_.free_bytes != nullptr ? options_.free_bytes() : FreeBytes(options_.path);
  }
  // What has been deleted gives its room back only when its graves are flushed and compacted; with
  // little new mail that would take for ever. Does not wait.
  void Reclaim();
  RoomGate& gate() { return gate_; }
  const rocksdb::Snapshot* TakeSnapshot() { return db_->GetSnapshot(); }
  void Release(const rocksdb::Snapshot* snapshot) { db_->ReleaseSnapshot(snapshot); }

  ReadResult Read(const ReadRequest& request, const rocksdb::Snapshot* snapshot) const;
  absl::StatusOr<std::string> Get(Cf cf, std::string_view key,
                                  const rocksdb::Snapshot* snapshot) const;
  absl::StatusOr<KvScan> Scan(const KvRange& range, size_t rows_max, size_t bytes_max,
                              const rocksdb::Snapshot* snapshot) const;
  absl::StatusOr<std::vector<KvGroup>> Survey(Cf cf, size_t prefix_bytes, SurveyMode mode,
                                              const rocksdb::Snapshot* snapshot) const;
  RocksDbUsage usage() const;

 private:
  absl::Status CheckFamilies(const rocksdb::DBOptions& options) const;
  absl::Status CheckSchema();
  ColumnFamilyHandle* handle(Cf cf) const { return handles_[static_cast<size_t>(cf)]; }

  const RocksDbStoreOptions options_;
  RoomGate gate_;
  const std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<ColumnFamilyHandle*> all_handles_;
  std::vector<ColumnFamilyHandle*> handles_;  // by Cf
  rocksdb::WriteBatch merged_;                // of the commit thread
};

absl::Status Engine::CheckFamilies(const rocksdb::DBOptions& options) const {
  std::vector<std::string> names;
  const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(options, options_.path, &names);
  if (!listed.ok()) return absl::OkStatus();  // a new directory; Open says what else is wrong
  for (const std::string& name : names) {
    bool known = name == rocksdb::kDefaultColumnFamilyName;
    for (size_t i = 0; i < kCfCount; ++i) known = known || name == CfName(static_cast<Cf>(i));
    if (known) continue;
    return absl::FailedPreconditionError(
        Cat("the spool in ", options_.path, " has a column family \"", Escape(name),
            "\" that this version does not know: it was written by a newer version; run that"));
  }
  return absl::OkStatus();
}

absl::Status Engine::CheckSchema() {
  rocksdb::WriteOptions write;
  write.sync = true;
  const absl::StatusOr<std::string> stored = Get(Cf::kMeta, kSchemaVersionKey, nullptr);
  if (absl::IsNotFound(stored.status())) {
    const rocksdb::Status put =
        db_->Put(write, handle(Cf::kMeta), ToSlice(kSchemaVersionKey), EncodeU32(kSchemaVersion));
    return put.ok() ? absl::OkStatus() : absl::UnavailableError(put.ToString());
  }
  if (!stored.ok()) return stored.status();
  const std::optional<uint32_t> version = DecodeU32(*stored);
  if (!version.has_value()) return absl::DataLossError("meta key schema_version is damaged");
  if (*version == kSchemaVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Cat("the spool in ", options_.path, " has schema version ", *version,
          " and this program reads version ", kSchemaVersion,
          *version > kSchemaVersion ? ": run the newer program that wrote it"
                                    : ": upgrade it first with the program's upgrade step"));
}

absl::Status Engine::Open() {
  std::error_code error;
  std::filesystem::create_directories(options_.path, error);
  if (error) {
    return absl::UnavailableError(Cat("cannot create ", options_.path, ": ", error.message()));
  }
  RocksDbTuning tuning;
  tuning.memtable_bytes_max = options_.memtable_bytes_max;
  tuning.block_cache_bytes = options_.block_cache_bytes;
  tuning.blob_bytes_min = options_.blob_bytes_min;
  const rocksdb::DBOptions db_options = MakeDbOptions(tuning, env_.get());
  RETURN_IF_ERROR(CheckFamilies(db_options));
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::Open(db_options, options_.path, MakeFamilies(tuning), &all_handles_, &db);
  if (!opened.ok()) {
    const std::string text =
        Cat("cannot open the spool in ", options_.path, ": ", opened.ToString());
    if (opened.IsCorruption()) return absl::DataLossError(text);
    if (text.find("lock") != std::string::npos) {
      return absl::FailedPreconditionError(Cat(text, " (is another shard running on it?)"));
    }
    return absl::UnavailableError(text);
  }
  db_.reset(db);
  handles_.assign(all_handles_.begin() + 1, all_handles_.end());
  return CheckSchema();
}

absl::Status Engine::Write(const std::vector<const KvBatch*>& batches, bool again) {
  merged_.Clear();
  for (const KvBatch* batch : batches) {
    for (size_t i = 0; i < batch->size(); ++i) {
      const KvBatch::Op op = batch->op(i);
      rocksdb::Status added;
      switch (op.kind) {
        case KvBatch::Kind::kPut:
          added = merged_.Put(handle(op.cf), ToSlice(op.key), ToSlice(op.value));
          break;
        case KvBatch::Kind::kDelete:
          added = merged_.Delete(handle(op.cf), ToSlice(op.key));
          break;
        case KvBatch::Kind::kDeleteRange:
          added = merged_.DeleteRange(handle(op.cf), ToSlice(op.key), ToSlice(op.value));
          break;
      }
      CHECK(added.ok());
    }
  }
  if (merged_.Count() == 0) return absl::OkStatus();
  rocksdb::Status written;
  // A table or the manifest had no room: RocksDB takes nothing until it is told to go on.
  if (again) written = db_->Resume();
  rocksdb::WriteOptions options;
  options.sync = true;
  if (written.ok()) written = db_->Write(options, &merged_);
  if (written.ok()) {
    if (merged_.GetDataSize() > 2 * kCycleBytesMax) merged_ = rocksdb::WriteBatch();
    return absl::OkStatus();
  }
  if (written.IsNoSpace() || (again && (written.IsBusy() || written.IsIncomplete()))) {
    if (!again) LogError("spool", "the disk is full: ", written.ToString());
    return absl::ResourceExhaustedError(written.ToString());
  }
  EndProcessOnDiskFailure(Cat("commit: ", written.ToString()));
}

void Engine::Reclaim() {
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;
  const rocksdb::Status flushed = db_->Flush(options, handles_);
  if (!flushed.ok()) LogWarning("spool", "reclaiming space: ", flushed.ToString());
}

ReadResult Engine::Read(const ReadRequest& request, const rocksdb::Snapshot* snapshot) const {
  if (const auto* get = std::get_if<GetRequest>(&request)) {
    return Get(get->cf, get->key, snapshot);
  }
  if (const auto* scan = std::get_if<ScanRequest>(&request)) {
    return Scan(scan->range, scan->rows_max, scan->bytes_max, snapshot);
  }
  const auto& survey = std::get<SurveyRequest>(request);
  return Survey(survey.cf, survey.prefix_bytes, survey.mode, snapshot);
}

absl::StatusOr<std::string> Engine::Get(Cf cf, std::string_view key,
                                        const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  std::string value;
  const rocksdb::Status status = db_->Get(options, handle(cf), ToSlice(key), &value);
  if (!status.ok()) return ReadError(status);
  return value;
}

absl::StatusOr<KvScan> Engine::Scan(const KvRange& range, size_t rows_max, size_t bytes_max,
                                    const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  const size_t prefix = FilterPrefixBytes(range.cf);
  options.prefix_same_as_start = prefix > 0 && range.begin.size() >= prefix &&
                                 range.end.size() >= prefix &&
                                 range.begin.compare(0, prefix, range.end, 0, prefix) == 0;
  options.total_order_seek = !options.prefix_same_as_start;
  const Slice end = ToSlice(range.end);
  if (!range.end.empty()) options.iterate_upper_bound = &end;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, handle(range.cf)));
  KvScan scan;
  size_t bytes = 0;
  for (it->Seek(ToSlice(range.begin)); it->Valid(); it->Next()) {
    if (scan.rows.size() >= rows_max || bytes >= bytes_max) return scan;
    bytes += it->key().size() + it->value().size();
    scan.rows.push_back({it->key().ToString(), it->value().ToString()});
  }
  if (!it->status().ok()) return ReadError(it->status());
  scan.reached_end = true;
  return scan;
}

absl::StatusOr<std::vector<KvGroup>> Engine::Survey(Cf cf, size_t prefix_bytes, SurveyMode mode,
                                                    const rocksdb::Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  options.total_order_seek = true;
  // A pass over everything must not push out what is in use.
  options.fill_cache = mode == SurveyMode::kFirstKeys;
  options.readahead_size = mode == SurveyMode::kCounts ? size_t{2} << 20 : 0;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, handle(cf)));
  std::vector<KvGroup> groups;
  it->SeekToFirst();
  while (it->Valid()) {
    const std::string_view key = ToView(it->key());
    const std::string_view prefix = key.substr(0, prefix_bytes);
    if (groups.empty() || !groups.back().first_key.starts_with(prefix)) {
      groups.push_back({std::string(key), 0});
    }
    if (mode == SurveyMode::kCounts) {
      ++groups.back().keys;
      it->Next();
      continue;
    }
    std::string next(prefix);
    while (!next.empty() && static_cast<unsigned char>(next.back()) == 0xff) next.pop_back();
    if (next.empty()) break;
    next.back() = static_cast<char>(next.back() + 1);
    it->Seek(next);
  }
  if (!it->status().ok()) return ReadError(it->status());
  return groups;
}

RocksDbUsage Engine::usage() const {
  RocksDbUsage usage;
  db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kSizeAllMemTables, &usage.memtable_bytes);
  db_->GetIntProperty(handle(Cf::kQueue), rocksdb::DB::Properties::kBlockCacheUsage,
                      &usage.block_cache_bytes);
  db_->GetAggregatedIntProperty(rocksdb::DB::Properties::kLiveSstFilesSize, &usage.table_bytes);
  return usage;
}

// The loop's side, and the two threads.
class RocksDbStoreImpl final : public RocksDbStore, private StoreDriver {
 public:
  RocksDbStoreImpl(EventLoop& loop, std::unique_ptr<Engine> engine, uint64_t floor_bytes)
      : loop_(loop),
        floor_bytes_(floor_bytes),
        engine_(std::move(engine)),
        self_(std::make_shared<GroupCommit*>(nullptr)),
        group_(loop, *this, floor_bytes),
        read_thread_("spool-read"),
        commit_thread_("spool-commit") {
    *self_ = &group_;
  }
  ~RocksDbStoreImpl() override { engine_->gate().GiveUp(); }

  void Commit(KvBatch batch, StatusDone done) override {
    group_.Commit(std::move(batch), std::move(done));
  }
  void Scan(KvRange range, size_t max_rows, size_t max_bytes, ScanDone done) override {
    group_.Scan(std::move(range), max_rows, max_bytes, std::move(done));
  }
  void Get(Cf cf, std::string key, GetDone done) override {
    group_.Get(cf, std::move(key), std::move(done));
  }
  void Survey(Cf cf, size_t prefix_bytes, SurveyMode mode, SurveyDone done) override {
    group_.Survey(cf, prefix_bytes, mode, std::move(done));
  }
  absl::Status CommitNow(const KvBatch& batch) override { return engine_->Write({&batch}, false); }
  absl::StatusOr<std::string> GetNow(Cf cf, std::string_view key) override {
    return engine_->Get(cf, key, nullptr);
  }
  absl::StatusOr<KvScan> ScanNow(const KvRange& range, size_t max_rows) override {
    return engine_->Scan(range, max_rows, SIZE_MAX, nullptr);
  }
  absl::StatusOr<std::vector<KvGroup>> SurveyNow(Cf cf, size_t prefix_bytes,
                                                 SurveyMode mode) override {
    return engine_->Survey(cf, prefix_bytes, mode, nullptr);
  }
  const StoreHealth& health() const override { return group_.health(); }
  void AddHealthListener(std::function<void()> changed) override {
    group_.AddHealthListener(std::move(changed));
  }
  size_t pending_bytes() const override { return group_.pending_bytes(); }
  void Stop(Callback stopped) override { group_.Stop(std::move(stopped)); }
  RocksDbUsage usage() const override { return engine_->usage(); }

 private:
  using CyclePtr = std::shared_ptr<const StoreCycle>;

  void StartCycle(CyclePtr cycle, bool again) override {
    if (again && engine_->gate().Retry()) return;  // it goes on where it waits
    commit_thread_.Run(
        [this, cycle = std::move(cycle), again]() mutable { WriteCycle(std::move(cycle), again); });
  }

  // On the commit thread.
  void WriteCycle(CyclePtr cycle, bool again) {
    std::vector<const KvBatch*> batches;
    batches.reserve(cycle->batches.size());
    for (const KvBatch& batch : cycle->batches) batches.push_back(&batch);
    engine_->gate().Arm([this, number = cycle->number] {
      Report([number, free = engine_->free_bytes()](GroupCommit* group) {
        group->OnWritten(number, {absl::ResourceExhaustedError("the log has no room"), free});
      });
    });
    CycleWritten written{engine_->Write(batches, again), 0};
    engine_->gate().Disarm();
    written.free_bytes = engine_->free_bytes();
    ReclaimBelowFloor(written.free_bytes);
    const bool reads = written.status.ok() && !cycle->reads.empty();
    const rocksdb::Snapshot* const snapshot = reads ? engine_->TakeSnapshot() : nullptr;
    Report([number = cycle->number, written = std::move(written)](GroupCommit* group) mutable {
      group->OnWritten(number, std::move(written));
    });
    if (!reads) return;
    read_thread_.Run([this, cycle = std::move(cycle), snapshot] { ReadCycle(*cycle, snapshot); });
  }

  // On the commit thread.
  void ReclaimBelowFloor(uint64_t free_bytes) {
    if (free_bytes >= floor_bytes_ || loop_.MonoNow() < reclaim_after_) return;
    reclaim_after_ = loop_.MonoNow() + kReclaimInterval;
    engine_->Reclaim();
  }

  // On the read thread.
  void ReadCycle(const StoreCycle& cycle, const rocksdb::Snapshot* snapshot) {
    std::vector<ReadResult> results;
    results.reserve(cycle.reads.size());
    for (const ReadRequest& request : cycle.reads) {
      results.push_back(engine_->Read(request, snapshot));
    }
    engine_->Release(snapshot);
    Report([number = cycle.number, results = std::move(results)](GroupCommit* group) mutable {
      group->OnRead(number, std::move(results));
    });
  }

  // To the loop; dropped if the store is gone by then.
  template <typename F>
  void Report(F report) {
    loop_.Post([weak = std::weak_ptr<GroupCommit*>(self_), report = std::move(report)]() mutable {
      if (const auto self = weak.lock()) report(*self);
    });
  }

  EventLoop& loop_;  // off the loop only its clock and Post
  const uint64_t floor_bytes_;
  const std::unique_ptr<Engine> engine_;
  MonoTime reclaim_after_{};  // of the commit thread
  const std::shared_ptr<GroupCommit*> self_;
  GroupCommit group_;
  // The commit thread ends first: it gives work to the read thread.
  WorkThread read_thread_;
  WorkThread commit_thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RocksDbStore>> RocksDbStore::Open(EventLoop& loop,
                                                                 RocksDbStoreOptions options) {
  const uint64_t floor_bytes = options.free_floor_bytes;
  auto engine = std::make_unique<Engine>(std::move(options));
  RETURN_IF_ERROR(engine->Open());
  return std::make_unique<RocksDbStoreImpl>(loop, std::move(engine), floor_bytes);
}

}  // namespace convoy::shard
