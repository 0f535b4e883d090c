#include "config/lint/pattern_text.h"

#include <gtest/gtest.h>

#include <array>

#include "config/regex.h"

namespace convoy::config::lint {
namespace {

TEST(PatternText, CoversOnlyWhatItMustMatch) {
  EXPECT_TRUE(Covers("421", "^421 4\\.7\\.0"));
  EXPECT_TRUE(Covers("", "anything"));
  EXPECT_TRUE(Covers("SPAM", "is spam"));
  EXPECT_TRUE(Covers("4.7.0", "4\\.7\\.0"));
  EXPECT_TRUE(Covers("^421.*", "^421 x"));
  EXPECT_TRUE(Covers("(a|b)", "(a|b)"));
  EXPECT_FALSE(Covers("4\\.7\\.0", "4.7.0")) << "4x7x0";
  EXPECT_FALSE(Covers("^421", "421 x")) << "in the middle";
  EXPECT_FALSE(Covers("421 x", "421"));
  EXPECT_FALSE(Covers("(a|b)", "a")) << "not simple";
  EXPECT_FALSE(Covers("\\d", "5"));
  EXPECT_FALSE(Covers("a\\.*", "ab"));
}

// Against the engine: whatever is said to cover does.
TEST(PatternText, CoveringIsNeverClaimedInVain) {
  constexpr std::array<const char*, 14> kPatterns = {"",     "4",      "42",   "^42",   "4\\.2",
                                                     "4.2",  ".*42",   "42$",  "^4.*2", "4.*",
                                                     "[4]2", "4\\.*2", "^.*2", "\\."};
  constexpr std::array<const char*, 10> kTexts = {"42",  "4.2", "x42",  "4x2", "2",
                                                  "421", "142", "4..2", ".",   "x"};
  int claims = 0;
  for (const char* first : kPatterns) {
    for (const char* second : kPatterns) {
      if (!Covers(first, second)) continue;
      ++claims;
      for (const char* text : kTexts) {
        if ((*Regex::Compile(second))->Matches(text)) {
          EXPECT_TRUE((*Regex::Compile(first))->Matches(text))
              << first << " / " << second << " / " << text;
        }
      }
    }
  }
  EXPECT_GE(claims, 30);
}

TEST(PatternText, AnchoredStart) {
  EXPECT_EQ(AnchoredStart("^550 Foo"), "550 foo");
  EXPECT_EQ(AnchoredStart("^550[ -]x"), "550");
  EXPECT_EQ(AnchoredStart("^550?"), "55");
  EXPECT_EQ(AnchoredStart("^a|b"), "");
  EXPECT_EQ(AnchoredStart("550"), "");
}

}  // namespace
}  // namespace convoy::config::lint
