#include "config/regex.h"

#include <gtest/gtest.h>

#include <string>

namespace convoy::config {
namespace {

bool Matches(std::string_view pattern, std::string_view subject) {
  const auto regex = Regex::Compile(pattern);
  EXPECT_TRUE(regex.ok()) << regex.status();
  return regex.ok() && (*regex)->Matches(subject);
}

TEST(Regex, IgnoresCaseUnlessTold) {
  EXPECT_TRUE(Matches("too many CONNECTIONS", "421 Too Many connections"));
  EXPECT_TRUE(Matches("(?-i)SPAM", "550 SPAM"));
  EXPECT_FALSE(Matches("(?-i)SPAM", "550 spam"));
}

TEST(Regex, TakesWhatRealFilesWrite) {
  EXPECT_TRUE(Matches("", "anything"));
  EXPECT_TRUE(Matches(R"(\[TS01\])", "421 [TS01] deferred"));
  EXPECT_TRUE(Matches(R"(http:\/\/x)", "see http://x"));
  EXPECT_TRUE(Matches(R"(case \x23\d+)", "Case #42"));
  EXPECT_TRUE(Matches("@*", "x")) << "sloppy, and not mended";
  EXPECT_TRUE(Matches("@dom$", "user@dom"));
  EXPECT_FALSE(Matches("@dom$", "user@dom.example"));
  EXPECT_TRUE(Matches("\xe9", "caf\xe9")) << "octets, not characters";
}

TEST(Regex, PcreTakesOverWhatRe2CannotExpress) {
  EXPECT_FALSE((*Regex::Compile("a|b"))->uses_pcre());
  for (const char* pattern : {"(?=ab)a", "(?!x)y", "(?<=4)2", R"((a)\1)", "(?>a+)b"}) {
    const auto regex = Regex::Compile(pattern);
    ASSERT_TRUE(regex.ok()) << pattern;
    EXPECT_TRUE((*regex)->uses_pcre()) << pattern;
  }
  EXPECT_TRUE(Matches(R"((a)\1)", "xAA"));
  EXPECT_FALSE(Matches(R"((?<!un)known)", "unknown"));
}

TEST(Regex, WorkIsBounded) {
  const std::string subject(Regex::kSubjectBytesMax * 2, 'a');
  EXPECT_FALSE(Matches("(a+)+b", subject)) << "linear in RE2";
  const auto hard = Regex::Compile("(?=x?)(a+)+[bc]");
  ASSERT_TRUE(hard.ok());
  ASSERT_TRUE((*hard)->uses_pcre());
  EXPECT_EQ((*hard)->Match(subject), Regex::Outcome::kTooComplex);
  EXPECT_FALSE((*hard)->Matches(subject));
  EXPECT_FALSE(Matches("b", subject + "b")) << "what is beyond the limit is not looked at";
  EXPECT_FALSE(Regex::Compile(std::string(Regex::kPatternBytesMax + 1, 'a')).ok());
  EXPECT_FALSE(Regex::Compile("((((a{100}){100}){100}){100})").ok());
}

TEST(Regex, ErrorsNameThePlace) {
  EXPECT_EQ(Regex::Compile("(a").status().message(),
            "/(a/ is not a regex: missing closing parenthesis at its octet 3");
}

}  // namespace
}  // namespace convoy::config
