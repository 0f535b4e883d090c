// A hash that is the same on every machine and in every version: FNV-1a 64 with a final mix.
//
// It places sites in slots (architecture: slot = stable_hash(site) mod 4096) and is therefore part
// of the cluster's contract: changing it moves every domain. Not for hash tables fed by strangers.
//
// Determinism: pure
#pragma once

#include <cstdint>
#include <string_view>

namespace convoy {

constexpr uint64_t StableHash(std::string_view bytes) {
  uint64_t h = 0xcbf29ce484222325ull;
  for (const char c : bytes) {
    h ^= static_cast<unsigned char>(c);
    h *= 0x100000001b3ull;
  }
  // FNV's low bits mix poorly for short keys; finish as MurmurHash3 does.
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdull;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ull;
  h ^= h >> 33;
  return h;
}

}  // namespace convoy
