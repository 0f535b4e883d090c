// Answers of the DNS kept for as long as they may be.
//
// Positive answers live for their TTL; NODATA and NXDOMAIN for theirs, which is the zone's own
// wish; failures briefly, so that a dead server is not asked again by every message. The least
// recently used answer makes room.
//
// RFC:       2308 5 (negative answers), 7 (failures: at most five minutes)
// Limits:    Options::entries_max
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "base/time_types.h"
#include "dns/resolver.h"

namespace convoy::dns {

class AnswerCache {
 public:
  struct Options {
    size_t entries_max = 100'000;
    Duration ttl_max = Hours(24);
    Duration negative_ttl_max = Hours(3);
    Duration failure_ttl = Seconds(10);
  };
  explicit AnswerCache(Options options) : options_(options) {}

  // The answer with what is left of its TTL.
  std::optional<DnsAnswer> Find(const std::string& name, RecordType type, MonoTime now);
  void Store(const std::string& name, RecordType type, const DnsAnswer& answer, MonoTime now);
  void Clear();
  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    DnsAnswer answer;
    MonoTime expires;
  };
  using Place = std::list<Entry>::iterator;

  Duration TtlOf(const DnsAnswer& answer) const;

  const Options options_;
  std::list<Entry> entries_;  // the most recently used first
  absl::flat_hash_map<std::string, Place> places_;
};

// Type and name as one key.
std::string QuestionKey(const std::string& name, RecordType type);

}  // namespace convoy::dns
