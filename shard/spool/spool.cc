#include "shard/spool/spool.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "shard/spool/expiry_sweep.h"
#include "shard/spool/keys.h"
#include "shard/spool/message_acceptor.h"
#include "shard/spool/message_cache.h"
#include "shard/spool/message_counts.h"
#include "shard/spool/queue_registry.h"
#include "shard/spool/record_codec.h"
#include "shard/spool/row_counts.h"
#include "shard/spool/sequence_block.h"

namespace convoy::shard {
namespace {

constexpr size_t kMessageParts = 3;

}  // namespace

Spool::Spool(EventLoop& loop, KvStore& store, Options options)
    : loop_(loop),
      store_(store),
      options_(options),
      registry_(std::make_unique<QueueRegistry>(store)),
      cache_(std::make_unique<MessageCache>(options.cache_bytes_max)),
      counts_(std::make_unique<MessageCounts>(store, options.counts_cached_max)),
      rows_(std::make_unique<RowCounts>()),
      message_seq_(std::make_unique<SequenceBlock>(store, kMessageSeqKey)),
      event_seq_(std::make_unique<SequenceBlock>(store, kEventSeqKey)),
      sweep_(std::make_unique<ExpirySweep>(store)) {
  acceptor_ = std::make_unique<MessageAcceptor>(MessageAcceptor::Parts{
      .loop = loop_,
      .store = store_,
      .cache = *cache_,
      .counts = *counts_,
      .rows = *rows_,
      .sequence = *message_seq_,
      .stats = stats_,
      .put_events = [this](const auto& events, KvBatch* batch) { PutEvents(events, batch); },
      .events_durable =
          [this] {
            if (outbox_listener_ != nullptr) outbox_listener_();
          },
  });
}

Spool::~Spool() = default;

absl::StatusOr<std::vector<SpooledQueue>> Spool::Recover(
    std::function<void(std::vector<QueueCount>)> counted) {
  RETURN_IF_ERROR(message_seq_->Recover());
  RETURN_IF_ERROR(event_seq_->Recover());
  ASSIGN_OR_RETURN(const std::vector<KvGroup> heads,
                   store_.SurveyNow(Cf::kQueue, kQueuePrefixBytes, SurveyMode::kFirstKeys));
  std::vector<SpooledQueue> queues;
  std::vector<QueueId> used;
  for (const KvGroup& head : heads) {
    const std::optional<ParsedQueueKey> key = ParseQueueKey(head.first_key);
    if (!key.has_value()) return absl::DataLossError("the key of a queue's first row is damaged");
    queues.push_back({key->queue, key->row});
    used.push_back(key->queue);
  }
  RETURN_IF_ERROR(registry_->Recover(used));
  store_.Survey(Cf::kQueue, kQueuePrefixBytes, SurveyMode::kCounts,
                [this, counted = std::move(counted)](absl::StatusOr<std::vector<KvGroup>> groups) {
                  if (!groups.ok()) {
                    LogError("spool", "rows could not be counted: ", groups.status().ToString());
                    return;
                  }
                  for (const KvGroup& group : *groups) {
                    rows_->Add(QueueId(*DecodeU32(std::string_view(group.first_key).substr(0, 4))),
                               static_cast<int64_t>(group.keys));
                  }
                  rows_->SetKnown();
                  std::vector<QueueCount> counts;
                  for (const KvGroup& group : *groups) {
                    const QueueId queue(*DecodeU32(std::string_view(group.first_key).substr(0, 4)));
                    counts.push_back({queue, static_cast<uint64_t>(rows_->rows(queue))});
                  }
                  if (counted != nullptr) counted(std::move(counts));
                });
  return queues;
}

bool Spool::counts_known() const { return rows_->known(); }
int64_t Spool::rows(QueueId queue) const { return rows_->rows(queue); }

QueueId Spool::QueueFor(const QueueName& name) { return registry_->Intern(name); }
std::optional<QueueId> Spool::FindQueue(const QueueName& name) const {
  return registry_->Find(name);
}
const QueueName& Spool::NameOf(QueueId queue) const { return registry_->NameOf(queue); }
size_t Spool::queue_count() const { return registry_->size(); }

void Spool::PutEvents(const std::vector<AccountEvent>& events, KvBatch* batch) {
  for (const AccountEvent& event : events) {
    batch->Put(Cf::kOutbox, OutboxKey(event_seq_->Next()), EncodeEvent(event));
  }
}

void Spool::CommitWith(KvBatch batch, bool has_events, StatusDone done) {
  store_.Commit(std::move(batch),
                [this, has_events, done = std::move(done)](absl::Status s) mutable {
                  if (has_events && s.ok() && outbox_listener_ != nullptr) outbox_listener_();
                  done(std::move(s));
                });
}

void Spool::Accept(AcceptRequest request, AcceptDone done) {
  if (!store_.health().accepting()) {
    loop_.Post([done = std::move(done)]() mutable {
      done(absl::ResourceExhaustedError("not enough disk space; try again later"));
    });
    return;
  }
  acceptor_->Submit(std::move(request), std::move(done));
}

MessagePtr Spool::Cached(const MessageId& id) {
  MessagePtr message = cache_->Get(id);
  ++(message != nullptr ? stats_.cache_hits_total : stats_.cache_misses_total);
  return message;
}

void Spool::Load(const MessageId& id, LoadDone done) {
  if (MessagePtr message = Cached(id); message != nullptr) {
    loop_.Post([done = std::move(done), message = std::move(message)]() mutable {
      done(std::move(message));
    });
    return;
  }
  const auto [found, added] = loading_.try_emplace(id);
  found->second.push_back(std::move(done));
  if (!added) return;
  const bool counting = counts_->StartRead(id);
  store_.Scan(MessageRange(id), kMessageParts, SIZE_MAX,
              [this, id, counting](absl::StatusOr<KvScan> scan) {
                if (counting) counts_->FinishRead(id, CountOf(id, scan));
                OnLoaded(id, std::move(scan));
              });
}

void Spool::OnLoaded(const MessageId& id, absl::StatusOr<KvScan> scan) {
  const absl::StatusOr<MessagePtr> message = Assemble(id, std::move(scan));
  if (message.ok()) cache_->Put(*message);
  const auto found = loading_.find(id);
  std::vector<LoadDone> waiting = std::move(found->second);
  loading_.erase(found);
  for (LoadDone& done : waiting) done(message);
}

absl::StatusOr<uint32_t> Spool::CountOf(const MessageId& id, const absl::StatusOr<KvScan>& scan) {
  if (!scan.ok()) return scan.status();
  uint32_t count = 0;
  for (const KvRow& row : scan->rows) {
    if (row.key == MessageKey(id, MessagePart::kEnvelope)) {
      ASSIGN_OR_RETURN(const StoredMessage envelope, DecodeMessage(id, row.value));
      count = envelope.rows_at_first;
    } else if (row.key == MessageKey(id, MessagePart::kCount)) {
      const std::optional<uint32_t> stored = DecodeU32(row.value);
      if (!stored.has_value()) return absl::DataLossError("a message's count of rows is damaged");
      count = *stored;
    }
  }
  return count;
}

absl::StatusOr<MessagePtr> Spool::Assemble(const MessageId& id, absl::StatusOr<KvScan> scan) {
  if (!scan.ok()) return scan.status();
  auto message = std::make_shared<Message>();
  bool has_envelope = false;
  bool has_content = false;
  for (KvRow& row : scan->rows) {
    if (row.key == MessageKey(id, MessagePart::kEnvelope)) {
      ASSIGN_OR_RETURN(message->envelope, DecodeMessage(id, row.value));
      has_envelope = true;
    } else if (row.key == MessageKey(id, MessagePart::kContent)) {
      message->content = SharedBytes(std::move(row.value));
      has_content = true;
    }
  }
  if (!has_envelope && !has_content) {
    return absl::NotFoundError(Cat("message ", id.ToString(), " is not on this shard"));
  }
  const StoredMessage& envelope = message->envelope;
  if (!has_envelope || !has_content || envelope.content_bytes != message->content.size() ||
      envelope.header_bytes > envelope.content_bytes) {
    return absl::DataLossError(Cat("message ", id.ToString(), " is not whole"));
  }
  return message;
}

void Spool::ReadRows(QueueId queue, RowKey from, uint32_t limit, RowsDone done) {
  store_.Scan(QueueRange(queue, from), limit, options_.page_bytes_max,
              [done = std::move(done)](absl::StatusOr<KvScan> scan) mutable {
                if (!scan.ok()) {
                  done(scan.status());
                  return;
                }
                RowPage page;
                page.reached_end = scan->reached_end;
                page.rows.reserve(scan->rows.size());
                for (const KvRow& row : scan->rows) {
                  const std::optional<ParsedQueueKey> key = ParseQueueKey(row.key);
                  absl::StatusOr<StoredRow> value = DecodeRow(row.value);
                  if (!key.has_value() || !value.ok()) {
                    LogError("spool",
                             "a row is damaged and is left alone: key=", HexEncode(row.key));
                    continue;
                  }
                  page.rows.push_back({key->queue, key->row, *std::move(value)});
                }
                done(std::move(page));
              });
}

void Spool::Finish(const SpoolRow& row, std::vector<AccountEvent> events, StatusDone done) {
  const MessageId id = row.value.message;
  counts_->With(id, [this, id, queue = row.queue, key = QueueKey(row.queue, row.key),
                     events = std::move(events),
                     done = std::move(done)](absl::StatusOr<uint32_t*> count) mutable {
    if (absl::IsCancelled(count.status())) {
      loop_.Post([done = std::move(done)]() mutable {
        done(absl::CancelledError("the spool is stopping"));
      });
      return;
    }
    KvBatch batch;
    batch.Delete(Cf::kQueue, key);
    if (!count.ok()) {
      // The message cannot be read. Its row still ends; what is left of it is harmless.
      LogError("spool", "message ", id.ToString(), ": ", count.status().ToString());
    } else {
      CHECK(**count > 0);
      PutCount(id, --**count, &batch);
    }
    PutEvents(events, &batch);
    rows_->Add(queue, -1);
    ++stats_.finished_rows_total;
    CommitWith(std::move(batch), !events.empty(), std::move(done));
  });
}

void Spool::PutCount(const MessageId& id, uint32_t count, KvBatch* batch) {
  if (count > 0) {
    batch->Put(Cf::kMessage, MessageKey(id, MessagePart::kCount), EncodeU32(count));
    return;
  }
  batch->Delete(Cf::kMessage, MessageKey(id, MessagePart::kEnvelope));
  batch->Delete(Cf::kMessage, MessageKey(id, MessagePart::kContent));
  batch->Delete(Cf::kMessage, MessageKey(id, MessagePart::kCount));
  cache_->Erase(id);
}

SpoolRow Spool::Defer(const SpoolRow& row, RowChange change, std::vector<AccountEvent> events,
                      StatusDone done) {
  SpoolRow changed{change.queue, {change.due_ms, row.key.id}, std::move(change.value)};
  changed.value.message = row.value.message;
  if (changed.value.last_reply.size() > kLastReplyBytesMax) {
    changed.value.last_reply.resize(kLastReplyBytesMax);
  }
  KvBatch batch;
  batch.Delete(Cf::kQueue, QueueKey(row.queue, row.key));
  batch.Put(Cf::kQueue, QueueKey(changed.queue, changed.key), EncodeRow(changed.value));
  PutEvents(events, &batch);
  if (changed.queue != row.queue) {
    rows_->Add(row.queue, -1);
    rows_->Add(changed.queue, 1);
  }
  ++stats_.deferred_rows_total;
  CommitWith(std::move(batch), !events.empty(), std::move(done));
  return changed;
}

void Spool::Record(std::vector<AccountEvent> events, StatusDone done) {
  KvBatch batch;
  PutEvents(events, &batch);
  CommitWith(std::move(batch), !events.empty(), std::move(done));
}

void Spool::PutIdempotency(std::string_view tenant, std::string_view key,
                           const IdempotencyRecord& record, KvBatch* batch) {
  batch->Put(Cf::kReceipt, IdempotencyKey(tenant, key), EncodeIdempotency(record));
}

void Spool::FindIdempotency(std::string_view tenant, std::string_view key, FindDone done) {
  store_.Get(Cf::kReceipt, IdempotencyKey(tenant, key),
             [done = std::move(done)](absl::StatusOr<std::string> value) mutable {
               if (absl::IsNotFound(value.status())) {
                 done(std::optional<IdempotencyRecord>());
                 return;
               }
               if (!value.ok()) {
                 done(value.status());
                 return;
               }
               absl::StatusOr<IdempotencyRecord> record = DecodeIdempotency(*value);
               if (!record.ok()) {
                 done(record.status());
                 return;
               }
               done(std::optional<IdempotencyRecord>(*std::move(record)));
             });
}

void Spool::SweepExpired(int64_t now_ms) { sweep_->Step(now_ms); }

SpoolStats Spool::stats() const {
  SpoolStats stats = stats_;
  stats.cache_bytes = cache_->bytes();
  stats.rows = static_cast<uint64_t>(std::max<int64_t>(rows_->total(), 0));
  return stats;
}

void Spool::Stop(Callback stopped) { store_.Stop(std::move(stopped)); }

}  // namespace convoy::shard
