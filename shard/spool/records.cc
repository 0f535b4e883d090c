#include "shard/spool/records.h"

#include <cstring>

#include "base/text.h"

namespace convoy::shard {

std::optional<MessageId> MessageId::FromBytes(std::string_view bytes) {
  MessageId id;
  if (bytes.size() != id.bytes_.size()) return std::nullopt;
  std::memcpy(id.bytes_.data(), bytes.data(), bytes.size());
  return id;
}

std::string MessageId::ToString() const { return HexEncode(bytes()); }

}  // namespace convoy::shard
