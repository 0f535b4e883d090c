// A set of changes that becomes durable as a whole or not at all.
//
// Keys and small values are copied into one buffer; a large value can be shared instead, so that a
// message body is not copied on its way to the disk. Changes apply in the order of the calls.
//
// Thread:    loop-affine while it is filled; afterwards immutable and readable from any thread
// Determinism: pure
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/stream.h"

namespace convoy::shard {

// The column families of a shard's store. The values are not on disk, the names are.
enum class Cf : uint8_t {
  kMessage,      // header and body, once per message
  kQueue,        // recipient rows in the order they are due
  kMeta,         // schema version, queue names, reserved sequences, checkpoints
  kSuppression,  // suppression entries
  kState,        // backoff, pauses, warm-up, learned rollups
  kOplog,        // replicated operations of this shard and of others
  kOutbox,       // accounting events not yet projected to files
  kReceipt,      // what has been acknowledged and may be asked again
};
inline constexpr size_t kCfCount = 8;
std::string_view CfName(Cf cf);

class KvBatch {
 public:
  enum class Kind : uint8_t { kPut, kDelete, kDeleteRange };
  // One change, valid as long as the batch. For kDeleteRange: [key, value).
  struct Op {
    Cf cf;
    Kind kind;
    std::string_view key;
    std::string_view value;
  };

  void Put(Cf cf, std::string_view key, std::string_view value);
  // The value is referenced, not copied.
  void Put(Cf cf, std::string_view key, SharedBytes value);
  void Delete(Cf cf, std::string_view key);
  // Every key in [begin, end).
  void DeleteRange(Cf cf, std::string_view begin, std::string_view end);
  // The changes of `other` behind those of this batch.
  void Append(const KvBatch& other);

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  // Octets of keys and values, shared ones included.
  size_t bytes() const { return bytes_; }
  Op op(size_t index) const;

 private:
  struct Entry {
    Cf cf;
    Kind kind;
    int32_t shared;  // index into shared_; -1: the value is in buffer_
    uint32_t key_bytes;
    size_t offset;  // of the key in buffer_, directly followed by the value if it is not shared
    size_t value_bytes;
  };
  void Add(Cf cf, Kind kind, std::string_view key, std::string_view value);

  std::string buffer_;
  std::vector<Entry> entries_;
  std::vector<SharedBytes> shared_;
  size_t bytes_ = 0;
};

}  // namespace convoy::shard
