// Accepts messages into the spool: all of a request in one batch, no recipient twice.
//
// A request whose messages are all new becomes a batch at once. One that may repeat what is or was
// here first takes its message ids (a repeat under way makes it wait its turn), reads the receipts
// of each message and whether it is here, and then becomes a batch in one step; the ids are free as
// soon as the batch has been handed to the store, because whoever reads later sees it.
//
//     Submit -> [ids taken? wait] -> receipts and counts -> Build -> Commit -> done
//
// Limits:    none of its own: callers bound the requests under way
// Errors:    InvalidArgument (an id twice in one request), AlreadyExists (another payload),
//            Cancelled, DataLoss
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "shard/spool/kv_store.h"
#include "shard/spool/message_cache.h"
#include "shard/spool/message_counts.h"
#include "shard/spool/row_counts.h"
#include "shard/spool/sequence_block.h"
#include "shard/spool/spool.h"

namespace convoy::shard {

class MessageAcceptor {
 public:
  struct Parts {
    EventLoop& loop;
    KvStore& store;
    MessageCache& cache;
    MessageCounts& counts;
    RowCounts& rows;
    SequenceBlock& sequence;
    SpoolStats& stats;
    // Puts the events into the batch.
    std::function<void(const std::vector<AccountEvent>&, KvBatch*)> put_events;
    // Runs when a batch with events is durable.
    std::function<void()> events_durable;
  };

  explicit MessageAcceptor(Parts parts) : parts_(std::move(parts)) {}

  void Submit(AcceptRequest request, AcceptDone done);

 private:
  // A request on its way. `known[i]`: recipients of message i that have a receipt.
  struct Work {
    AcceptRequest request;
    AcceptDone done;
    std::vector<absl::flat_hash_set<uint16_t>> known;
    std::vector<MessageId> pinned;
    absl::Status status;     // the first thing that went wrong
    size_t outstanding = 0;  // reads and counts not yet in
  };
  using WorkPtr = std::shared_ptr<Work>;

  bool TakeIds(const Work& work);
  void ReleaseIds(const Work& work);
  void StartReads(const WorkPtr& work);
  void OnReceipts(const WorkPtr& work, size_t message, absl::StatusOr<KvScan> scan);
  void OneLess(const WorkPtr& work);
  void Build(const WorkPtr& work);
  // Puts one message of which `count` rows are here: its rows into `rows`, all into `batch`.
  void PutMessage(NewMessage& message, const absl::flat_hash_set<uint16_t>& known, uint32_t* count,
                  KvBatch* batch, std::vector<SpoolRow>* rows);
  void PutRow(const NewMessage& message, NewRow& row, uint64_t sequence, KvBatch* batch,
              std::vector<SpoolRow>* rows);
  void CommitWork(Work* work, KvBatch batch, std::vector<SpoolRow> rows);
  void Fail(Work* work, absl::Status status);

  Parts parts_;
  absl::flat_hash_set<MessageId> taken_;
  std::deque<WorkPtr> waiting_;
};

}  // namespace convoy::shard
