#include "sim/config_watch.h"

#include "base/text.h"

namespace convoy::sim {

void ConfigWatch::Decided(const coordinator::ConfigRecord& record) {
  const auto [at, fresh] =
      decided_.try_emplace(record.version, Decision{record.bundle, loop_.MonoNow()});
  if (!fresh && at->second.bundle != record.bundle) {
    evidence_.Break(Cat("config: version ", record.version, " was decided twice, differently"));
  }
  if (fresh) CheckReady(record);
}

// Who has held its lease for a while was asked. One that has just joined may be missed, and takes
// the version with its next lease.
void ConfigWatch::CheckReady(const coordinator::ConfigRecord& record) {
  for (const ShardRun& holder : holders_) {
    const auto& [number, run] = holder;
    const ShardProcess* shard = shards_[static_cast<size_t>(number)];
    if (shard == nullptr || shard->run() != run || !shard->HoldsLease()) continue;
    if (ready_.contains({record.bundle, holder})) continue;
    evidence_.Break(Cat("config: version ", record.version, " was decided, and s", number,
                        ", which holds a lease, is not ready for it, at ", loop_.MonoNow().us,
                        " us"));
  }
}

void ConfigWatch::Applied(int shard, uint64_t version, const std::string& bundle) {
  const auto found = decided_.find(version);
  if (found != decided_.end() && found->second.bundle == bundle) return;
  evidence_.Break(Cat("config: s", shard, " runs version ", version, " (", bundle,
                      "), which nobody has decided, at ", loop_.MonoNow().us, " us"));
}

// A valid lease was asked for within the last lease_; its answer named what was current then.
void ConfigWatch::CheckHolders() {
  uint64_t due = 0;
  for (const auto& [version, decision] : decided_) {
    if (decision.at + lease_ <= loop_.MonoNow()) due = version;
  }
  holders_.clear();
  for (size_t number = 1; number < shards_.size(); ++number) {
    const ShardProcess* shard = shards_[number];
    if (shard == nullptr || !shard->HoldsLease()) continue;
    holders_.insert({static_cast<int>(number), shard->run()});
    if (shard->config_version() >= due) continue;
    evidence_.Break(Cat("config: s", number, " holds a lease and runs version ",
                        shard->config_version(), ", though ", due, " was decided ",
                        (loop_.MonoNow() - decided_.at(due).at).millis(), " ms ago, at ",
                        loop_.MonoNow().us, " us"));
  }
}

void ConfigWatch::CheckEnd() {
  const uint64_t newest = decided_.empty() ? 0 : decided_.rbegin()->first;
  for (size_t number = 1; number < shards_.size(); ++number) {
    const ShardProcess* shard = shards_[number];
    if (shard == nullptr || shard->config_version() == newest) continue;
    evidence_.Break(Cat("config: s", number, " runs version ", shard->config_version(),
                        " at the end, and the newest is ", newest));
  }
}

}  // namespace convoy::sim
