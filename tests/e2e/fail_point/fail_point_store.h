// A store that ends the process at a chosen commit, as kill -9 would.
//
//     before-accept:20    the 20th batch that makes a new message durable, before it is written
//     after-accept:20     the same, durable, and nobody told
//     before-outcome:20   the 20th batch that records outcomes of attempts, before it is written
//     after-outcome:20    the same, durable, and nobody told
//
// Each point lies inside one window of a message's life, so that a test hits every window for sure,
// which random kills do only sooner or later.
//
// Errors:    Parse: InvalidArgument naming what was expected
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "shard/spool/kv_store.h"

namespace convoy::shard {

struct FailPoint {
  enum class Batch : uint8_t { kAccept, kOutcome };
  Batch batch = Batch::kAccept;
  bool durable = false;  // after the commit, before its `done`
  uint64_t count = 0;
};

absl::StatusOr<FailPoint> ParseFailPoint(std::string_view text);

class FailPointStore final : public KvStore {
 public:
  FailPointStore(KvStore& store, FailPoint point) : store_(store), point_(point) {}

  void Commit(KvBatch batch, StatusDone done) override;
  void Scan(KvRange range, size_t max_rows, size_t max_bytes, ScanDone done) override {
    store_.Scan(std::move(range), max_rows, max_bytes, std::move(done));
  }
  void Get(Cf cf, std::string key, GetDone done) override {
    store_.Get(cf, std::move(key), std::move(done));
  }
  void Survey(Cf cf, size_t prefix_bytes, SurveyMode mode, SurveyDone done) override {
    store_.Survey(cf, prefix_bytes, mode, std::move(done));
  }
  absl::Status CommitNow(const KvBatch& batch) override { return store_.CommitNow(batch); }
  absl::StatusOr<std::string> GetNow(Cf cf, std::string_view key) override {
    return store_.GetNow(cf, key);
  }
  absl::StatusOr<KvScan> ScanNow(const KvRange& range, size_t max_rows) override {
    return store_.ScanNow(range, max_rows);
  }
  absl::StatusOr<std::vector<KvGroup>> SurveyNow(Cf cf, size_t prefix_bytes,
                                                 SurveyMode mode) override {
    return store_.SurveyNow(cf, prefix_bytes, mode);
  }
  const StoreHealth& health() const override { return store_.health(); }
  void AddHealthListener(std::function<void()> changed) override {
    store_.AddHealthListener(std::move(changed));
  }
  size_t pending_bytes() const override { return store_.pending_bytes(); }
  void Stop(Callback stopped) override { store_.Stop(std::move(stopped)); }

 private:
  bool Matches(const KvBatch& batch) const;

  KvStore& store_;
  const FailPoint point_;
  uint64_t seen_ = 0;
};

}  // namespace convoy::shard
