// What was learned of mail hosts that their next connection should know.
//
// Limits:    kHostsMax hosts; when it is full everything is forgotten, and learned again
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_set.h"

namespace convoy::shard {

class HostNotes {
 public:
  static constexpr size_t kHostsMax = 4096;

  // The host offers CHUNKING and does not know BDAT: it gets DATA (RFC 3030).
  void SetChunkingBroken(const std::string& host) {
    if (chunking_broken_.size() >= kHostsMax) chunking_broken_.clear();
    chunking_broken_.insert(host);
  }
  bool ChunkingBroken(const std::string& host) const { return chunking_broken_.contains(host); }

 private:
  absl::flat_hash_set<std::string> chunking_broken_;
};

}  // namespace convoy::shard
