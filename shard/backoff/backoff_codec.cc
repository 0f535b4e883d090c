#include "shard/backoff/backoff_codec.h"

#include "base/text.h"
#include "proto/stored.pb.h"

namespace convoy::shard {

std::string EncodeBackoff(const BackoffState& state) {
  mta::stored::v1::Backoff out;
  out.set_since_ms(state.since.unix_ms());
  if (state.until < kWallMax) out.set_until_ms(state.until.unix_ms());
  out.set_by_operator(state.by_operator);
  out.set_reply(state.reply.substr(0, kBackoffReplyBytesMax));
  for (const std::string& pattern : state.patterns) out.add_patterns(pattern);
  return out.SerializeAsString();
}

absl::StatusOr<BackoffState> DecodeBackoff(std::string_view bytes) {
  mta::stored::v1::Backoff in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError(Cat("a stored backoff mode of ", bytes.size(), " bytes is damaged"));
  }
  BackoffState state;
  state.since = FromUnixMillis(in.since_ms());
  if (in.until_ms() != 0) state.until = FromUnixMillis(in.until_ms());
  state.by_operator = in.by_operator();
  state.reply = in.reply();
  state.patterns.assign(in.patterns().begin(), in.patterns().end());
  return state;
}

}  // namespace convoy::shard
