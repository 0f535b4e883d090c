// What RocksDB has to say, in our own log instead of a file beside its data.
//
// A log file of its own lies on the disk that is full, and RocksDB of Debian 12 (assertions on)
// aborts at the second line that it cannot write there.
//
// Thread:    thread-safe
#pragma once

#include <memory>

#include "rocksdb/env.h"

namespace convoy::shard {

// Warnings and errors only.
std::shared_ptr<rocksdb::Logger> MakeRocksDbLog();

}  // namespace convoy::shard
