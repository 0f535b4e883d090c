#include "shard/forward/rpc/forward_codec.h"

#include <utility>

#include "base/text.h"

namespace convoy::shard {
namespace {

constexpr size_t kMessageIdBytes = 16;
constexpr size_t kPayloadHashBytes = 32;

void ToProto(const ForwardedRecipient& rcpt, mta::v1::ForwardedRecipient* out) {
  out->set_address(rcpt.address);
  out->set_index(rcpt.index);
  out->set_queue_domain(rcpt.queue_domain);
  out->set_virtual_mta(rcpt.virtual_mta);
  out->set_attempts(rcpt.attempts);
  out->set_due_unix_ms(rcpt.due.unix_ms());
  out->set_last_reply(rcpt.last_reply);
  out->set_notify(rcpt.notify);
  out->set_orcpt(rcpt.orcpt);
}

void ToProto(const ForwardedMessage& message, mta::v1::ForwardedMessage* out) {
  out->set_message_id(message.message_id);
  out->set_mail_from(message.mail_from);
  out->set_content(*message.content);
  out->set_header_bytes(message.header_bytes);
  out->set_job_id(message.job_id);
  out->set_envelope_id(message.envelope_id);
  out->set_accepted_unix_ms(message.accepted.unix_ms());
  out->set_source_type(message.source_type);
  out->set_source_mta(message.source_mta);
  out->set_virtual_mta_pool(message.virtual_mta_pool);
  out->set_from_domain(message.from_domain);
  out->set_payload_hash(message.payload_hash);
  out->set_receipts_until_unix_ms(message.receipts_until.unix_ms());
  out->set_smtp_utf8(message.smtp_utf8);
  out->set_ret(message.ret);
  for (const ForwardedRecipient& rcpt : message.recipients) ToProto(rcpt, out->add_recipients());
}

absl::StatusOr<ForwardedMessage> FromProto(mta::v1::ForwardedMessage&& wire) {
  if (wire.message_id().size() != kMessageIdBytes ||
      wire.payload_hash().size() != kPayloadHashBytes || wire.recipients().empty() ||
      wire.header_bytes() > wire.content().size()) {
    return absl::InvalidArgumentError("forwarded message with a field of impossible size");
  }
  ForwardedMessage message;
  message.message_id = std::move(*wire.mutable_message_id());
  message.mail_from = std::move(*wire.mutable_mail_from());
  message.content = std::make_shared<const std::string>(std::move(*wire.mutable_content()));
  message.header_bytes = wire.header_bytes();
  message.job_id = std::move(*wire.mutable_job_id());
  message.envelope_id = std::move(*wire.mutable_envelope_id());
  message.accepted = FromUnixMillis(wire.accepted_unix_ms());
  message.source_type = std::move(*wire.mutable_source_type());
  message.source_mta = std::move(*wire.mutable_source_mta());
  message.virtual_mta_pool = std::move(*wire.mutable_virtual_mta_pool());
  message.from_domain = std::move(*wire.mutable_from_domain());
  message.payload_hash = std::move(*wire.mutable_payload_hash());
  message.receipts_until = FromUnixMillis(wire.receipts_until_unix_ms());
  message.smtp_utf8 = wire.smtp_utf8();
  message.ret = std::move(*wire.mutable_ret());
  for (mta::v1::ForwardedRecipient& rcpt : *wire.mutable_recipients()) {
    if (rcpt.address().empty() || rcpt.queue_domain().empty() || rcpt.virtual_mta().empty()) {
      return absl::InvalidArgumentError("forwarded recipient without address or queue");
    }
    message.recipients.push_back(
        {std::move(*rcpt.mutable_address()), rcpt.index(), std::move(*rcpt.mutable_queue_domain()),
         std::move(*rcpt.mutable_virtual_mta()), rcpt.attempts(),
         FromUnixMillis(rcpt.due_unix_ms()), std::move(*rcpt.mutable_last_reply()),
         static_cast<uint8_t>(rcpt.notify()), std::move(*rcpt.mutable_orcpt())});
  }
  return message;
}

}  // namespace

void ToProto(const ForwardBatch& batch, mta::v1::ForwardBatch* out) {
  out->set_from_shard(batch.from_shard);
  out->set_from_uid(batch.from_uid);
  out->set_epoch(batch.epoch);
  out->set_transfer_sequence(batch.transfer_sequence);
  out->set_transfers_done_below(batch.transfers_done_below);
  for (const ForwardedMessage& message : batch.messages) ToProto(message, out->add_messages());
}

absl::StatusOr<ForwardBatch> FromProto(mta::v1::ForwardBatch&& wire) {
  ForwardBatch batch;
  batch.from_shard = std::move(*wire.mutable_from_shard());
  batch.from_uid = std::move(*wire.mutable_from_uid());
  batch.epoch = wire.epoch();
  batch.transfer_sequence = wire.transfer_sequence();
  batch.transfers_done_below = wire.transfers_done_below();
  if (batch.from_shard.empty() || batch.from_uid.empty()) {
    return absl::InvalidArgumentError("forwarded batch without sender");
  }
  for (mta::v1::ForwardedMessage& message : *wire.mutable_messages()) {
    auto decoded = FromProto(std::move(message));
    if (!decoded.ok()) return decoded.status();
    batch.messages.push_back(*std::move(decoded));
  }
  return batch;
}

}  // namespace convoy::shard
