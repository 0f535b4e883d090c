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
  out.set_pattern(state.pattern);
  if (state.max_smtp_out != kUnlimitedConnections) out.set_max_smtp_out(state.max_smtp_out);
  out.set_rate_count(state.max_msg_rate.count);
  out.set_rate_interval_us(state.max_msg_rate.interval.us);
  return out.SerializeAsString();
}

absl::StatusOr<BackoffState> DecodeBackoff(std::string_view bytes) {
  mta::stored::v1::Backoff in;
  const bool parsed = in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  if (!parsed || in.rate_count() < 0 || in.rate_interval_us() < 0) {
    return absl::DataLossError(Cat("a stored backoff mode of ", bytes.size(), " bytes is damaged"));
  }
  BackoffState state;
  state.since = FromUnixMillis(in.since_ms());
  if (in.until_ms() != 0) state.until = FromUnixMillis(in.until_ms());
  state.by_operator = in.by_operator();
  state.reply = in.reply();
  state.pattern = in.pattern();
  if (in.has_max_smtp_out()) state.max_smtp_out = in.max_smtp_out();
  state.max_msg_rate = {in.rate_count(), Duration{in.rate_interval_us()}};
  return state;
}

}  // namespace convoy::shard
