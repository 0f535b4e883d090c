// How many rows of a message are on this shard: decides which outcome deletes the message.
//
// The truth is on disk (the count key, else rows_at_first of the envelope, else 0: not here). For
// messages in use it is also in memory. A change asks With(); it runs at once if the count is
// known, else after a read. Changes to one message run in the order they were asked for, and each
// must call Commit for what it decides before it returns, so that a later read sees it.
//
//     unknown --With, Pin--> reading --read--> known --evicted--> unknown
//                              |  changes wait   |  changes run at once
//
// Whoever must change several messages in one step pins them first: a pinned count stays known.
//
// Limits:    entries_max; the least recently used known entries leave
// Errors:    a change gets the error of the read (DataLoss)
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <list>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "shard/spool/kv_store.h"
#include "shard/spool/records.h"

namespace convoy::shard {

class MessageCounts {
 public:
  using Change = absl::AnyInvocable<void(absl::StatusOr<uint32_t*> count)>;

  MessageCounts(KvStore& store, size_t entries_max) : store_(store), entries_max_(entries_max) {}

  // The message is new: `count` rows.
  void Set(const MessageId& id, uint32_t count);
  // The change may alter the count; 0 means that the message is gone.
  void With(const MessageId& id, Change change);
  // `ready` runs, at once or after a read, when the count is known and will stay so until Unpin.
  // After an error there is nothing to unpin.
  void Pin(const MessageId& id, absl::AnyInvocable<void(absl::Status)> ready);
  void Unpin(const MessageId& id);
  // The caller is about to read all parts of the message and will call FinishRead with what they
  // say. False: not needed.
  bool StartRead(const MessageId& id);
  void FinishRead(const MessageId& id, absl::StatusOr<uint32_t> count);

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    uint32_t count = 0;
    bool known = false;
    uint32_t pins = 0;  // while a change runs, too: changes to other messages may nest
    std::vector<Change> waiting;
    std::list<MessageId>::iterator place;  // in lru_, if known and not pinned
  };
  void Read(const MessageId& id);
  void ReadEnvelope(const MessageId& id);
  void Hold(Entry* entry);
  // Lets go; without pins the entry is the most recently used, or forgotten if no row is left.
  void Release(const MessageId& id, Entry* entry);

  KvStore& store_;
  const size_t entries_max_;
  absl::node_hash_map<MessageId, Entry> entries_;  // a change holds a pointer into it
  std::list<MessageId> lru_;                       // most recently used first
};

}  // namespace convoy::shard
