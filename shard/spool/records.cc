#include "shard/spool/records.h"

#include <cstring>

#include "base/text.h"

namespace convoy::shard {
namespace {

struct NotifyWord {
  std::string_view word;
  NotifyFlag flag;
};
constexpr NotifyWord kNotifyWords[] = {{"NEVER", kNotifyNever},
                                       {"SUCCESS", kNotifySuccess},
                                       {"FAILURE", kNotifyFailure},
                                       {"DELAY", kNotifyDelay}};

}  // namespace

std::optional<MessageId> MessageId::FromBytes(std::string_view bytes) {
  MessageId id;
  if (bytes.size() != id.bytes_.size()) return std::nullopt;
  std::memcpy(id.bytes_.data(), bytes.data(), bytes.size());
  return id;
}

uint8_t NotifyFlagsOf(std::string_view text) {
  uint8_t flags = 0;
  for (const std::string_view word : Split(text, ',')) {
    for (const NotifyWord& known : kNotifyWords) {
      if (EqualsIgnoreCase(word, known.word)) flags |= known.flag;
    }
  }
  return flags;
}

std::string NotifyTextOf(uint8_t flags) {
  std::string text;
  for (const NotifyWord& known : kNotifyWords) {
    if ((flags & known.flag) != 0) CatTo(&text, text.empty() ? "" : ",", known.word);
  }
  return text;
}

std::string MessageId::ToString() const { return HexEncode(bytes()); }

}  // namespace convoy::shard
