#include "base/rng.h"

#include <gtest/gtest.h>

#include <array>

namespace convoy {
namespace {

TEST(Rng, SameSeedSameSequence) {
  Rng a(7);
  Rng b(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.Next(), b.Next());
  EXPECT_NE(Rng(7).Next(), Rng(8).Next());
}

TEST(Rng, BelowIsInRangeAndRoughlyUniform) {
  Rng rng(1);
  std::array<int, 10> seen{};
  for (int i = 0; i < 100000; ++i) ++seen[rng.Below(10)];
  for (const int n : seen) EXPECT_NEAR(n, 10000, 500);
}

}  // namespace
}  // namespace convoy
