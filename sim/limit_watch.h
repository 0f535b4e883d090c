// Holds the cluster to its limits at every instant: connections and rates per queue, site and
// virtual MTA, and one owner per queue. Measured at the senders' sockets, over all shards together.
//
// Breaks (Evidence::broken) name the limit, the moment and the figures.
//
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "runtime/event_loop.h"
#include "sim/evidence.h"
#include "sim/policies.h"
#include "sim/shard_process.h"
#include "sim/trace.h"
#include "sim/watched_network.h"

namespace convoy::sim {

class LimitWatch {
 public:
  struct Deps {
    const EventLoop& loop;
    Evidence& evidence;
    Trace& trace;
    const PolicyTable& first;  // of what runs no more
    const ShardPlaces& shards;
    // A rate holds over a change of owner or a restart too, not only within a shard's run.
    bool rates_over_owners = false;
  };
  explicit LimitWatch(Deps deps);
  ~LimitWatch();

  // The witness of one run of a shard. Lives as long as the watch.
  SocketWitness& WitnessOf(int shard, uint64_t run);
  // Its connections are gone; late news from it is ignored.
  void Killed(int shard, uint64_t run);

  // Other limits than `before` are in effect in that run. What was sent while there was no limit
  // does not count under one.
  void Reloaded(int shard, uint64_t run, const PolicyTable& before);

  // No two shards believe that they may attempt the same queue.
  void CheckOwners();

 private:
  class Witness;
  // Shards limits apply to: (domain or -1, vmta or 0, shard or 0).
  struct Scope {
    int domain = -1;
    int vmta = 0;
    int shard = 0;
    auto operator<=>(const Scope&) const = default;
    std::string ToString() const;
  };
  void Started(const Witness& witness, const IpAddress& source, const IpAddress& peer);
  void CheckConnections(const Scope& scope, uint32_t limit);
  void Written(const Witness& witness, const IpAddress& source, const IpAddress& peer,
               std::string_view mail_from, std::string_view rcpt_to);
  void CheckRate(const Witness& witness, const Scope& scope, const shard::Rate& rate);
  uint32_t Count(const Scope& scope) const;
  // In effect at the sender.
  const PolicyTable& LimitsOf(int shard) const;
  void CheckOwner(int domain, int vmta, int sender);

  const Deps deps_;
  std::map<std::pair<int, uint64_t>, std::unique_ptr<Witness>> witnesses_;
  // Connections by (domain, vmta, shard, run).
  std::map<std::tuple<int, int, int, uint64_t>, uint32_t> connections_;
  // By scope and, unless rates_over_owners, shard and run.
  std::map<std::tuple<Scope, int, uint64_t>, std::deque<MonoTime>> mails_;
};

}  // namespace convoy::sim
