#include "shard/forward/forwarded_message.h"

#include <string>
#include <string_view>
#include <utility>

#include "dkim/canonical.h"
#include "mail/message.h"

namespace convoy::shard {

ForwardedMessage ForwardedFrom(const Message& message) {
  const StoredMessage& envelope = message.envelope;
  ForwardedMessage out;
  out.message_id = std::string(envelope.id.bytes());
  out.mail_from = envelope.sender;
  out.content = std::make_shared<const std::string>(message.content.view());
  out.header_bytes = envelope.header_bytes;
  out.job_id = envelope.job_id;
  out.envelope_id = envelope.envelope_id;
  out.accepted = FromUnixMillis(envelope.accepted_ms);
  out.source_type = envelope.source_type;
  out.source_mta = envelope.source_mta;
  out.virtual_mta_pool = envelope.vmta_pool;
  out.from_domain = envelope.from_domain;
  out.payload_hash = envelope.payload_hash;
  out.smtp_utf8 = envelope.smtp_utf8;
  out.ret = envelope.ret;
  return out;
}

std::shared_ptr<Message> MessageOf(const ForwardedMessage& forwarded) {
  auto message = std::make_shared<Message>();
  StoredMessage& envelope = message->envelope;
  envelope.id = *MessageId::FromBytes(forwarded.message_id);
  envelope.sender = forwarded.mail_from;
  envelope.envelope_id = forwarded.envelope_id;
  envelope.job_id = forwarded.job_id;
  envelope.source_type = forwarded.source_type;
  envelope.source_mta = forwarded.source_mta;
  envelope.accepted_ms = forwarded.accepted.unix_ms();
  envelope.vmta_pool = forwarded.virtual_mta_pool;
  envelope.from_domain = forwarded.from_domain;
  envelope.payload_hash = forwarded.payload_hash;
  envelope.header_bytes = forwarded.header_bytes;
  envelope.content_bytes = static_cast<uint32_t>(forwarded.content->size());
  const std::string_view body = std::string_view(*forwarded.content).substr(forwarded.header_bytes);
  envelope.body_hash = dkim::BodyHash(dkim::Canonicalization::kRelaxed, body);
  envelope.eight_bit = mail::Has8bit(*forwarded.content);
  envelope.smtp_utf8 = forwarded.smtp_utf8;
  envelope.ret = forwarded.ret;
  message->content = SharedBytes(forwarded.content, *forwarded.content);
  return message;
}

}  // namespace convoy::shard
