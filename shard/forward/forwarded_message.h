// A stored message as it travels between shards, and back.
//
// Determinism: pure
#pragma once

#include <memory>

#include "shard/forward/peer_channel.h"
#include "shard/spool/records.h"

namespace convoy::shard {

// Without recipients and without receipts.
ForwardedMessage ForwardedFrom(const Message& message);
// `forwarded.message_id` has 16 octets and header_bytes lies within the content.
std::shared_ptr<Message> MessageOf(const ForwardedMessage& forwarded);

}  // namespace convoy::shard
