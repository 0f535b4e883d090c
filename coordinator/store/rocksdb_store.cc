#include "coordinator/store/rocksdb_store.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "coordinator/store/record_codec.h"

namespace convoy::coordinator {
namespace {

constexpr char kFormatKey[] = "format";
constexpr char kEpochKey[] = "epoch";
constexpr char kTableKey[] = "table";
constexpr char kMemberPrefix[] = "member";
constexpr char kConfigPrefix[] = "config";
constexpr char kFormat[] = "1";

absl::Status ToStatus(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = Cat(doing, ": ", status.ToString());
  if (status.IsIOError() && text.find("lock") != std::string::npos) {
    return absl::FailedPreconditionError(Cat(text, " (is another coordinator running on it?)"));
  }
  if (status.IsCorruption()) return absl::DataLossError(text);
  return absl::UnavailableError(text);
}

std::string BigEndian(uint64_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift));
  }
  return out;
}

std::string ConfigKey(uint64_t version) { return Cat(kConfigPrefix, BigEndian(version, 8)); }

std::string MemberKey(MemberId id) { return Cat(kMemberPrefix, BigEndian(id.value(), 4)); }

std::string_view View(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

class RocksDbStore final : public Store {
 public:
  RocksDbStore(EventLoop& loop, std::string directory)
      : loop_(loop), directory_(std::move(directory)) {}
  ~RocksDbStore() override;

  absl::StatusOr<Opened> Open() override;
  void Commit(StoreWrite write, Done done) override;

 private:
  struct Job {
    StoreWrite write;
    Done done;
  };

  absl::Status OpenDatabase();
  absl::Status CheckFormat();
  absl::StatusOr<Epoch> TakeEpoch();
  absl::StatusOr<StoredState> Read();
  absl::StatusOr<std::vector<ConfigRecordPtr>> ReadConfigs();
  absl::Status Write(const StoreWrite& write);
  void RunWriter();

  EventLoop& loop_;
  const std::string directory_;
  std::unique_ptr<rocksdb::DB> db_;
  std::thread writer_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;   // guarded by mutex_
  bool stopping_ = false;  // guarded by mutex_
};

RocksDbStore::~RocksDbStore() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (writer_.joinable()) writer_.join();
}

absl::StatusOr<Store::Opened> RocksDbStore::Open() {
  CHECK(db_ == nullptr);
  RETURN_IF_ERROR(OpenDatabase());
  RETURN_IF_ERROR(CheckFormat());
  Opened opened;
  ASSIGN_OR_RETURN(opened.state, Read());
  ASSIGN_OR_RETURN(opened.configs, ReadConfigs());
  ASSIGN_OR_RETURN(opened.epoch, TakeEpoch());
  writer_ = std::thread([this] { RunWriter(); });
  return opened;
}

absl::Status RocksDbStore::OpenDatabase() {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  if (error) {
    return absl::FailedPreconditionError(
        Cat("cannot create the data directory ", directory_, ": ", error.message()));
  }
  std::filesystem::permissions(directory_, std::filesystem::perms::owner_all, error);
  if (error) {
    return absl::FailedPreconditionError(
        Cat("cannot make the data directory ", directory_, " private: ", error.message()));
  }
  rocksdb::Options options;
  options.create_if_missing = true;
  options.max_open_files = 64;
  options.write_buffer_size = 4 << 20;
  options.keep_log_file_num = 2;
  // A torn last record is what a crash leaves; anything else wrong must be seen.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened = rocksdb::DB::Open(options, directory_, &db);
  db_.reset(db);
  return ToStatus(opened, Cat("opening ", directory_));
}

absl::Status RocksDbStore::CheckFormat() {
  std::string format;
  const rocksdb::Status found = db_->Get({}, kFormatKey, &format);
  if (found.IsNotFound()) return absl::OkStatus();
  RETURN_IF_ERROR(ToStatus(found, "reading the format"));
  if (format == kFormat) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Cat(directory_, " has format ", Escape(format), ", this program knows ", kFormat));
}

absl::StatusOr<Epoch> RocksDbStore::TakeEpoch() {
  std::string bytes;
  const rocksdb::Status found = db_->Get({}, kEpochKey, &bytes);
  if (!found.IsNotFound()) RETURN_IF_ERROR(ToStatus(found, "reading the epoch"));
  uint64_t epoch = 0;
  for (const char c : bytes) epoch = epoch << 8 | static_cast<unsigned char>(c);
  ++epoch;
  rocksdb::WriteBatch batch;
  batch.Put(kFormatKey, kFormat);
  batch.Put(kEpochKey, BigEndian(epoch, 8));
  rocksdb::WriteOptions synced;
  synced.sync = true;
  RETURN_IF_ERROR(ToStatus(db_->Write(synced, &batch), "writing the epoch"));
  return Epoch(epoch);
}

absl::StatusOr<StoredState> RocksDbStore::Read() {
  StoredState state;
  std::string bytes;
  const rocksdb::Status table = db_->Get({}, kTableKey, &bytes);
  if (!table.IsNotFound()) {
    RETURN_IF_ERROR(ToStatus(table, "reading the table"));
    ASSIGN_OR_RETURN(state.table, DecodeTable(bytes));
  }
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator({}));
  for (at->Seek(kMemberPrefix); at->Valid() && at->key().starts_with(kMemberPrefix); at->Next()) {
    ASSIGN_OR_RETURN(MemberRecord record, DecodeMember(View(at->value())));
    state.members.push_back(std::move(record));
  }
  RETURN_IF_ERROR(ToStatus(at->status(), "reading the members"));
  return state;
}

absl::StatusOr<std::vector<ConfigRecordPtr>> RocksDbStore::ReadConfigs() {
  std::vector<ConfigRecordPtr> configs;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator({}));
  for (at->Seek(kConfigPrefix); at->Valid() && at->key().starts_with(kConfigPrefix); at->Next()) {
    ASSIGN_OR_RETURN(ConfigRecord record, DecodeConfig(View(at->value())));
    configs.push_back(std::make_shared<const ConfigRecord>(std::move(record)));
  }
  RETURN_IF_ERROR(ToStatus(at->status(), "reading the configurations"));
  return configs;
}

void RocksDbStore::Commit(StoreWrite write, Done done) {
  CHECK(writer_.joinable());
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({.write = std::move(write), .done = std::move(done)});
  }
  wake_.notify_one();
}

absl::Status RocksDbStore::Write(const StoreWrite& write) {
  rocksdb::WriteBatch batch;
  for (const MemberId id : write.update.erased_members) batch.Delete(MemberKey(id));
  for (const MemberRecord& r : write.update.put_members)
    batch.Put(MemberKey(r.id), EncodeMember(r));
  if (write.update.table_changed) batch.Put(kTableKey, EncodeTable(*write.table));
  for (const uint64_t version : write.erased_configs) batch.Delete(ConfigKey(version));
  if (write.config != nullptr) {
    batch.Put(ConfigKey(write.config->version), EncodeConfig(*write.config));
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  return ToStatus(db_->Write(synced, &batch), Cat("writing ", directory_));
}

void RocksDbStore::RunWriter() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    loop_.Post([status = Write(job.write), done = std::move(job.done)]() mutable {
      done(std::move(status));
    });
    lock.lock();
  }
}

}  // namespace

std::unique_ptr<Store> MakeRocksDbStore(EventLoop& loop, std::string directory) {
  return std::make_unique<RocksDbStore>(loop, std::move(directory));
}

}  // namespace convoy::coordinator
