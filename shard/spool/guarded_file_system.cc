#include "shard/spool/guarded_file_system.h"

#include <unistd.h>

#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

using rocksdb::FileOptions;
using rocksdb::FSWritableFile;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr int kExitIoError = 74;
constexpr std::string_view kLogSuffix = ".log";

class GuardedFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  GuardedFile(std::unique_ptr<FSWritableFile>&& base, std::string name, const DiskFailure* failure)
      : FSWritableFileOwnerWrapper(std::move(base)), name_(std::move(name)), failure_(failure) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    return Wrote("write", FSWritableFileOwnerWrapper::Append(data, options, debug));
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& info, IODebugContext* debug) override {
    return Wrote("write", FSWritableFileOwnerWrapper::Append(data, options, info, debug));
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return Synced("fdatasync", FSWritableFileOwnerWrapper::Sync(options, debug));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Synced("fsync", FSWritableFileOwnerWrapper::Fsync(options, debug));
  }
  IOStatus RangeSync(uint64_t offset, uint64_t bytes, const IOOptions& options,
                     IODebugContext* debug) override {
    return Synced("sync_file_range",
                  FSWritableFileOwnerWrapper::RangeSync(offset, bytes, options, debug));
  }

 protected:
  IOStatus Wrote(const char* operation, IOStatus status) {
    if (!status.ok() && !status.IsNoSpace()) Fail(operation, status);
    return status;
  }
  IOStatus Synced(const char* operation, IOStatus status) {
    if (!status.ok()) Fail(operation, status);
    return status;
  }

 private:
  void Fail(const char* operation, const IOStatus& status) {
    (*failure_)(Cat(operation, " of ", name_, ": ", status.ToString()));
  }

  const std::string name_;
  const DiskFailure* const failure_;
};

// The log: every write says where it belongs, so that one that failed half way can be done again.
class GuardedLog final : public GuardedFile {
 public:
  GuardedLog(std::unique_ptr<FSWritableFile>&& base, std::string name, const DiskFailure* failure,
             RoomGate* gate)
      : GuardedFile(std::move(base), std::move(name), failure), gate_(gate) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    IOStatus status;
    do {
      status = target()->PositionedAppend(data, size_, options, debug);
    } while (status.IsNoSpace() && gate_->WaitForRoom());
    if (status.ok()) size_ += data.size();
    return Wrote("write", status);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }

 private:
  RoomGate* const gate_;
  uint64_t size_ = 0;
};

class GuardedDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  GuardedDirectory(std::unique_ptr<rocksdb::FSDirectory>&& base, std::string name,
                   const DiskFailure* failure)
      : FSDirectoryWrapper(std::move(base)), name_(std::move(name)), failure_(failure) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Check(FSDirectoryWrapper::Fsync(options, debug));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& what) override {
    return Check(FSDirectoryWrapper::FsyncWithDirOptions(options, debug, what));
  }

 private:
  IOStatus Check(IOStatus status) {
    if (!status.ok()) (*failure_)(Cat("fsync of directory ", name_, ": ", status.ToString()));
    return status;
  }

  const std::string name_;
  const DiskFailure* const failure_;
};

class GuardedFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  GuardedFileSystem(std::shared_ptr<rocksdb::FileSystem> base, DiskFailure failure, RoomGate* gate)
      : FileSystemWrapper(std::move(base)), failure_(std::move(failure)), gate_(gate) {}

  const char* Name() const override { return "GuardedFileSystem"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<FSWritableFile>* file, IODebugContext* debug) override {
    return Guard(name, FileSystemWrapper::NewWritableFile(name, options, file, debug), file);
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* directory,
                        IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::NewDirectory(name, options, directory, debug);
    if (status.ok()) {
      *directory = std::make_unique<GuardedDirectory>(std::move(*directory), name, &failure_);
    }
    return status;
  }

 private:
  IOStatus Guard(const std::string& name, IOStatus status, std::unique_ptr<FSWritableFile>* file) {
    if (!status.ok()) return status;
    if (name.ends_with(kLogSuffix)) {
      *file = std::make_unique<GuardedLog>(std::move(*file), name, &failure_, gate_);
    } else {
      *file = std::make_unique<GuardedFile>(std::move(*file), name, &failure_);
    }
    return status;
  }

  const DiskFailure failure_;
  RoomGate* const gate_;
};

}  // namespace

void EndProcessOnDiskFailure(const std::string& what) {
  LogError("spool", "the disk failed, ending the process: ", Escape(what));
  _exit(kExitIoError);
}

std::shared_ptr<rocksdb::FileSystem> GuardFileSystem(std::shared_ptr<rocksdb::FileSystem> base,
                                                     DiskFailure failure, RoomGate* gate) {
  return std::make_shared<GuardedFileSystem>(std::move(base), std::move(failure), gate);
}

}  // namespace convoy::shard
