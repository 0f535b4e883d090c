#include "shard/spool/spool_audit.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/status_macros.h"
#include "base/text.h"
#include "shard/spool/keys.h"
#include "shard/spool/record_codec.h"

namespace convoy::shard {
namespace {

// What is stored of one message.
struct Found {
  std::optional<StoredMessage> envelope;
  std::optional<size_t> content_bytes;
  std::optional<uint32_t> count;
  uint32_t rows = 0;
};

class Auditor {
 public:
  explicit Auditor(KvStore& store) : store_(store) {}

  absl::StatusOr<SpoolAudit> Run() {
    RETURN_IF_ERROR(ReadMessages());
    RETURN_IF_ERROR(ReadNames());
    RETURN_IF_ERROR(ReadRows());
    ASSIGN_OR_RETURN(const KvScan outbox, store_.ScanNow({Cf::kOutbox, {}, {}}, SIZE_MAX));
    for (const KvRow& row : outbox.rows) {
      if (!DecodeEvent(row.value).ok()) Defect("outbox: damaged event ", HexEncode(row.key));
    }
    audit_.events = outbox.rows.size();
    ASSIGN_OR_RETURN(const KvScan receipts, store_.ScanNow({Cf::kReceipt, {}, {}}, SIZE_MAX));
    audit_.receipts = receipts.rows.size();
    for (const auto& [id, found] : messages_) CheckMessage(id, found);
    return std::move(audit_);
  }

 private:
  template <typename... Pieces>
  void Defect(const Pieces&... pieces) {
    audit_.defects.push_back(Cat(pieces...));
  }

  absl::Status ReadMessages() {
    ASSIGN_OR_RETURN(const KvScan scan, store_.ScanNow({Cf::kMessage, {}, {}}, SIZE_MAX));
    for (const KvRow& row : scan.rows) {
      const auto id = MessageId::FromBytes(std::string_view(row.key).substr(0, 16));
      if (!id.has_value() || row.key.size() != 17) {
        Defect("message: foreign key ", HexEncode(row.key));
        continue;
      }
      Found& found = messages_[*id];
      if (row.key == MessageKey(*id, MessagePart::kEnvelope)) {
        absl::StatusOr<StoredMessage> envelope = DecodeMessage(*id, row.value);
        if (envelope.ok()) found.envelope = *std::move(envelope);
      } else if (row.key == MessageKey(*id, MessagePart::kContent)) {
        found.content_bytes = row.value.size();
      } else {
        found.count = DecodeU32(row.value);
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadNames() {
    ASSIGN_OR_RETURN(const KvScan scan, store_.ScanNow(QueueNameRange(), SIZE_MAX));
    for (const KvRow& row : scan.rows) {
      const std::optional<QueueId> queue = ParseQueueNameKey(row.key);
      if (!queue.has_value() || !DecodeQueueName(row.value).ok()) {
        Defect("meta: damaged queue name ", HexEncode(row.key));
        continue;
      }
      names_.insert(queue->value());
    }
    return absl::OkStatus();
  }

  absl::Status ReadRows() {
    std::set<std::pair<uint64_t, uint16_t>> ids;
    ASSIGN_OR_RETURN(const KvScan scan, store_.ScanNow({Cf::kQueue, {}, {}}, SIZE_MAX));
    for (const KvRow& row : scan.rows) {
      const std::optional<ParsedQueueKey> key = ParseQueueKey(row.key);
      absl::StatusOr<StoredRow> value = DecodeRow(row.value);
      if (!key.has_value() || !value.ok()) {
        Defect("queue: damaged row ", HexEncode(row.key));
        continue;
      }
      if (!names_.contains(key->queue.value())) {
        Defect("queue: row ", HexEncode(row.key), " of a queue without a name");
      }
      if (!ids.insert({key->row.id.seq, key->row.id.rcpt}).second) {
        Defect("queue: recipient ", key->row.id.rcpt, " of sequence ", key->row.id.seq,
               " is there twice");
      }
      ++messages_[value->message].rows;
      audit_.rows.push_back({key->queue, key->row, *std::move(value)});
    }
    return absl::OkStatus();
  }

  void CheckMessage(const MessageId& id, const Found& found) {
    const std::string name = Cat("message ", id.ToString(), ": ");
    if (!found.envelope.has_value() || !found.content_bytes.has_value()) {
      Defect(name, found.rows, " rows, but it is not whole");
      return;
    }
    ++audit_.messages;
    if (found.envelope->content_bytes != *found.content_bytes) {
      Defect(name, *found.content_bytes, " bytes of content instead of ",
             found.envelope->content_bytes);
    }
    const uint32_t count = found.count.value_or(found.envelope->rows_at_first);
    if (count != found.rows || found.rows == 0) {
      Defect(name, found.rows, " rows, but a count of ", count);
    }
  }

  KvStore& store_;
  SpoolAudit audit_;
  std::map<MessageId, Found> messages_;
  std::set<uint32_t> names_;
};

}  // namespace

absl::StatusOr<SpoolAudit> AuditSpool(KvStore& store) { return Auditor(store).Run(); }

}  // namespace convoy::shard
