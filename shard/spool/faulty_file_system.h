// A file system for tests: runs out of room, fails, and knows what a power cut would leave.
//
// Sits below the store's guard. A write without room leaves half of its bytes behind, as a real
// disk does.
//
// Thread:    thread-safe
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "rocksdb/file_system.h"

namespace convoy::shard {

class FaultyFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  std::atomic<bool> no_room = false;           // writes fail with ENOSPC
  std::atomic<bool> no_room_log_only = false;  // only writes of the log do
  std::atomic<bool> write_fails = false;       // writes fail with EIO
  std::atomic<bool> sync_fails = false;

  const char* Name() const override { return "FaultyFileSystem"; }

  // Copies the directory as it would be after a power cut now: of each file what was synced. The
  // file system stands still meanwhile.
  void CopySynced(const std::string& from, const std::string& to) {
    namespace fs = std::filesystem;
    // tidy: allow shard-mutex: called by RocksDB's own threads
    const std::lock_guard<std::mutex> lock(mutex_);
    fs::create_directories(to);
    for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
      const fs::path target = fs::path(to) / entry.path().filename();
      fs::copy_file(entry.path(), target);
      const auto written = synced_.find(entry.path().string());
      if (written != synced_.end()) fs::resize_file(target, written->second);
    }
  }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    // tidy: allow shard-mutex: called by RocksDB's own threads
    const std::lock_guard<std::mutex> lock(mutex_);
    rocksdb::IOStatus status = FileSystemWrapper::NewWritableFile(name, options, file, debug);
    if (status.ok()) {
      *file = std::make_unique<File>(std::move(*file), name, this);
      synced_[name] = 0;
    }
    return status;
  }
  rocksdb::IOStatus DeleteFile(const std::string& name, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    // tidy: allow shard-mutex: called by RocksDB's own threads
    const std::lock_guard<std::mutex> lock(mutex_);
    synced_.erase(name);
    return FileSystemWrapper::DeleteFile(name, options, debug);
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    // tidy: allow shard-mutex: called by RocksDB's own threads
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = synced_.find(from);
    if (found != synced_.end()) {
      synced_[to] = found->second;
      synced_.erase(from);
    }
    return FileSystemWrapper::RenameFile(from, to, options, debug);
  }

 private:
  class File final : public rocksdb::FSWritableFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSWritableFile>&& base, std::string name,
         FaultyFileSystem* system)
        : FSWritableFileOwnerWrapper(std::move(base)), name_(std::move(name)), system_(system) {}

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
      if (system_->write_fails) return rocksdb::IOStatus::IOError("injected", "EIO");
      if (NoRoom()) {
        const rocksdb::Slice half(data.data(), data.size() / 2);
        size_ += half.size();
        (void)FSWritableFileOwnerWrapper::Append(half, options, debug);
        return rocksdb::IOStatus::NoSpace("injected", "ENOSPC");
      }
      size_ += data.size();
      return FSWritableFileOwnerWrapper::Append(data, options, debug);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo&,
                             rocksdb::IODebugContext* debug) override {
      return Append(data, options, debug);
    }
    rocksdb::IOStatus PositionedAppend(const rocksdb::Slice& data, uint64_t offset,
                                       const rocksdb::IOOptions& options,
                                       rocksdb::IODebugContext* debug) override {
      if (system_->write_fails) return rocksdb::IOStatus::IOError("injected", "EIO");
      if (NoRoom()) {
        const rocksdb::Slice half(data.data(), data.size() / 2);
        (void)FSWritableFileOwnerWrapper::PositionedAppend(half, offset, options, debug);
        return rocksdb::IOStatus::NoSpace("injected", "ENOSPC");
      }
      size_ = offset + data.size();
      return FSWritableFileOwnerWrapper::PositionedAppend(data, offset, options, debug);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
      if (system_->sync_fails) return rocksdb::IOStatus::IOError("injected", "fdatasync");
      rocksdb::IOStatus status = FSWritableFileOwnerWrapper::Sync(options, debug);
      if (status.ok()) system_->NoteSynced(name_, size_);
      return status;
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* debug) override {
      return Sync(options, debug);
    }

   private:
    bool NoRoom() const {
      return system_->no_room || (system_->no_room_log_only && name_.ends_with(".log"));
    }
    const std::string name_;
    FaultyFileSystem* const system_;
    uint64_t size_ = 0;
  };

  void NoteSynced(const std::string& name, uint64_t size) {
    // tidy: allow shard-mutex: called by RocksDB's own threads
    const std::lock_guard<std::mutex> lock(mutex_);
    synced_[name] = size;
  }

  std::mutex mutex_;  // tidy: allow shard-mutex: RocksDB's own threads
  std::map<std::string, uint64_t> synced_;
};

}  // namespace convoy::shard
