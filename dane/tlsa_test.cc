#include "dane/tlsa.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"

namespace convoy::dane {
namespace {

TlsaRecord Record(uint8_t usage, uint8_t selector, uint8_t matching, size_t bytes = 32) {
  return {.usage = usage,
          .selector = selector,
          .matching = matching,
          .data = std::string(bytes, static_cast<char>(matching))};
}

// "usage selector matching" of each.
std::string Show(const std::vector<TlsaRecord>& records) {
  std::vector<std::string> all;
  for (const TlsaRecord& r : records) {
    all.push_back(Cat(int{r.usage}, " ", int{r.selector}, " ", int{r.matching}));
  }
  return Join(all, ", ");
}

TEST(Tlsa, FieldsAreRead) {
  const auto record = ParseTlsa(std::string_view("\x03\x01\x02xyz", 6));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(*record, (TlsaRecord{.usage = 3, .selector = 1, .matching = 2, .data = "xyz"}));
  EXPECT_FALSE(ParseTlsa(std::string_view("\x03\x01\x01", 3)).has_value());
  EXPECT_FALSE(ParseTlsa("").has_value());
}

TEST(Tlsa, DA11_PkixUsagesAreUnusable) {
  for (const uint8_t usage : {0, 1}) EXPECT_FALSE(IsUsable(Record(usage, 1, 1)));
  for (const uint8_t usage : {2, 3}) EXPECT_TRUE(IsUsable(Record(usage, 1, 1)));
}

TEST(Tlsa, DA07_WhatIsNotUnderstoodIsUnusable) {
  EXPECT_FALSE(IsUsable(Record(4, 1, 1)));
  EXPECT_FALSE(IsUsable(Record(255, 1, 1)));
  EXPECT_FALSE(IsUsable(Record(3, 2, 1)));
  EXPECT_FALSE(IsUsable(Record(3, 1, 3)));
  EXPECT_FALSE(IsUsable(Record(3, 1, 1, 31)));
  EXPECT_FALSE(IsUsable(Record(3, 1, 1, 64)));
  EXPECT_FALSE(IsUsable(Record(3, 1, 2, 32)));
  EXPECT_TRUE(IsUsable(Record(3, 1, 2, 64)));
  EXPECT_FALSE(IsUsable(Record(3, 0, 0, 300)));  // no certificate
  EXPECT_FALSE(IsUsable(Record(2, 1, 0, 91)));   // no key
}

TEST(Tlsa, DA12_OnlyTheStrongestDigestOfAUsageAndSelectorDecides) {
  EXPECT_EQ(Show(Deciding({Record(3, 1, 1), Record(3, 1, 2, 64), Record(3, 0, 1)})),
            "3 1 2, 3 0 1");
  EXPECT_EQ(Show(Deciding({Record(2, 1, 1), Record(3, 1, 2, 64)})), "2 1 1, 3 1 2");
  // A digest that is unusable is no reason to drop one that is not.
  EXPECT_EQ(Show(Deciding({Record(3, 1, 1), Record(3, 1, 2, 32)})), "3 1 1");
}

}  // namespace
}  // namespace convoy::dane
