// The durable queue of one shard: messages once, recipients as rows in the order they are due.
//
// Every change is one batch of the KvStore, with the accounting events it causes. For a message M
// with recipients on this shard the disk is, after every batch and so after every crash, in exactly
// one of
//
//     state  envelope  content  count key  rows of M          meaning
//     S0     -         -        -          none               not accepted, or all outcomes
//     recorded
//     S1     yes       yes      -          rows_at_first      accepted
//     S2     yes       yes      n          n, n >= 1          some outcomes recorded, or rows added
//
//     S0 -> S1  Accept: envelope, content, rows, receipts, r events
//     S1 -> S2  Finish of one of several rows: row deleted, count put, event put
//     S2 -> S2  the same; Accept of more recipients of M: rows put, count put
//     S1, S2 -> S0  Finish of the last row: row, envelope, content, count deleted, event put
//     S1 -> S1, S2 -> S2  Defer: row deleted, row put under its new due time, event put
//
// An orphan row or body cannot exist, so nothing has to be repaired at start. The count is cached
// for messages in use; for others it is read before the change, and changes to one message wait for
// each other. tests: spool_model_test.cc asserts the table after a crash at every commit.
//
// A 250 or OK is answered when Accept's `done` runs. An outcome is recorded when Finish's or
// Defer's `done` runs; a crash before that repeats the attempt (the duplicate window).
//
// Destroy a spool after Stop(), or together with its store (a crash) before the loop runs again.
//
// Sequence numbers and queue ids are never reused: both are reserved in meta ahead of their use.
//
// Units:     due_ms and expiry milliseconds since the Unix epoch
// Limits:    Options::cache_bytes_max, Options::counts_cached_max; 65,536 recipients per message
// Errors:    Accept: ResourceExhausted below the floor of free disk space (nothing was kept, try
//            again later), AlreadyExists (the id was used with another payload). Load: NotFound (no
//            such message), DataLoss. All: Cancelled after Stop.
// Thread:    loop-affine; `done` always runs in a later turn, in the order of the commits
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/event_loop.h"
#include "shard/account/event.h"
#include "shard/queue/row.h"
#include "shard/schedule/ids.h"
#include "shard/spool/kv_store.h"
#include "shard/spool/records.h"

namespace convoy::shard {

class ExpirySweep;
class MessageAcceptor;
class MessageCache;
class MessageCounts;
class QueueRegistry;
class RowCounts;
class SequenceBlock;

struct NewRow {
  QueueId queue;
  int64_t due_ms = 0;
  uint16_t rcpt = 0;  // position in the client's submission: with the message id, for ever the same
  StoredRow value;    // message and content_bytes are filled in
};

struct NewMessage {
  // Its rows_at_first is set by the spool.
  std::shared_ptr<Message> message;
  std::vector<NewRow> rows;
  // False: the id is fresh, nothing has to be looked up. True: this may repeat or extend a message
  // that is or was here (a forward, a hand-over, an idempotency key).
  bool may_exist = false;
  // Not 0: recipients with a receipt are acknowledged and not queued again, those without get one
  // that lives until then. Needs may_exist.
  int64_t receipts_until_ms = 0;
};

struct AcceptRequest {
  // All or nothing.
  std::vector<NewMessage> messages;
  std::vector<AccountEvent> events;
  KvBatch extra;  // joins the batch: idempotency records, receipts of transfers
};

struct RowChange {
  QueueId queue;  // the same, or where the row moves to
  int64_t due_ms = 0;
  StoredRow value;
};

struct SpooledQueue {
  QueueId queue;
  RowKey head;  // the first row of the queue
};
struct QueueCount {
  QueueId queue;
  uint64_t rows = 0;
};

using AcceptDone = absl::AnyInvocable<void(absl::StatusOr<std::vector<SpoolRow>>)>;
using LoadDone = absl::AnyInvocable<void(absl::StatusOr<MessagePtr>)>;
struct RowPage {
  std::vector<SpoolRow> rows;  // ascending
  bool reached_end = false;    // the queue has no row after them
};
using FindDone = absl::AnyInvocable<void(absl::StatusOr<std::optional<IdempotencyRecord>>)>;
using RowsDone = absl::AnyInvocable<void(absl::StatusOr<RowPage>)>;

struct SpoolOptions {
  size_t cache_bytes_max = size_t{32} << 20;
  size_t counts_cached_max = 65536;  // messages whose count of rows is kept in memory
  size_t page_bytes_max = size_t{1} << 20;
};

struct SpoolStats {
  uint64_t accepted_rows_total = 0;
  uint64_t repeated_rows_total = 0;  // acknowledged from a receipt
  uint64_t finished_rows_total = 0;
  uint64_t deferred_rows_total = 0;
  uint64_t cache_hits_total = 0;
  uint64_t cache_misses_total = 0;
  size_t cache_bytes = 0;
  uint64_t rows = 0;  // queued on disk; a lower bound until counts_known()
};

class Spool {
 public:
  using Options = SpoolOptions;
  // `loop` and `store` outlive the spool.
  Spool(EventLoop& loop, KvStore& store, Options options);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Start-up, before anything else, and before the loop runs: reads the registry and the head row
  // of every queue that has rows, then starts counting rows in the background. `counted` runs once,
  // on the loop, when rows(queue) is exact (with those counts as of now).
  absl::StatusOr<std::vector<SpooledQueue>> Recover(
      std::function<void(std::vector<QueueCount>)> counted);
  bool counts_known() const;
  // Rows of this queue on disk or on their way there. Before counts_known(): changes since start.
  int64_t rows(QueueId queue) const;

