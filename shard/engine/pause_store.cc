#include "shard/engine/pause_store.h"

#include <cstdint>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kPrefix = "pause/";
constexpr std::string_view kEnd = "pause0";  // the octet after '/'

std::string KeyOf(const PauseSelector& selector) { return Cat(kPrefix, selector.ToString()); }

}  // namespace

absl::StatusOr<PauseSet> RecoverPauses(KvStore& store) {
  PauseSet pauses;
  KvBatch rewritten;
  ASSIGN_OR_RETURN(const KvScan stored,
                   store.ScanNow({Cf::kState, std::string(kPrefix), std::string(kEnd)}, SIZE_MAX));
  for (const KvRow& row : stored.rows) {
    const auto selector = PauseSelector::Parse(std::string_view(row.key).substr(kPrefix.size()));
    if (!selector.ok()) {
      LogError("engine", "stored pause: ", std::string(selector.status().message()));
      continue;
    }
    pauses.Add(*selector);
    if (row.key == KeyOf(*selector)) continue;
    rewritten.Delete(Cf::kState, row.key);
    PutPause(*selector, &rewritten);
  }
  if (!rewritten.empty()) RETURN_IF_ERROR(store.CommitNow(rewritten));
  return pauses;
}

void PutPause(const PauseSelector& selector, KvBatch* batch) {
  batch->Put(Cf::kState, KeyOf(selector), std::string_view());
}

void ErasePause(const PauseSelector& selector, KvBatch* batch) {
  batch->Delete(Cf::kState, KeyOf(selector));
}

}  // namespace convoy::shard
