#include "shard/spool/record_codec.h"

#include <utility>

#include "base/status_macros.h"
#include "base/text.h"
#include "proto/stored.pb.h"

namespace convoy::shard {
namespace {

namespace stored = ::mta::stored::v1;

// Most fields of most records are empty; an unset field costs nothing on disk.
#define CONVOY_SET(out, in, field) \
  if (!(in).field.empty()) (out)->set_##field((in).field)
#define CONVOY_SET_NUMBER(out, in, field) (out)->set_##field((in).field)
#define CONVOY_TAKE(out, in, field) (out)->field = std::move(*(in).mutable_##field())
#define CONVOY_TAKE_NUMBER(out, in, field) (out)->field = (in).field()

template <typename Proto>
absl::Status Parse(std::string_view bytes, std::string_view what, Proto* proto) {
  if (proto->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  return absl::DataLossError(Cat("stored ", what, " of ", bytes.size(), " bytes is damaged"));
}

absl::StatusOr<MessageId> ParseId(std::string_view bytes, std::string_view what) {
  const auto id = MessageId::FromBytes(bytes);
  if (!id.has_value()) {
    return absl::DataLossError(Cat("stored ", what, ": a message id of ", bytes.size(), " bytes"));
  }
  return *id;
}

}  // namespace

std::string EncodeMessage(const StoredMessage& message) {
  stored::Envelope out;
  CONVOY_SET(&out, message, sender);
  CONVOY_SET(&out, message, envelope_id);
  CONVOY_SET(&out, message, job_id);
  CONVOY_SET(&out, message, source_type);
  CONVOY_SET(&out, message, source_mta);
  CONVOY_SET(&out, message, source_ip);
  CONVOY_SET(&out, message, listener_ip);
  CONVOY_SET(&out, message, smtp_user);
  CONVOY_SET(&out, message, tenant);
  CONVOY_SET_NUMBER(&out, message, accepted_ms);
  CONVOY_SET(&out, message, vmta_pool);
  CONVOY_SET(&out, message, from_domain);
  CONVOY_SET(&out, message, body_hash);
  CONVOY_SET(&out, message, payload_hash);
  CONVOY_SET_NUMBER(&out, message, header_bytes);
  CONVOY_SET_NUMBER(&out, message, content_bytes);
  CONVOY_SET_NUMBER(&out, message, eight_bit);
  CONVOY_SET_NUMBER(&out, message, smtp_utf8);
  CONVOY_SET_NUMBER(&out, message, rows_at_first);
  CONVOY_SET(&out, message, ret);
  return out.SerializeAsString();
}

absl::StatusOr<StoredMessage> DecodeMessage(const MessageId& id, std::string_view bytes) {
  stored::Envelope in;
  RETURN_IF_ERROR(Parse(bytes, "envelope", &in));
  StoredMessage message;
  message.id = id;
  CONVOY_TAKE(&message, in, sender);
  CONVOY_TAKE(&message, in, envelope_id);
  CONVOY_TAKE(&message, in, job_id);
  CONVOY_TAKE(&message, in, source_type);
  CONVOY_TAKE(&message, in, source_mta);
  CONVOY_TAKE(&message, in, source_ip);
  CONVOY_TAKE(&message, in, listener_ip);
  CONVOY_TAKE(&message, in, smtp_user);
  CONVOY_TAKE(&message, in, tenant);
  CONVOY_TAKE_NUMBER(&message, in, accepted_ms);
  CONVOY_TAKE(&message, in, vmta_pool);
  CONVOY_TAKE(&message, in, from_domain);
  CONVOY_TAKE(&message, in, body_hash);
  CONVOY_TAKE(&message, in, payload_hash);
  CONVOY_TAKE_NUMBER(&message, in, header_bytes);
  CONVOY_TAKE_NUMBER(&message, in, content_bytes);
  CONVOY_TAKE_NUMBER(&message, in, eight_bit);
  CONVOY_TAKE_NUMBER(&message, in, smtp_utf8);
  CONVOY_TAKE_NUMBER(&message, in, rows_at_first);
  CONVOY_TAKE(&message, in, ret);
  return message;
}

std::string EncodeRow(const StoredRow& row) {
  stored::Row out;
  const std::string_view id = row.message.bytes();
  out.set_message_id(id.data(), id.size());
  CONVOY_SET(&out, row, rcpt);
  CONVOY_SET(&out, row, orcpt);
  CONVOY_SET_NUMBER(&out, row, notify);
  CONVOY_SET_NUMBER(&out, row, attempts);
  CONVOY_SET_NUMBER(&out, row, accepted_ms);
  CONVOY_SET_NUMBER(&out, row, first_attempt_ms);
  CONVOY_SET_NUMBER(&out, row, last_attempt_ms);
  if (!row.last_reply.empty()) out.set_last_reply(row.last_reply.substr(0, kLastReplyBytesMax));
  CONVOY_SET_NUMBER(&out, row, flags);
  CONVOY_SET_NUMBER(&out, row, content_bytes);
  CONVOY_SET_NUMBER(&out, row, transfer_sequence);
  return out.SerializeAsString();
}

absl::StatusOr<StoredRow> DecodeRow(std::string_view bytes) {
  stored::Row in;
  RETURN_IF_ERROR(Parse(bytes, "row", &in));
  StoredRow row;
  ASSIGN_OR_RETURN(row.message, ParseId(in.message_id(), "row"));
  CONVOY_TAKE(&row, in, rcpt);
  CONVOY_TAKE(&row, in, orcpt);
  row.notify = static_cast<uint8_t>(in.notify());
  CONVOY_TAKE_NUMBER(&row, in, attempts);
  CONVOY_TAKE_NUMBER(&row, in, accepted_ms);
  CONVOY_TAKE_NUMBER(&row, in, first_attempt_ms);
  CONVOY_TAKE_NUMBER(&row, in, last_attempt_ms);
  CONVOY_TAKE(&row, in, last_reply);
  CONVOY_TAKE_NUMBER(&row, in, flags);
  CONVOY_TAKE_NUMBER(&row, in, content_bytes);
  CONVOY_TAKE_NUMBER(&row, in, transfer_sequence);
  return row;
}

std::string EncodeQueueName(const QueueName& name) {
  stored::QueueName out;
  CONVOY_SET(&out, name, domain);
  CONVOY_SET(&out, name, vmta);
  return out.SerializeAsString();
}

absl::StatusOr<QueueName> DecodeQueueName(std::string_view bytes) {
  stored::QueueName in;
  RETURN_IF_ERROR(Parse(bytes, "queue name", &in));
  QueueName name;
  CONVOY_TAKE(&name, in, domain);
  CONVOY_TAKE(&name, in, vmta);
  return name;
}

std::string EncodeEvent(const AccountEvent& event) {
  stored::Event out;
  out.set_type(static_cast<stored::Event::Type>(event.type));
  CONVOY_SET_NUMBER(&out, event, logged_ms);
  CONVOY_SET_NUMBER(&out, event, queued_ms);
  CONVOY_SET_NUMBER(&out, event, first_attempt_ms);
  CONVOY_SET(&out, event, message_id);
  CONVOY_SET(&out, event, orig);
  CONVOY_SET(&out, event, rcpt);
  CONVOY_SET(&out, event, orcpt);
  CONVOY_SET(&out, event, dsn_action);
  CONVOY_SET(&out, event, dsn_status);
  if (!event.dsn_diag.empty()) out.set_dsn_diag(event.dsn_diag.substr(0, kDiagBytesMax));
  CONVOY_SET(&out, event, dsn_mta);
  CONVOY_SET(&out, event, bounce_cat);
  CONVOY_SET(&out, event, src_type);
  CONVOY_SET(&out, event, src_mta);
  CONVOY_SET(&out, event, dlv_type);
  CONVOY_SET(&out, event, dlv_source_ip);
  CONVOY_SET(&out, event, dlv_destination_ip);
  CONVOY_SET(&out, event, dlv_esmtp_available);
  CONVOY_SET(&out, event, dlv_tls_protocol);
  CONVOY_SET(&out, event, dlv_tls_cipher);
  CONVOY_SET(&out, event, dlv_tls_proof);
  CONVOY_SET_NUMBER(&out, event, size_bytes);
  CONVOY_SET(&out, event, vmta);
  CONVOY_SET(&out, event, vmta_pool);
  CONVOY_SET(&out, event, job_id);
  CONVOY_SET(&out, event, env_id);
  CONVOY_SET(&out, event, queue);
  CONVOY_SET(&out, event, rcv_source_ip);
  CONVOY_SET(&out, event, rcv_destination_ip);
  CONVOY_SET(&out, event, rcv_smtp_user);
  CONVOY_SET_NUMBER(&out, event, attempts);
  CONVOY_SET(&out, event, duplicate_cause);
  return out.SerializeAsString();
}

absl::StatusOr<AccountEvent> DecodeEvent(std::string_view bytes) {
  stored::Event in;
  RETURN_IF_ERROR(Parse(bytes, "event", &in));
  if (in.type() < stored::Event::TYPE_DELIVERY || in.type() > stored::Event::TYPE_RECEIPT) {
    return absl::DataLossError(Cat("stored event of unknown type ", static_cast<int>(in.type())));
  }
  AccountEvent event;
  event.type = static_cast<EventType>(in.type());
  CONVOY_TAKE_NUMBER(&event, in, logged_ms);
  CONVOY_TAKE_NUMBER(&event, in, queued_ms);
  CONVOY_TAKE_NUMBER(&event, in, first_attempt_ms);
  CONVOY_TAKE(&event, in, message_id);
  CONVOY_TAKE(&event, in, orig);
  CONVOY_TAKE(&event, in, rcpt);
  CONVOY_TAKE(&event, in, orcpt);
  CONVOY_TAKE(&event, in, dsn_action);
  CONVOY_TAKE(&event, in, dsn_status);
  CONVOY_TAKE(&event, in, dsn_diag);
  CONVOY_TAKE(&event, in, dsn_mta);
  CONVOY_TAKE(&event, in, bounce_cat);
  CONVOY_TAKE(&event, in, src_type);
  CONVOY_TAKE(&event, in, src_mta);
  CONVOY_TAKE(&event, in, dlv_type);
  CONVOY_TAKE(&event, in, dlv_source_ip);
  CONVOY_TAKE(&event, in, dlv_destination_ip);
  CONVOY_TAKE(&event, in, dlv_esmtp_available);
  CONVOY_TAKE(&event, in, dlv_tls_protocol);
  CONVOY_TAKE(&event, in, dlv_tls_cipher);
  CONVOY_TAKE(&event, in, dlv_tls_proof);
  CONVOY_TAKE_NUMBER(&event, in, size_bytes);
  CONVOY_TAKE(&event, in, vmta);
  CONVOY_TAKE(&event, in, vmta_pool);
  CONVOY_TAKE(&event, in, job_id);
  CONVOY_TAKE(&event, in, env_id);
  CONVOY_TAKE(&event, in, queue);
  CONVOY_TAKE(&event, in, rcv_source_ip);
  CONVOY_TAKE(&event, in, rcv_destination_ip);
  CONVOY_TAKE(&event, in, rcv_smtp_user);
  CONVOY_TAKE_NUMBER(&event, in, attempts);
  CONVOY_TAKE(&event, in, duplicate_cause);
  return event;
}

std::string EncodeReceipt(const StoredReceipt& receipt) {
  stored::Receipt out;
  CONVOY_SET_NUMBER(&out, receipt, expires_ms);
  CONVOY_SET(&out, receipt, payload_hash);
  return out.SerializeAsString();
}

absl::StatusOr<StoredReceipt> DecodeReceipt(std::string_view bytes) {
  stored::Receipt in;
  RETURN_IF_ERROR(Parse(bytes, "receipt", &in));
  StoredReceipt receipt;
  CONVOY_TAKE_NUMBER(&receipt, in, expires_ms);
  CONVOY_TAKE(&receipt, in, payload_hash);
  return receipt;
}

std::string EncodeIdempotency(const IdempotencyRecord& record) {
  stored::Idempotency out;
  CONVOY_SET_NUMBER(&out, record, expires_ms);
  CONVOY_SET(&out, record, payload_hash);
  const std::string_view id = record.message.bytes();
  out.set_message_id(id.data(), id.size());
  CONVOY_SET(&out, record, answer);
  return out.SerializeAsString();
}

absl::StatusOr<IdempotencyRecord> DecodeIdempotency(std::string_view bytes) {
  stored::Idempotency in;
  RETURN_IF_ERROR(Parse(bytes, "idempotency record", &in));
  IdempotencyRecord record;
  CONVOY_TAKE_NUMBER(&record, in, expires_ms);
  CONVOY_TAKE(&record, in, payload_hash);
  ASSIGN_OR_RETURN(record.message, ParseId(in.message_id(), "idempotency record"));
  CONVOY_TAKE(&record, in, answer);
  return record;
}

std::string EncodeCheckpoint(const ProjectorCheckpoint& checkpoint) {
  stored::ProjectorCheckpoint out;
  CONVOY_SET_NUMBER(&out, checkpoint, next_sequence);
  for (const CheckpointFile& file : checkpoint.files) {
    stored::ProjectorCheckpoint::File* const added = out.add_files();
    CONVOY_SET(added, file, path);
    CONVOY_SET(added, file, segment);
    CONVOY_SET_NUMBER(added, file, offset);
  }
  return out.SerializeAsString();
}

absl::StatusOr<ProjectorCheckpoint> DecodeCheckpoint(std::string_view bytes) {
  stored::ProjectorCheckpoint in;
  RETURN_IF_ERROR(Parse(bytes, "checkpoint", &in));
  ProjectorCheckpoint checkpoint;
  CONVOY_TAKE_NUMBER(&checkpoint, in, next_sequence);
  for (const stored::ProjectorCheckpoint::File& file : in.files()) {
    checkpoint.files.push_back({file.path(), file.segment(), file.offset()});
  }
  return checkpoint;
}

#undef CONVOY_SET
#undef CONVOY_SET_NUMBER
#undef CONVOY_TAKE
#undef CONVOY_TAKE_NUMBER

}  // namespace convoy::shard
