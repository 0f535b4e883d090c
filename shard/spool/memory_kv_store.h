// A KvStore in memory that crashes like a disk: for the simulator and the tests.
//
// What survives a crash lives in a Disk, which its owner keeps; a MemoryKvStore is one run of a
// process on it. Destroying the store without Stop() is kill -9: cycles whose sync had not been
// reported are lost or kept, as the fate function of the disk decides (a power cut may have come
// before or after the sync).
//
//     MemoryKvStore::Disk disk;
//     { MemoryKvStore store(loop, &disk, {}); ... }   // crash
//     MemoryKvStore again(loop, &disk, {});           // restart
//
// Faults: commit latency, a full disk (free_bytes), and death at the n-th commit.
//
// Thread:    loop-affine
// Determinism: pure, given the loop, `survives` and `latency`
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "shard/spool/group_commit.h"
#include "shard/spool/kv_store.h"

namespace convoy::shard {

class MemoryKvStore final : public KvStore, private StoreDriver {
 public:
  using Table = std::map<std::string, std::string, std::less<>>;

  // Outlives the stores that run on it, one at a time.
  struct Disk {
    std::array<Table, kCfCount> tables;  // synced
    // The cycle that was being synced at the crash; applied by the next store if it survived.
    std::shared_ptr<const StoreCycle> unsynced;
    uint64_t free_bytes = uint64_t{1}
                          << 40;  // room as the store sees it; 0: writes fail with no room
    uint64_t cycles_synced_total = 0;
    uint64_t commits_synced_total = 0;

    // Octets of all keys and values.
    size_t bytes() const;
  };

  struct Options {
    uint64_t floor_bytes = 0;
    // How long a synced write takes; default: none (the next turn of the loop).
    std::function<Duration()> latency;
    std::function<Duration()> read_latency;
    // Asked at a restart whether the cycle that was being synced had reached the disk. Default: no.
    std::function<bool()> survives;
    // Not 0: before the n-th cycle (counted from 1) is synced, `on_death` runs and the store is
    // dead: no callback comes any more, as after kill -9.
    uint64_t die_at_cycle = 0;
    std::function<void()> on_death;
  };

  // `loop` and `disk` outlive the store.
  MemoryKvStore(EventLoop& loop, Disk* disk, Options options);
  ~MemoryKvStore() override;

  void Commit(KvBatch batch, StatusDone done) override;
  void Scan(KvRange range, size_t max_rows, size_t max_bytes, ScanDone done) override;
  void Get(Cf cf, std::string key, GetDone done) override;
  void Survey(Cf cf, size_t prefix_bytes, SurveyMode mode, SurveyDone done) override;
  absl::Status CommitNow(const KvBatch& batch) override;
  absl::StatusOr<std::string> GetNow(Cf cf, std::string_view key) override;
  absl::StatusOr<KvScan> ScanNow(const KvRange& range, size_t max_rows) override;
  absl::StatusOr<std::vector<KvGroup>> SurveyNow(Cf cf, size_t prefix_bytes,
                                                 SurveyMode mode) override;
  const StoreHealth& health() const override { return group_.health(); }
  void AddHealthListener(std::function<void()> changed) override {
    group_.AddHealthListener(std::move(changed));
  }
  size_t pending_bytes() const override { return group_.pending_bytes(); }
  void Stop(Callback stopped) override { group_.Stop(std::move(stopped)); }

  bool dead() const { return dead_; }

 private:
  void StartCycle(std::shared_ptr<const StoreCycle> cycle, bool again) override;
  void FinishCycle(const StoreCycle& cycle);
  void After(Duration delay, Callback work);
  ReadResult Read(const ReadRequest& request) const;

  EventLoop& loop_;
  Disk* const disk_;
  const Options options_;
  uint64_t cycles_ = 0;
  bool dead_ = false;
  std::shared_ptr<bool> alive_;
  GroupCommit group_;
};

}  // namespace convoy::shard
