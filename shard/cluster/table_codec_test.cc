// The stored table: every field survives, damaged bytes are refused.

#include "shard/cluster/rpc/table_codec.h"

#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "base/rng.h"

namespace convoy::shard {
namespace {

AssignmentTable Sample() {
  AssignmentTable table = SoleOwnerTable("a", {"v1", "v2"});
  table.version = {Epoch(7), 42};
  table.fence_on_lease_loss = true;
  table.members.push_back({.name = "b", .incarnation = 9, .rpc_address = "b:1", .live = false});
  table.groups[0].owners[5] = 1;
  table.groups[0].owners[6] = EgressGroup::kNoOwner;
  table.groups[0].pending[5] = true;
  return table;
}

TEST(TableCodecTest, RoundTrip) {
  const absl::StatusOr<AssignmentTable> back = DecodeTable(EncodeTable(Sample()));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, Sample());
}

TEST(TableCodecTest, EmptyBytesAndUnknownFormatsAreRefused) {
  EXPECT_TRUE(absl::IsDataLoss(DecodeTable("").status()));
  std::string other_format = EncodeTable(Sample());
  other_format[1] = 2;
  EXPECT_TRUE(absl::IsDataLoss(DecodeTable(other_format).status()));
}

TEST(TableCodecTest, DamagedBytesNeverCrash) {
  Rng rng(1);
  const std::string bytes = EncodeTable(Sample());
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = bytes.substr(0, rng.Chance(0.5) ? rng.Below(bytes.size()) : bytes.size());
    for (int n = 0; n < 4 && !damaged.empty(); ++n) {
      damaged[rng.Below(damaged.size())] = static_cast<char>(rng.Below(256));
    }
    const auto table = DecodeTable(damaged);
    if (!table.ok()) continue;
    for (const EgressGroup& group : table->groups) {
      EXPECT_EQ(group.owners.size(), kSlotCount);
      EXPECT_EQ(group.pending.size(), kSlotCount);
    }
  }
}

}  // namespace
}  // namespace convoy::shard
