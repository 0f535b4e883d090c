#include "shard/spool/kv_batch.h"

#include <array>
#include <utility>

#include "base/check.h"

namespace convoy::shard {

std::string_view CfName(Cf cf) {
  constexpr std::array<std::string_view, kCfCount> kNames = {
      "message", "queue", "meta", "suppression", "state", "oplog", "outbox", "receipt"};
  return kNames[static_cast<size_t>(cf)];
}

void KvBatch::Add(Cf cf, Kind kind, std::string_view key, std::string_view value) {
  entries_.push_back(Entry{.cf = cf,
                           .kind = kind,
                           .shared = -1,
                           .key_bytes = static_cast<uint32_t>(key.size()),
                           .offset = buffer_.size(),
                           .value_bytes = value.size()});
  buffer_.append(key);
  buffer_.append(value);
  bytes_ += key.size() + value.size();
}

void KvBatch::Put(Cf cf, std::string_view key, std::string_view value) {
  Add(cf, Kind::kPut, key, value);
}

void KvBatch::Put(Cf cf, std::string_view key, SharedBytes value) {
  Add(cf, Kind::kPut, key, {});
  entries_.back().shared = static_cast<int32_t>(shared_.size());
  entries_.back().value_bytes = value.size();
  bytes_ += value.size();
  shared_.push_back(std::move(value));
}

void KvBatch::Delete(Cf cf, std::string_view key) { Add(cf, Kind::kDelete, key, {}); }

void KvBatch::DeleteRange(Cf cf, std::string_view begin, std::string_view end) {
  CHECK(begin <= end);
  Add(cf, Kind::kDeleteRange, begin, end);
}

void KvBatch::Append(const KvBatch& other) {
  CHECK(&other != this);
  const size_t offset = buffer_.size();
  const auto shared = static_cast<int32_t>(shared_.size());
  buffer_.append(other.buffer_);
  shared_.insert(shared_.end(), other.shared_.begin(), other.shared_.end());
  for (Entry entry : other.entries_) {
    entry.offset += offset;
    if (entry.shared >= 0) entry.shared += shared;
    entries_.push_back(entry);
  }
  bytes_ += other.bytes_;
}

KvBatch::Op KvBatch::op(size_t index) const {
  const Entry& entry = entries_[index];
  const std::string_view buffer = buffer_;
  const std::string_view value =
      entry.shared >= 0 ? shared_[static_cast<size_t>(entry.shared)].view()
                        : buffer.substr(entry.offset + entry.key_bytes, entry.value_bytes);
  return {entry.cf, entry.kind, buffer.substr(entry.offset, entry.key_bytes), value};
}

}  // namespace convoy::shard
