#include "shard/spool/message_counts.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "shard/spool/keys.h"
#include "shard/spool/record_codec.h"

namespace convoy::shard {

void MessageCounts::Set(const MessageId& id, uint32_t count) {
  const auto [found, added] = entries_.try_emplace(id);
  CHECK(added);
  found->second.count = count;
  found->second.known = true;
  found->second.pins = 1;
  Release(id, &found->second);
}

void MessageCounts::With(const MessageId& id, Change change) {
  const auto [found, added] = entries_.try_emplace(id);
  Entry& entry = found->second;
  if (!entry.known) {
    entry.waiting.push_back(std::move(change));
    if (added) Read(id);
    return;
  }
  Hold(&entry);
  change(&entry.count);
  Release(id, &entry);
}

void MessageCounts::Pin(const MessageId& id, absl::AnyInvocable<void(absl::Status)> ready) {
  With(id, [this, id, ready = std::move(ready)](absl::StatusOr<uint32_t*> count) mutable {
    if (count.ok()) Hold(&entries_.at(id));
    ready(count.status());
  });
}

void MessageCounts::Unpin(const MessageId& id) { Release(id, &entries_.at(id)); }

void MessageCounts::Hold(Entry* entry) {
  CHECK(entry->known);
  if (entry->pins++ == 0) lru_.erase(entry->place);
}

void MessageCounts::Release(const MessageId& id, Entry* entry) {
  CHECK(entry->known && entry->pins > 0);
  if (--entry->pins > 0) return;
  if (entry->count == 0) {
    entries_.erase(id);
    return;
  }
  entry->place = lru_.insert(lru_.begin(), id);
  while (lru_.size() > entries_max_) {
    entries_.erase(lru_.back());
    lru_.pop_back();
  }
}

bool MessageCounts::StartRead(const MessageId& id) { return entries_.try_emplace(id).second; }

void MessageCounts::Read(const MessageId& id) {
  store_.Get(Cf::kMessage, MessageKey(id, MessagePart::kCount),
             [this, id](absl::StatusOr<std::string> value) {
               if (absl::IsNotFound(value.status())) {
                 ReadEnvelope(id);
                 return;
               }
               if (!value.ok()) {
                 FinishRead(id, value.status());
                 return;
               }
               const std::optional<uint32_t> count = DecodeU32(*value);
               if (!count.has_value()) {
                 FinishRead(id, absl::DataLossError("a message's count of rows is damaged"));
                 return;
               }
               FinishRead(id, *count);
             });
}

// Between the two reads nothing changes: whoever wants to change this message waits for us.
void MessageCounts::ReadEnvelope(const MessageId& id) {
  store_.Get(Cf::kMessage, MessageKey(id, MessagePart::kEnvelope),
             [this, id](absl::StatusOr<std::string> value) {
               if (absl::IsNotFound(value.status())) {
                 FinishRead(id, 0u);
                 return;
               }
               if (!value.ok()) {
                 FinishRead(id, value.status());
                 return;
               }
               const absl::StatusOr<StoredMessage> message = DecodeMessage(id, *value);
               if (!message.ok()) {
                 FinishRead(id, message.status());
                 return;
               }
               FinishRead(id, message->rows_at_first);
             });
}

void MessageCounts::FinishRead(const MessageId& id, absl::StatusOr<uint32_t> count) {
  const auto found = entries_.find(id);
  CHECK(found != entries_.end() && !found->second.known);
  std::vector<Change> waiting = std::move(found->second.waiting);
  found->second.waiting.clear();
  if (!count.ok()) {
    entries_.erase(found);
    for (Change& change : waiting) change(count.status());
    return;
  }
  Entry& entry = found->second;
  entry.count = *count;
  entry.known = true;
  entry.pins = 1;
  for (Change& change : waiting) change(&entry.count);
  Release(id, &entry);
}

}  // namespace convoy::shard
