#include "shard/spool/expiry_sweep.h"

#include <optional>
#include <utility>

#include "shard/spool/keys.h"
#include "shard/spool/record_codec.h"

namespace convoy::shard {
namespace {

// nullopt: not a record of ours, left alone.
std::optional<int64_t> ExpiryOf(const KvRow& row) {
  if (ReceiptRcpt(row.key).has_value()) {
    const absl::StatusOr<StoredReceipt> receipt = DecodeReceipt(row.value);
    if (receipt.ok()) return receipt->expires_ms;
  } else if (row.key.starts_with('k')) {
    const absl::StatusOr<IdempotencyRecord> record = DecodeIdempotency(row.value);
    if (record.ok()) return record->expires_ms;
  }
  return std::nullopt;
}

}  // namespace

void ExpirySweep::Step(int64_t now_ms) {
  if (under_way_) return;
  under_way_ = true;
  store_.Scan({Cf::kReceipt, from_, {}}, kSweepRows, kSweepBytes,
              [this, now_ms](absl::StatusOr<KvScan> page) { OnPage(now_ms, std::move(page)); });
}

void ExpirySweep::OnPage(int64_t now_ms, absl::StatusOr<KvScan> page) {
  under_way_ = false;
  if (!page.ok()) return;
  KvBatch batch;
  for (const KvRow& row : page->rows) {
    const std::optional<int64_t> expires_ms = ExpiryOf(row);
    if (expires_ms.has_value() && *expires_ms <= now_ms) batch.Delete(Cf::kReceipt, row.key);
  }
  from_.clear();
  if (!page->reached_end) from_ = page->rows.back().key + '\0';
  if (batch.empty()) return;
  deleted_total_ += batch.size();
  store_.Commit(std::move(batch), [](const absl::Status&) {});
}

}  // namespace convoy::shard
