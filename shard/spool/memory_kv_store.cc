#include "shard/spool/memory_kv_store.h"

#include <utility>

#include "base/check.h"

namespace convoy::shard {
namespace {

using Table = MemoryKvStore::Table;

void Apply(const KvBatch& batch, std::array<Table, kCfCount>* tables) {
  for (size_t i = 0; i < batch.size(); ++i) {
    const KvBatch::Op op = batch.op(i);
    Table& table = (*tables)[static_cast<size_t>(op.cf)];
    switch (op.kind) {
      case KvBatch::Kind::kPut:
        table.insert_or_assign(std::string(op.key), std::string(op.value));
        break;
      case KvBatch::Kind::kDelete:
        table.erase(std::string(op.key));
        break;
      case KvBatch::Kind::kDeleteRange:
        table.erase(table.lower_bound(op.key), table.lower_bound(op.value));
        break;
    }
  }
}

KvScan ScanTable(const Table& table, const KvRange& range, size_t rows_max, size_t bytes_max) {
  KvScan scan;
  size_t bytes = 0;
  for (auto it = table.lower_bound(range.begin);; ++it) {
    if (it == table.end() || (!range.end.empty() && it->first >= range.end)) {
      scan.reached_end = true;
      return scan;
    }
    if (scan.rows.size() >= rows_max || bytes >= bytes_max) return scan;
    bytes += it->first.size() + it->second.size();
    scan.rows.push_back({it->first, it->second});
  }
}

std::vector<KvGroup> SurveyTable(const Table& table, size_t prefix_bytes, SurveyMode mode) {
  std::vector<KvGroup> groups;
  for (const auto& [key, value] : table) {
    if (groups.empty() ||
        groups.back().first_key.compare(0, prefix_bytes, key, 0, prefix_bytes) != 0) {
      groups.push_back({key, 0});
    }
    if (mode == SurveyMode::kCounts) ++groups.back().keys;
  }
  return groups;
}

}  // namespace

size_t MemoryKvStore::Disk::bytes() const {
  size_t bytes = 0;
  for (const Table& table : tables) {
    for (const auto& [key, value] : table) bytes += key.size() + value.size();
  }
  return bytes;
}

MemoryKvStore::MemoryKvStore(EventLoop& loop, Disk* disk, Options options)
    : loop_(loop),
      disk_(disk),
      options_(std::move(options)),
      alive_(std::make_shared<bool>(true)),
      group_(loop, *this, options_.floor_bytes) {
  const auto unsynced = std::exchange(disk_->unsynced, nullptr);
  if (unsynced == nullptr || options_.survives == nullptr || !options_.survives()) return;
  for (const KvBatch& batch : unsynced->batches) Apply(batch, &disk_->tables);
}

MemoryKvStore::~MemoryKvStore() = default;

void MemoryKvStore::Commit(KvBatch batch, StatusDone done) {
  group_.Commit(std::move(batch), std::move(done));
}

void MemoryKvStore::Scan(KvRange range, size_t max_rows, size_t max_bytes, ScanDone done) {
  group_.Scan(std::move(range), max_rows, max_bytes, std::move(done));
}

void MemoryKvStore::Get(Cf cf, std::string key, GetDone done) {
  group_.Get(cf, std::move(key), std::move(done));
}

void MemoryKvStore::Survey(Cf cf, size_t prefix_bytes, SurveyMode mode, SurveyDone done) {
  group_.Survey(cf, prefix_bytes, mode, std::move(done));
}

absl::Status MemoryKvStore::CommitNow(const KvBatch& batch) {
  Apply(batch, &disk_->tables);
  return absl::OkStatus();
}

absl::StatusOr<std::string> MemoryKvStore::GetNow(Cf cf, std::string_view key) {
  const Table& table = disk_->tables[static_cast<size_t>(cf)];
  const auto found = table.find(key);
  if (found == table.end()) return absl::NotFoundError("no such key");
  return found->second;
}

absl::StatusOr<KvScan> MemoryKvStore::ScanNow(const KvRange& range, size_t max_rows) {
  return ScanTable(disk_->tables[static_cast<size_t>(range.cf)], range, max_rows, SIZE_MAX);
}

absl::StatusOr<std::vector<KvGroup>> MemoryKvStore::SurveyNow(Cf cf, size_t prefix_bytes,
                                                              SurveyMode mode) {
  return SurveyTable(disk_->tables[static_cast<size_t>(cf)], prefix_bytes, mode);
}

void MemoryKvStore::After(Duration delay, Callback work) {
  loop_.CallAfter(delay,
                  [this, alive = std::weak_ptr<bool>(alive_), work = std::move(work)]() mutable {
                    if (!alive.expired() && !dead_) work();
                  });
}

void MemoryKvStore::StartCycle(std::shared_ptr<const StoreCycle> cycle, bool again) {
  if (dead_) return;
  if (!again && ++cycles_ == options_.die_at_cycle) {
    disk_->unsynced = cycle;
    dead_ = true;
    if (options_.on_death != nullptr) options_.on_death();
    return;
  }
  if (disk_->free_bytes > 0) disk_->unsynced = cycle;
  const Duration latency = options_.latency == nullptr ? Duration{} : options_.latency();
  After(latency, [this, cycle = std::move(cycle)] { FinishCycle(*cycle); });
}

void MemoryKvStore::FinishCycle(const StoreCycle& cycle) {
  if (disk_->free_bytes == 0 && !cycle.batches.empty()) {
    disk_->unsynced = nullptr;
    group_.OnWritten(cycle.number, {absl::ResourceExhaustedError("disk full"), 0});
    return;
  }
  for (const KvBatch& batch : cycle.batches) Apply(batch, &disk_->tables);
  disk_->unsynced = nullptr;
  ++disk_->cycles_synced_total;
  disk_->commits_synced_total += cycle.batches.size();
  std::vector<ReadResult> results;
  for (const ReadRequest& request : cycle.reads) results.push_back(Read(request));
  const uint64_t number = cycle.number;
  if (!results.empty()) {
    const Duration latency =
        options_.read_latency == nullptr ? Duration{} : options_.read_latency();
    After(latency, [this, number, results = std::move(results)]() mutable {
      group_.OnRead(number, std::move(results));
    });
  }
  group_.OnWritten(number, {absl::OkStatus(), disk_->free_bytes});
}

ReadResult MemoryKvStore::Read(const ReadRequest& request) const {
  if (const auto* get = std::get_if<GetRequest>(&request)) {
    const Table& table = disk_->tables[static_cast<size_t>(get->cf)];
    const auto found = table.find(get->key);
    if (found == table.end())
      return absl::StatusOr<std::string>(absl::NotFoundError("no such key"));
    return absl::StatusOr<std::string>(found->second);
  }
  if (const auto* scan = std::get_if<ScanRequest>(&request)) {
    const Table& table = disk_->tables[static_cast<size_t>(scan->range.cf)];
    return absl::StatusOr<KvScan>(ScanTable(table, scan->range, scan->rows_max, scan->bytes_max));
  }
  const auto& survey = std::get<SurveyRequest>(request);
  const Table& table = disk_->tables[static_cast<size_t>(survey.cf)];
  return absl::StatusOr<std::vector<KvGroup>>(SurveyTable(table, survey.prefix_bytes, survey.mode));
}

}  // namespace convoy::shard
