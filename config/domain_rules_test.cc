#include "config/domain_rules.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace convoy::config {
namespace {

SectionPtr Named(const std::string& name) {
  auto section = std::make_shared<Section>();
  section->argument = name;
  return section;
}

std::string Matching(const DomainRules& rules, std::string_view domain) {
  std::vector<const Section*> found;
  rules.Match(domain, &found);
  std::string names;
  for (const Section* section : found) {
    CatTo(&names, names.empty() ? "" : " ", section->argument);
  }
  return names;
}

TEST(DomainPattern, Kinds) {
  using Kind = DomainPattern::Kind;
  const auto kind = [](std::string_view text) { return ParseDomainPattern(text)->kind; };
  EXPECT_EQ(kind("*"), Kind::kAny);
  EXPECT_EQ(kind("[*.]example.com"), Kind::kUnderOrEqual);
  EXPECT_EQ(kind("*.example.com"), Kind::kUnder);
  EXPECT_EQ(kind("example.com"), Kind::kExact);
  EXPECT_EQ(kind("{bounce}"), Kind::kExact);
  EXPECT_EQ(kind("[1.2.3.4/24]"), Kind::kRange);
  EXPECT_EQ(ParseDomainPattern("EXAMPLE.com.")->name, "example.com");
  EXPECT_EQ(ParseDomainPattern("[1.2.3.4/24]")->range.ToString(), "1.2.3.0/24");
  for (const char* bad : {"", "*.", "[*.]", "a*", "*a", "**", "[x]", "[1.2.3.4", "a@b", "a/b"}) {
    EXPECT_FALSE(ParseDomainPattern(bad).ok()) << bad;
  }
}

TEST(DomainRules, GeneralBeforeSpecificWhateverTheOrderOfTheFile) {
  DomainRules rules;
  for (const char* pattern : {"a.b.example", "*.b.example", "*.example", "[*.]b.example",
                              "[*.]example", "*", "[*.]a.b.example"}) {
    rules.Add(*ParseDomainPattern(pattern), Named(pattern));
  }
  EXPECT_EQ(Matching(rules, "a.b.example"),
            "* [*.]example [*.]b.example [*.]a.b.example *.example *.b.example a.b.example");
  EXPECT_EQ(Matching(rules, "b.example"), "* [*.]example [*.]b.example *.example");
  EXPECT_EQ(Matching(rules, "other"), "*");
  EXPECT_EQ(Matching(rules, "xb.example"), "* [*.]example *.example");
}

TEST(DomainRules, WrittenOutBeatsMacro) {
  DomainRules rules;
  rules.Add(*ParseDomainPattern("a.example"), Named("literal"));
  auto set = std::make_shared<DomainSet>();
  set->Add(*ParseDomainPattern("a.example"));
  set->Add(*ParseDomainPattern("*.b.example"));
  set->Add(*ParseDomainPattern("[10/8]"));
  rules.Add(set, Named("macro"));
  EXPECT_EQ(Matching(rules, "a.example"), "macro literal");
  EXPECT_EQ(Matching(rules, "x.b.example"), "macro");
  EXPECT_EQ(Matching(rules, "[10.1.2.3]"), "macro");
}

TEST(DomainRules, NarrowerRangesAreLater) {
  DomainRules rules;
  for (const char* pattern : {"[192.0.2.7]", "[0/0]", "[192.0.2.0/24]", "[::/0]"}) {
    rules.Add(*ParseDomainPattern(pattern), Named(pattern));
  }
  EXPECT_EQ(Matching(rules, "[192.0.2.7]"), "[0/0] [192.0.2.0/24] [192.0.2.7]");
  EXPECT_EQ(Matching(rules, "[198.51.100.1]"), "[0/0]");
  EXPECT_EQ(Matching(rules, "[ipv6:2001:db8::1]"), "[::/0]");
  EXPECT_EQ(Matching(rules, "192.0.2.7"), "") << "no literal";
}

}  // namespace
}  // namespace convoy::config
