// The messages whose content is in memory, least recently used out first.
//
// A message enters when it is accepted, so that its first attempt reads nothing, and when it is
// loaded. Leaving the cache frees the memory once nobody else holds the pointer.
//
// Limits:    bytes_max of content and kEntryBytes each; a message larger than a quarter of it does
//            not enter
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <cstddef>
#include <list>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "shard/spool/records.h"

namespace convoy::shard {

class MessageCache {
 public:
  static constexpr size_t kEntryBytes = 1024;  // envelope, map and list

  explicit MessageCache(size_t bytes_max) : bytes_max_(bytes_max) {}

  void Put(MessagePtr message) {
    const size_t cost = Cost(*message);
    if (cost > bytes_max_ / 4) return;
    Erase(message->envelope.id);
    lru_.push_front(std::move(message));
    index_.emplace(lru_.front()->envelope.id, lru_.begin());
    bytes_ += cost;
    while (bytes_ > bytes_max_) Erase(lru_.back()->envelope.id);
  }

  MessagePtr Get(const MessageId& id) {
    const auto found = index_.find(id);
    if (found == index_.end()) return nullptr;
    lru_.splice(lru_.begin(), lru_, found->second);
    return lru_.front();
  }

  // `id` by value: it may be that of the entry that goes.
  void Erase(MessageId id) {
    const auto found = index_.find(id);
    if (found == index_.end()) return;
    bytes_ -= Cost(**found->second);
    lru_.erase(found->second);
    index_.erase(found);
  }

  size_t bytes() const { return bytes_; }

 private:
  static size_t Cost(const Message& message) { return message.content.size() + kEntryBytes; }

  const size_t bytes_max_;
  size_t bytes_ = 0;
  std::list<MessagePtr> lru_;  // most recently used first
  absl::flat_hash_map<MessageId, std::list<MessagePtr>::iterator> index_;
};

}  // namespace convoy::shard
