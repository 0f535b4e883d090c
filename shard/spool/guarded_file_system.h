// RocksDB's file system with our rule about failing disks: an I/O error or a failed sync of what
// must be durable ends the process, at the place where it happens. "No space" is not such an error:
// a write of the log waits for room (room_gate.h), of any other file it is passed on to RocksDB.
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
#include "shard/spool/room_gate.h"

namespace convoy::shard {

// `what` names the operation, the file and the error. Must not return in production.
using DiskFailure = std::function<void(const std::string& what)>;

// Logs and ends the process with exit status 74 (EX_IOERR), without running destructors.
[[noreturn]] void EndProcessOnDiskFailure(const std::string& what);

// `gate` outlives the file system and its files.
std::shared_ptr<rocksdb::FileSystem> GuardFileSystem(std::shared_ptr<rocksdb::FileSystem> base,
                                                     DiskFailure failure, RoomGate* gate);

}  // namespace convoy::shard
