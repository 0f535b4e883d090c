#include "shard/backoff/backoff_codec.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace convoy::shard {
namespace {

BackoffState Full() {
  BackoffState state;
  state.since = FromUnixMillis(1'700'000'000'000);
  state.until = FromUnixMillis(1'700'003'600'000);
  state.by_operator = true;
  state.reply = "421 RP-001 \xff";
  state.patterns = {"421 RP-001 *", "/busy/"};
  return state;
}

TEST(BackoffCodec, EverythingComesBack) {
  EXPECT_EQ(DecodeBackoff(EncodeBackoff(Full())).value(), Full());
  BackoffState least;
  least.since = FromUnixMillis(1);
  EXPECT_EQ(DecodeBackoff(EncodeBackoff(least)).value(), least) << "for ever, without a reply";
}

TEST(BackoffCodec, BytesOnDiskStay) {
  EXPECT_EQ(HexEncode(EncodeBackoff(Full())),
            "0880d095ffbc311080adf180bd311801220c3432312052502d30303120ff2a0c343231"
            "2052502d303031202a2a062f627573792f");
}

TEST(BackoffCodec, LongRepliesAreCut) {
  BackoffState state = Full();
  state.reply = std::string(2000, 'x');
  EXPECT_EQ(DecodeBackoff(EncodeBackoff(state))->reply.size(), kBackoffReplyBytesMax);
}

TEST(BackoffCodec, DamageIsFound) {
  const std::string bytes = EncodeBackoff(Full());
  EXPECT_TRUE(absl::IsDataLoss(DecodeBackoff(bytes.substr(0, bytes.size() - 1)).status()));
  EXPECT_TRUE(absl::IsDataLoss(DecodeBackoff("\xff\xff").status()));
}

}  // namespace
}  // namespace convoy::shard
