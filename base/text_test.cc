#include "base/text.h"

#include <gtest/gtest.h>

namespace convoy {
namespace {

TEST(Text, CatTakesStringsCharactersAndNumbers) {
  EXPECT_EQ(Cat("a", 'b', std::string("c"), -4, size_t{5}), "abc-45");
}

TEST(Text, ParseIntTakesWholeNumbersOnly) {
  EXPECT_EQ(ParseInt("-12"), -12);
  EXPECT_FALSE(ParseInt("").has_value());
  EXPECT_FALSE(ParseInt("12x").has_value());
  EXPECT_FALSE(ParseInt("99999999999999999999").has_value());
}

TEST(Text, EscapeLeavesNoControlCharacter) {
  EXPECT_EQ(Escape("ok\r\n\\\xff"), "ok\\x0d\\x0a\\\\\\xff");
}

TEST(Text, HexRoundTrip) {
  EXPECT_EQ(HexDecode(HexEncode("\x00\xfe z")), std::string("\x00\xfe z"));
  EXPECT_FALSE(HexDecode("0").has_value());
  EXPECT_FALSE(HexDecode("0g").has_value());
}

TEST(Text, SplitKeepsEmptyPieces) {
  EXPECT_EQ(Split("a,,b", ',').size(), 3u);
  EXPECT_EQ(Split("", ',').size(), 1u);
}

TEST(Text, CaseAndTrim) {
  EXPECT_TRUE(EqualsIgnoreCase("MaiL", "mAIl"));
  EXPECT_FALSE(EqualsIgnoreCase("mail", "mai"));
  EXPECT_EQ(Trim("\t a b \r\n"), "a b");
  EXPECT_TRUE(StartsWithIgnoreCase("EHLO x", "ehlo"));
}

}  // namespace
}  // namespace convoy
