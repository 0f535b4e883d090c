#include "shard/spool/message_acceptor.h"

#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "shard/spool/keys.h"
#include "shard/spool/record_codec.h"

namespace convoy::shard {
namespace {

constexpr size_t kReceiptsMax = 65536;  // one per recipient index

bool MayExist(const AcceptRequest& request) {
  for (const NewMessage& message : request.messages) {
    if (message.may_exist) return true;
  }
  return false;
}

// A message or a recipient twice in one request would share a key.
absl::Status CheckDistinct(const AcceptRequest& request) {
  absl::flat_hash_set<MessageId> ids;
  for (const NewMessage& message : request.messages) {
    const MessageId id = message.message->envelope.id;
    if (!ids.insert(id).second) {
      return absl::InvalidArgumentError(Cat("message ", id.ToString(), " is twice in one batch"));
    }
    if (message.rows.size() == 1) continue;
    absl::flat_hash_set<uint16_t> rcpts;
    for (const NewRow& row : message.rows) {
      if (rcpts.insert(row.rcpt).second) continue;
      return absl::InvalidArgumentError(
          Cat("message ", id.ToString(), ": recipient ", row.rcpt, " is twice in one batch"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void MessageAcceptor::Submit(AcceptRequest request, AcceptDone done) {
  auto work = std::make_shared<Work>();
  const size_t messages = request.messages.size();
  work->known.resize(messages);
  for (const NewMessage& message : request.messages) {
    CHECK(message.may_exist || message.receipts_until_ms == 0);
  }
  work->status = CheckDistinct(request);
  work->request = std::move(request);
  work->done = std::move(done);
  if (!work->status.ok()) {
    const absl::Status status = work->status;
    Fail(work.get(), status);
  } else if (!MayExist(work->request)) {
    Build(work);
  } else if (TakeIds(*work)) {
    StartReads(work);
  } else {
    waiting_.push_back(std::move(work));
  }
}

bool MessageAcceptor::TakeIds(const Work& work) {
  for (const NewMessage& message : work.request.messages) {
    if (taken_.contains(message.message->envelope.id)) return false;
  }
  for (const NewMessage& message : work.request.messages) {
    taken_.insert(message.message->envelope.id);
  }
  return true;
}

void MessageAcceptor::ReleaseIds(const Work& work) {
  for (const NewMessage& message : work.request.messages) {
    taken_.erase(message.message->envelope.id);
  }
  std::deque<WorkPtr> still_waiting;
  std::vector<WorkPtr> ready;
  for (WorkPtr& next : waiting_) {
    if (TakeIds(*next)) {
      ready.push_back(std::move(next));
    } else {
      still_waiting.push_back(std::move(next));
    }
  }
  waiting_ = std::move(still_waiting);
  for (const WorkPtr& next : ready) StartReads(next);
}

void MessageAcceptor::StartReads(const WorkPtr& work) {
  ++work->outstanding;  // this call
  for (size_t i = 0; i < work->request.messages.size(); ++i) {
    const NewMessage& message = work->request.messages[i];
    if (!message.may_exist) continue;
    const MessageId id = message.message->envelope.id;
    ++work->outstanding;
    parts_.counts.Pin(id, [this, work, id](absl::Status status) {
      if (status.ok()) work->pinned.push_back(id);
      work->status.Update(status);
      OneLess(work);
    });
    if (message.receipts_until_ms == 0) continue;
    ++work->outstanding;
    parts_.store.Scan(
        ReceiptRange(id), kReceiptsMax, SIZE_MAX,
        [this, work, i](absl::StatusOr<KvScan> scan) { OnReceipts(work, i, std::move(scan)); });
  }
  OneLess(work);
}

void MessageAcceptor::OnReceipts(const WorkPtr& work, size_t message, absl::StatusOr<KvScan> scan) {
  const StoredMessage& envelope = work->request.messages[message].message->envelope;
  if (!scan.ok()) {
    work->status.Update(scan.status());
    OneLess(work);
    return;
  }
  for (const KvRow& row : scan->rows) {
    const std::optional<uint16_t> rcpt = ReceiptRcpt(row.key);
    const absl::StatusOr<StoredReceipt> receipt = DecodeReceipt(row.value);
    if (!rcpt.has_value() || !receipt.ok()) {
      work->status.Update(absl::DataLossError("a receipt is damaged"));
      break;
    }
    if (!receipt->payload_hash.empty() && !envelope.payload_hash.empty() &&
        receipt->payload_hash != envelope.payload_hash) {
      work->status.Update(absl::AlreadyExistsError(
          Cat("5.5.4 this idempotency key was used before, for another message (",
              envelope.id.ToString(), ")")));
      break;
    }
    work->known[message].insert(*rcpt);
  }
  OneLess(work);
}

void MessageAcceptor::OneLess(const WorkPtr& work) {
  if (--work->outstanding > 0) return;
  if (work->status.ok()) {
    Build(work);
  } else {
    const absl::Status status = work->status;
    Fail(work.get(), status);
  }
  for (const MessageId& id : work->pinned) parts_.counts.Unpin(id);
  ReleaseIds(*work);
}

void MessageAcceptor::Fail(Work* work, absl::Status status) {
  parts_.loop.Post([done = std::move(work->done), status = std::move(status)]() mutable {
    done(std::move(status));
  });
}

void MessageAcceptor::Build(const WorkPtr& work) {
  KvBatch batch = std::move(work->request.extra);
  std::vector<SpoolRow> rows;
  for (size_t i = 0; i < work->request.messages.size(); ++i) {
    NewMessage& message = work->request.messages[i];
    const MessageId id = message.message->envelope.id;
    if (message.may_exist) {
      // Pinned: runs now.
      parts_.counts.With(id, [&](absl::StatusOr<uint32_t*> count) {
        PutMessage(message, work->known[i], *count, &batch, &rows);
      });
    } else {
      uint32_t count = 0;
      PutMessage(message, work->known[i], &count, &batch, &rows);
      if (count > 0) parts_.counts.Set(id, count);
    }
  }
  parts_.put_events(work->request.events, &batch);
  CommitWork(work.get(), std::move(batch), std::move(rows));
}

void MessageAcceptor::PutMessage(NewMessage& message, const absl::flat_hash_set<uint16_t>& known,
                                 uint32_t* count, KvBatch* batch, std::vector<SpoolRow>* rows) {
  StoredMessage& envelope = message.message->envelope;
  envelope.content_bytes = static_cast<uint32_t>(message.message->content.size());
  const size_t rows_before = rows->size();
  const uint64_t sequence = parts_.sequence.Next();
  for (NewRow& row : message.rows) {
    if (known.contains(row.rcpt)) continue;
    PutRow(message, row, sequence, batch, rows);
  }
  const auto added = static_cast<uint32_t>(rows->size() - rows_before);
  parts_.stats.repeated_rows_total += message.rows.size() - added;
  parts_.stats.accepted_rows_total += added;
  if (added == 0) return;
  if (*count == 0) {
    envelope.rows_at_first = added;
    batch->Put(Cf::kMessage, MessageKey(envelope.id, MessagePart::kEnvelope),
               EncodeMessage(envelope));
    batch->Put(Cf::kMessage, MessageKey(envelope.id, MessagePart::kContent),
               message.message->content);
    parts_.cache.Put(message.message);
  } else {
    batch->Put(Cf::kMessage, MessageKey(envelope.id, MessagePart::kCount),
               EncodeU32(*count + added));
  }
  *count += added;
}

void MessageAcceptor::PutRow(const NewMessage& message, NewRow& row, uint64_t sequence,
                             KvBatch* batch, std::vector<SpoolRow>* rows) {
  const StoredMessage& envelope = message.message->envelope;
  row.value.message = envelope.id;
  row.value.content_bytes = envelope.content_bytes;
  if (row.value.accepted_ms == 0) row.value.accepted_ms = envelope.accepted_ms;
  const RowKey key{row.due_ms, {sequence, row.rcpt}};
  batch->Put(Cf::kQueue, QueueKey(row.queue, key), EncodeRow(row.value));
  if (message.receipts_until_ms != 0) {
    batch->Put(Cf::kReceipt, ReceiptKey(envelope.id, row.rcpt),
               EncodeReceipt({message.receipts_until_ms, envelope.payload_hash}));
  }
  parts_.rows.Add(row.queue, 1);
  rows->push_back({row.queue, key, std::move(row.value)});
}

void MessageAcceptor::CommitWork(Work* work, KvBatch batch, std::vector<SpoolRow> rows) {
  const bool has_events = !work->request.events.empty();
  parts_.store.Commit(std::move(batch), [this, has_events, rows = std::move(rows),
                                         done = std::move(work->done)](absl::Status s) mutable {
    if (!s.ok()) {
      done(std::move(s));
      return;
    }
    if (has_events) parts_.events_durable();
    done(std::move(rows));
  });
}

}  // namespace convoy::shard
