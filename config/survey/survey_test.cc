#include "config/survey/survey.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace convoy::config {
namespace {

Survey Of(const std::string& text) {
  FileAccess access;
  access.read = [text](const std::string&) { return text; };
  access.glob = [](const std::string&) { return std::vector<std::string>(); };
  return SurveyConfig("f", access);
}

TEST(Survey, ProbesStandForEveryCombinationOfSections) {
  const Survey survey =
      Of("domain-macro isp a.example,[*.]b.example\n<domain $isp>\n</domain>\n"
         "<domain *.c.example>\n</domain>\n<domain [192.0.2.7/24]>\n</domain>\n"
         "<virtual-mta v1>\n<domain D.example>\nmax-smtp-out 2\n</domain>\n</virtual-mta>\n"
         "<virtual-mta v2>\n</virtual-mta>\n"
         "<virtual-mta-pool p>\nvirtual-mta v2\n<domain *>\n</domain>\n</virtual-mta-pool>\n");
  ASSERT_NE(survey.config, nullptr);
  EXPECT_EQ(survey.probes,
            (std::vector<std::string>{"*", "*.b.example", "*.c.example", "[192.0.2.0]", "a.example",
                                      "b.example", "d.example"}));
  EXPECT_EQ(survey.vmtas, (std::vector<std::string>{"", "v1", "v2"}));
  EXPECT_EQ(survey.config->PathFor("*", "").global.size(), 0u);
  EXPECT_EQ(survey.config->PathFor("*.c.example", "").global.size(), 1u);
  EXPECT_EQ(survey.config->PathFor("[192.0.2.0]", "").global.size(), 1u);
  EXPECT_EQ(survey.config->PathFor("d.example", "v1").vmta.size(), 1u);
}

TEST(Survey, WhatHoldsIsTheLastButForWhatAddsUp) {
  const Survey survey =
      Of("<domain *>\nmax-smtp-out 1\nsuppress-file a\n</domain>\n"
         "<domain x>\nmax-smtp-out 2\nsuppress-file b\nsuppress-file c\n</domain>\n"
         "<virtual-mta v>\n<domain x>\nsuppress-file d\n</domain>\n</virtual-mta>\n");
  ASSERT_NE(survey.config, nullptr);
  Holdings global = HoldingsOf(survey.config->PathFor("x", ""));
  ASSERT_EQ(global["max-smtp-out"].size(), 1u);
  EXPECT_EQ(global["max-smtp-out"][0].setting->first(), "2");
  EXPECT_EQ(global["max-smtp-out"][0].section->argument, "x");
  EXPECT_EQ(global["suppress-file"].size(), 3u);
  Holdings inner = HoldingsOf(survey.config->PathFor("x", "v"));
  ASSERT_EQ(inner["suppress-file"].size(), 1u) << "an inner scope replaces a list as a whole";
  EXPECT_EQ(inner["max-smtp-out"][0].setting->first(), "2");
}

TEST(Survey, EqualMeaningsAreEqualTexts) {
  const auto meaning = [](std::string_view name, std::string_view value) {
    Setting setting;
    setting.row = FindDirective(name, kDomain);
    for (const std::string_view word : Split(value, ' ')) {
      setting.words.emplace_back().text = word;
    }
    return Meaning(*setting.row, setting);
  };
  EXPECT_EQ(meaning("bounce-after", "1d"), meaning("bounce-after", "24h"));
  EXPECT_EQ(meaning("retry-after", "10m, 1h"), meaning("retry-after", "600,60m"));
  EXPECT_EQ(meaning("max-msg-rate", "60/h"), meaning("max-msg-rate", "60/60m"));
  EXPECT_NE(meaning("max-msg-rate", "60/h"), meaning("max-msg-rate", "1/m"));
  EXPECT_EQ(meaning("dkim-sign", "TRUE"), meaning("dkim-sign", "yes"));
  EXPECT_EQ(meaning("max-smtp-out", "020"),
            DefaultMeaning(*FindDirective("max-smtp-out", kDomain)));
}

}  // namespace
}  // namespace convoy::config
