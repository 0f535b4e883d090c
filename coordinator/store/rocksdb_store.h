// The coordinator's embedded store: one small RocksDB, every write synced.
//
//     key                              value
//     "format"                         "1"
//     "epoch"                          u64, big endian: of the latest start
//     "member" id:u32 big endian       StoredMember
//     "table"                          StoredTable
//     "config" version:u64 big endian  StoredConfig
//
// A Commit is one WriteBatch with a synced log, written by a thread of the store: members and table
// change together or not at all. The directory is its owner's alone (0700), for configurations hold
// keys and passwords. A second process on the directory is refused by RocksDB's lock.
//
// Errors:    FailedPrecondition (locked, or a newer format), DataLoss (damaged), as RocksDB says
//            otherwise
// Thread:    loop-affine; one thread of its own for writing
#pragma once

#include <memory>
#include <string>

#include "coordinator/store/store.h"
#include "runtime/event_loop.h"

namespace convoy::coordinator {

// `directory` is created if it is missing. The store must be destroyed before the loop.
std::unique_ptr<Store> MakeRocksDbStore(EventLoop& loop, std::string directory);

}  // namespace convoy::coordinator