  // The id of a queue, made if it is new (durable with the next batch). Ids are dense and small.
  QueueId QueueFor(const QueueName& name);
  std::optional<QueueId> FindQueue(const QueueName& name) const;
  const QueueName& NameOf(QueueId queue) const;
  size_t queue_count() const;

  // All messages with their rows, receipts and events in one batch. `done` gets the rows that were
  // queued (those known from a receipt are missing). The content stays cached for the first
  // attempt.
  void Accept(AcceptRequest request, AcceptDone done);
  // From the cache or the disk. Concurrent loads of one message share one read.
  void Load(const MessageId& id, LoadDone done);
  // Without reading: nullptr if it is not in the cache.
  MessagePtr Cached(const MessageId& id);
  // Up to `limit` rows of the queue with key >= `from`, ascending.
  void ReadRows(QueueId queue, RowKey from, uint32_t limit, RowsDone done);

  // The row's outcome is final: deletes it, and the message with its last row.
  void Finish(const SpoolRow& row, std::vector<AccountEvent> events, StatusDone done);
  // The row stays, with another due time, value or queue. Returns it as it will be.
  SpoolRow Defer(const SpoolRow& row, RowChange change, std::vector<AccountEvent> events,
                 StatusDone done);
  // Events without a change (tq).
  void Record(std::vector<AccountEvent> events, StatusDone done);
  // Any other change of the store, in order with those of the spool.
  void Commit(KvBatch batch, StatusDone done) { store_.Commit(std::move(batch), std::move(done)); }

  // Idempotency of submissions. Put the record into AcceptRequest::extra.
  static void PutIdempotency(std::string_view tenant, std::string_view key,
                             const IdempotencyRecord& record, KvBatch* batch);
  // nullopt: unknown. A record counts until the sweep has deleted it, which is after its expiry.
  void FindIdempotency(std::string_view tenant, std::string_view key, FindDone done);
  // Deletes expired receipts and idempotency records, a bounded number per call, and goes on where
  // the last call ended. Call it about once a second.
  void SweepExpired(int64_t now_ms);

  // Below the floor, congested: see StoreHealth.
  const StoreHealth& health() const { return store_.health(); }
  KvStore& store() { return store_; }
  SpoolStats stats() const;
  // Runs whenever a batch with events has been committed: a projector may look at the outbox.
  void SetOutboxListener(std::function<void()> listener) { outbox_listener_ = std::move(listener); }

  // No new changes (Cancelled); `stopped` when all that was begun is durable. Stops the store too.
  void Stop(Callback stopped);

 private:
  // Adds the events to the batch as rows of the outbox.
  void PutEvents(const std::vector<AccountEvent>& events, KvBatch* batch);
  // Commits, and tells the outbox listener if there were events.
  void CommitWith(KvBatch batch, bool has_events, StatusDone done);
  // Puts what is left of the message when `count` rows are.
  void PutCount(const MessageId& id, uint32_t count, KvBatch* batch);
  static absl::StatusOr<uint32_t> CountOf(const MessageId& id, const absl::StatusOr<KvScan>& scan);
  void OnLoaded(const MessageId& id, absl::StatusOr<KvScan> scan);
  static absl::StatusOr<MessagePtr> Assemble(const MessageId& id, absl::StatusOr<KvScan> scan);

  EventLoop& loop_;
  KvStore& store_;
  const Options options_;

  std::unique_ptr<QueueRegistry> registry_;
  std::unique_ptr<MessageCache> cache_;
  std::unique_ptr<MessageCounts> counts_;
  std::unique_ptr<RowCounts> rows_;
  std::unique_ptr<SequenceBlock> message_seq_;
  std::unique_ptr<SequenceBlock> event_seq_;
  std::unique_ptr<MessageAcceptor> acceptor_;
  std::unique_ptr<ExpirySweep> sweep_;
  absl::flat_hash_map<MessageId, std::vector<LoadDone>> loading_;
  std::function<void()> outbox_listener_;
  SpoolStats stats_;
};

}  // namespace convoy::shard
