// RocksDB's file system with our rule about failing disks: an I/O error or a failed sync of what
// must be durable ends the process, at the place where it happens. Only "no space" from a write is
// passed on; RocksDB and the store above know how to wait for room.
//
// After a failed fsync the kernel may have dropped the dirty pages, so trying again would lie: the
// log on disk is the truth and is read again at the next start.
//
// Thread:    thread-safe, as RocksDB demands
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "rocksdb/file_system.h"

namespace convoy::shard {

// `what` names the operation, the file and the error. Must not return in production.
using DiskFailure = std::function<void(const std::string& what)>;

// Logs and ends the process with exit status 74 (EX_IOERR), without running destructors.
[[noreturn]] void EndProcessOnDiskFailure(const std::string& what);

std::shared_ptr<rocksdb::FileSystem> GuardFileSystem(std::shared_ptr<rocksdb::FileSystem> base,
                                                     DiskFailure failure);

}  // namespace convoy::shard
