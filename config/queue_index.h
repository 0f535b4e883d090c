// Which policy a queue has, by number: queues to which the same <domain> sections apply share one.
//
// A configuration of thousands of macro domains and hundreds of virtual MTAs has many queues and
// few different policies. So each name is kept once and has a number, a queue is a pair of them,
// and a queue that is known is found without computing or allocating anything:
//
//     "gmail.com" -> 17 --+
//                         +--> (17, 4) -> 2, the third of the paths found so far
//     "vmta-1"    ->  4 --+
//
// Limits:    Limits; beyond one of them everything is forgotten and numbers begin again. All
//            defaults used up at once are less than 100 MiB: 18 for the queues, 45 for a domain of
//            its own for each of them, 16 and malloc's share for the names. 1,000 domains times 300
//            virtual MTAs are 9 MiB.
// Thread:    loop-affine; the Config is immutable and shared
// Determinism: pure
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "config/model.h"

namespace convoy::config {

class QueueIndex {
 public:
  struct Limits {
    size_t queues = 900'000;
    size_t paths = 100'000;
    size_t name_bytes = size_t{16} << 20;
  };

  explicit QueueIndex(std::shared_ptr<const Config> config) : QueueIndex(std::move(config), {}) {}
  QueueIndex(std::shared_ptr<const Config> config, const Limits& limits)
      : config_(std::move(config)), limits_(limits) {}

  // The number of the queue's path, from 0. `domain` in lower case.
  uint32_t NumberOf(std::string_view domain, std::string_view vmta);
  // Of a number that NumberOf gave in this generation.
  const PolicyPath& path(uint32_t number) const { return *paths_[number]; }
  size_t paths() const { return paths_.size(); }
  size_t queues() const { return queues_.size(); }
  // Changes when numbers begin again.
  uint64_t generation() const { return generation_; }

 private:
  using Names = absl::flat_hash_map<std::string, uint32_t>;

  uint32_t Add(std::string_view domain, std::string_view vmta);
  uint32_t NumberOfName(std::string_view name, Names* names);
  void Forget();

  std::shared_ptr<const Config> config_;
  Limits limits_;
  Names domains_;
  Names vmtas_;
  size_t name_bytes_ = 0;
  absl::flat_hash_map<uint64_t, uint32_t> queues_;  // numbers of the names -> number of the path
  absl::node_hash_map<PolicyPath, uint32_t> known_paths_;
  std::vector<const PolicyPath*> paths_;  // by number; each is a key of known_paths_
  uint64_t generation_ = 0;
};

}  // namespace convoy::config
