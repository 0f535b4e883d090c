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
  found->second.place = lru_.insert(lru_.begin(), id);
  Settle(id);
}

void MessageCounts::With(const MessageId& id, Change change) {
  const auto [found, added] = entries_.try_emplace(id);
  if (!found->second.known) {
    found->second.waiting.push_back(std::move(change));
    if (added) Read(id);
    return;
  }
  Run(id, std::move(change));
  Settle(id);
}

void MessageCounts::Pin(const MessageId& id, absl::AnyInvocable<void(absl::Status)> ready) {
  With(id, [this, id, ready = std::move(ready)](absl::StatusOr<uint32_t*> count) mutable {
    if (count.ok()) {
      Entry& entry = entries_.at(id);
      if (entry.pins++ == 0) lru_.erase(entry.place);
    }
    ready(count.status());
  });
}

void MessageCounts::Unpin(const MessageId& id) {
  Entry& entry = entries_.at(id);
  CHECK(entry.known && entry.pins > 0);
  if (--entry.pins > 0) return;
  entry.place = lru_.insert(lru_.begin(), id);
  Settle(id);
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
  found->second.count = *count;
  found->second.known = true;
  found->second.place = lru_.insert(lru_.begin(), id);
  for (Change& change : waiting) Run(id, std::move(change));
  Settle(id);
}

void MessageCounts::Run(const MessageId& id, Change change) {
  uint32_t count = entries_.at(id).count;
  change(&count);
  // Found again: the change may have touched other messages.
  entries_.at(id).count = count;
}

void MessageCounts::Settle(const MessageId& id) {
  const auto found = entries_.find(id);
  CHECK(found != entries_.end() && found->second.known);
  if (found->second.pins == 0) {
    lru_.splice(lru_.begin(), lru_, found->second.place);
    if (found->second.count == 0) {
      lru_.pop_front();
      entries_.erase(found);
    }
  }
  while (lru_.size() > entries_max_) {
    entries_.erase(lru_.back());
    lru_.pop_back();
  }
}

}  // namespace convoy::shard
