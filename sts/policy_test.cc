#include "sts/policy.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"

namespace convoy::sts {
namespace {

constexpr char kPolicy[] =
    "version: STSv1\r\n"
    "mode: enforce\r\n"
    "mx: mail.example\r\n"
    "mx: *.Backup.example\r\n"
    "max_age: 604800\r\n";

std::string Id(const std::vector<std::string>& texts) { return PolicyId(texts).value_or("(none)"); }

// "MODE SECONDS PATTERNS", or "(wrong)".
std::string Show(std::string_view text) {
  const auto policy = ParsePolicy(text);
  if (!policy.ok()) return "(wrong)";
  return Cat(ToString(policy->mode), " ", policy->max_age.seconds(), " ", Join(policy->mx, ","));
}

std::string Without(std::string_view key) {
  std::string out;
  for (const std::string_view line : Split(kPolicy, '\n')) {
    if (!line.starts_with(key)) CatTo(&out, line, "\n");
  }
  return out;
}

TEST(StsPolicy, MS01_ExactlyOneRecordAnnouncesAPolicy) {
  EXPECT_EQ(Id({"v=STSv1; id=20260101"}), "20260101");
  EXPECT_EQ(Id({"v=STSv1;id=a1;"}), "a1");
  EXPECT_EQ(Id({"v=STSv1 ; id=a1 ; more=x"}), "a1");
  EXPECT_EQ(Id({"v=spf1 -all", "v=STSv1; id=a1", "v=STSv10; id=b2", "v=STSv1"}), "a1");
  EXPECT_EQ(Id({"v=STSv1; id=a1", "v=STSv1; id=a1"}), "(none)");
  EXPECT_EQ(Id({"v=stsv1; id=a1"}), "(none)");
  EXPECT_EQ(Id({" v=STSv1; id=a1"}), "(none)");
  EXPECT_EQ(Id({}), "(none)");
}

TEST(StsPolicy, MS02_AnIdIs1To32LettersAndDigits) {
  EXPECT_EQ(Id({Cat("v=STSv1; id=", std::string(32, 'x'))}), std::string(32, 'x'));
  EXPECT_EQ(Id({Cat("v=STSv1; id=", std::string(33, 'x'))}), "(none)");
  for (const char* wrong : {"v=STSv1; id=", "v=STSv1; id=a-1", "v=STSv1; id=a b", "v=STSv1; ",
                            "v=STSv1; ID=a1", "v=STSv1; id=a1; id=a2"}) {
    EXPECT_EQ(Id({wrong}), "(none)") << wrong;
  }
}

TEST(StsPolicy, MS05_APolicyIsRead) {
  EXPECT_EQ(Show(kPolicy), "enforce 604800 mail.example,*.backup.example");
  EXPECT_EQ(Show("version:STSv1\nmode:testing\nmax_age:1\nmx:a.b"), "testing 1 a.b");
  EXPECT_EQ(Show("version: STSv1\nmode: none\nmax_age: 0\n"), "none 0 ");
}

TEST(StsPolicy, MS05_WhatIsNeededIsNeeded) {
  for (const char* key : {"version", "mode", "mx", "max_age"}) {
    EXPECT_EQ(Show(Without(key)), "(wrong)") << key;
  }
  EXPECT_EQ(Show(""), "(wrong)");
}

TEST(StsPolicy, MS05_UnknownKeysAreIgnored) {
  EXPECT_EQ(Show(Cat("more: x\r\nMX: c.d\r\n", kPolicy)), Show(kPolicy));
}

TEST(StsPolicy, MS05_ARepeatedKeyCountsTheFirstTime) {
  EXPECT_EQ(Show(Cat(kPolicy, "mode: none\r\nmax_age: 5\r\nversion: STSv2\r\n")), Show(kPolicy));
}

TEST(StsPolicy, MS05_MaxAgeIsANumberAndHasALimit) {
  const std::string rest = "version: STSv1\nmode: none\nmax_age: ";
  EXPECT_EQ(Show(Cat(rest, "9999999999")), "none 31557600 ");
  for (const char* wrong : {"", "-1", "1.5", "one", "99999999999"}) {
    EXPECT_EQ(Show(Cat(rest, wrong)), "(wrong)") << wrong;
  }
}

TEST(StsPolicy, MS05_WhatIsNoPolicyIsAnError) {
  EXPECT_EQ(Show("<html>"), "(wrong)");
  EXPECT_EQ(Show(Cat(kPolicy, "a line\r\n")), "(wrong)");
  for (const char* mx : {"*", "*.", "a.*.b", "**.a", "a b", "*a.example"}) {
    EXPECT_EQ(Show(Cat(kPolicy, "mx: ", mx, "\n")), "(wrong)") << mx;
  }
  EXPECT_EQ(Show(Cat(kPolicy, std::string(kPolicyBytesMax, '\n'))), "(wrong)");
}

TEST(StsPolicy, MS07_AStarIsExactlyOneLabel) {
  const Policy policy = *ParsePolicy(kPolicy);
  for (const char* host : {"mail.example", "MAIL.example.", "a.backup.example"}) {
    EXPECT_TRUE(Covers(policy, host)) << host;
  }
  for (const char* host : {"backup.example", "a.b.backup.example", "x.mail.example",
                           "mail.example.x", ".backup.example", "example", ""}) {
    EXPECT_FALSE(Covers(policy, host)) << host;
  }
}

}  // namespace
}  // namespace convoy::sts
