// TLS sessions of hosts that were spoken to before, to be resumed instead of a whole handshake.
//
// A key names everything that the old handshake was asked to prove, besides the host: a session is
// only ever resumed under the very demands it was made under, and its certificate counts as checked
// then. What was found wrong with it then stays wrong. Resuming makes no session younger.
//
// RFC:       8446 4.6.1 and C.4 (tickets of TLS 1.3 are used once)
// Limits:    Options, each at least 1: keys, sessions of one key, age; the key used longest ago
//            makes room
// Thread:    loop-affine. Must outlive the streams that use it
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "base/time_types.h"
#include "runtime/event_loop.h"

namespace convoy {

// What a network keeps of a session.
struct TlsSession {
  std::shared_ptr<void> state;  // the network's own
  std::string doubt;            // TlsInfo::doubt of the whole handshake
  MonoTime since{};             // when that was; Put() sets it if it is not set
};

class TlsSessionCache {
 public:
  struct Options {
    size_t keys_max = 10'000;
    size_t sessions_per_key_max = 4;
    Duration age_max = Hours(1);
  };
  explicit TlsSessionCache(EventLoop& loop) : TlsSessionCache(loop, Options()) {}
  TlsSessionCache(EventLoop& loop, Options options) : loop_(loop), options_(options) {}
  TlsSessionCache(const TlsSessionCache&) = delete;
  TlsSessionCache& operator=(const TlsSessionCache&) = delete;

  // The latest one that is not too old. It is gone then: one that a host fails with is not offered
  // again, and one that is good for more is put back.
  std::optional<TlsSession> Take(const std::string& key);
  void Put(const std::string& key, TlsSession session);
  size_t keys() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    std::deque<TlsSession> sessions;  // the latest last
  };
  using Place = std::list<Entry>::iterator;

  void Forget(Place place);

  EventLoop& loop_;
  const Options options_;
  std::list<Entry> entries_;  // the most recently used first
  absl::flat_hash_map<std::string, Place> places_;
};

}  // namespace convoy
