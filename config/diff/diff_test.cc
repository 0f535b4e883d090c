#include "config/diff/diff.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/testing/corpus.h"

namespace convoy::config {
namespace {

FileAccess Files(const std::string& text) {
  FileAccess access;
  access.read = [text](const std::string&) { return text; };
  access.glob = [](const std::string&) { return std::vector<std::string>(); };
  access.environment = [](const std::string& name) -> std::optional<std::string> {
    return Cat("secret of ", name);
  };
  return access;
}

std::vector<Change> Changes(const std::string& before, const std::string& after) {
  const Survey was = SurveyConfig("OLD", Files(before));
  const Survey is = SurveyConfig("NEW", Files(after));
  EXPECT_NE(was.config, nullptr);
  EXPECT_NE(is.config, nullptr);
  if (was.config == nullptr || is.config == nullptr) return {};
  return DiffConfigs(was, is);
}

std::string Diff(const std::string& before, const std::string& after) {
  return DiffReport(Changes(before, after), false);
}

TEST(Diff, WhatMeansTheSameIsNoDifference) {
  EXPECT_EQ(Diff("<domain *>\nretry-after 60m\nmax-smtp-out 20\n</domain>\nsync-msg-create no\n",
                 "# moved\ntotal-max-smtp-out 1200\n<domain *>\nretry-after 1h\n</domain>\n"),
            "no difference\n");
}

TEST(Diff, AQueueIsComparedByItsPolicy) {
  EXPECT_EQ(Diff("<domain hotmail.com>\nmax-smtp-out 20\nretry-interval 5m\n</domain>\n",
                 "<domain [*.]hotmail.com>\nmax-smtp-out 5\n</domain>\n"
                 "<domain hotmail.com>\nretry-interval 5m\n</domain>\n"),
            "[*.]hotmail.com/*: max-smtp-out 20 -> 5 (NEW:2)\n"
            "1 difference\n");
}

TEST(Diff, AGeneralChangeIsToldOnce) {
  const std::string rest =
      "<domain a.example>\nretry-after 1h\n</domain>\n<domain b.example>\nmax-smtp-out 3\n"
      "</domain>\n<virtual-mta v>\n<domain c.example>\nretry-after 2h\n</domain>\n</virtual-mta>\n";
  EXPECT_EQ(Diff(Cat("<domain *>\nmax-smtp-out 7\n</domain>\n", rest),
                 Cat("<domain *>\nmax-smtp-out 8\n</domain>\n", rest)),
            "*/*: max-smtp-out 7 -> 8 (NEW:2)\n1 difference\n");
}

TEST(Diff, DomainsOfAMacroAreOneLine) {
  std::string macro = "domain-macro big d0.example";
  for (int i = 1; i < 1000; ++i) CatTo(&macro, ",d", i, ".example");
  macro += "\n";
  const std::string own = "<domain d1.example>\nmax-smtp-out 9\n</domain>\n";
  EXPECT_EQ(Diff(Cat(macro, "<domain $big>\nmax-smtp-out 2\nmax-msg-rate 10/h\n</domain>\n", own),
                 Cat(macro, "<domain $big>\nmax-smtp-out 3\n</domain>\n", own)),
            "$big (999 of 1000 domains)/*: max-smtp-out 2 -> 3 (NEW:3)\n"
            "$big (1000 domains)/*: max-msg-rate 10/h -> unlimited (OLD:4)\n"
            "2 differences\n");
  const auto changes = Changes("domain-macro m a.example,b.example,c.example\n",
                               "domain-macro m a.example,b.example,c.example\n"
                               "<domain $m>\nmax-smtp-out 3\n</domain>\n");
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].domains, (std::vector<std::string>{"a.example", "b.example", "c.example"}));
}

TEST(Diff, ADomainThatJoinsAMacroChanges) {
  const std::string rest = "<domain $m>\nmax-smtp-out 3\n</domain>\n";
  EXPECT_EQ(Diff(Cat("domain-macro m a.example\n", rest),
                 Cat("domain-macro m a.example,b.example\n", rest)),
            "b.example/*: max-smtp-out 20 -> 3 (NEW:3)\n1 difference\n");
}

TEST(Diff, VirtualMtasAndTheirQueues) {
  EXPECT_EQ(Diff("<virtual-mta v1>\nsmtp-source-host 192.0.2.1 a.example\n</virtual-mta>\n"
                 "<virtual-mta v3>\n</virtual-mta>\n",
                 "<virtual-mta v1>\nsmtp-source-host 192.0.2.2 a.example\nmax-smtp-out 9\n"
                 "<domain *>\ndkim-sign yes\n</domain>\n</virtual-mta>\n"
                 "<virtual-mta v4>\n<domain *>\nmax-smtp-out 1\n</domain>\n</virtual-mta>\n"),
            "virtual-mta v1: max-smtp-out unlimited -> 9 (NEW:3)\n"
            "virtual-mta v1: smtp-source-host 192.0.2.2 a.example added (NEW:2)\n"
            "virtual-mta v1: smtp-source-host 192.0.2.1 a.example removed (OLD:2)\n"
            "virtual-mta v3: removed (OLD:4); its mail bounces with 5.3.5 when it is due\n"
            "virtual-mta v4: added (NEW:8)\n"
            "*/v1: dkim-sign no -> yes (NEW:5)\n"
            "6 differences\n");
}

TEST(Diff, WhatWaitsForARestartIsMarked) {
  EXPECT_EQ(Diff("smtp-listener 127.0.0.1:25\n<acct-file a.csv>\nmax-size 1m\n</acct-file>\n",
                 "smtp-listener 127.0.0.1:26\nname-server 127.0.0.1\nhost-name a.example\n"
                 "<acct-file a.csv>\nmax-size 2m\nmove-to b\n</acct-file>\n"
                 "<acct-file c.csv>\n</acct-file>\n"),
            "acct-file a.csv: max-size 1m -> 2m (NEW:5); takes effect at restart\n"
            "acct-file a.csv: move-to - -> b (NEW:6); not yet: finished files stay where they are\n"
            "acct-file c.csv: added (NEW:8); takes effect at restart\n"
            "top level: host-name a.example added (NEW:3)\n"
            "top level: name-server 127.0.0.1 added (NEW:2); takes effect at restart\n"
            "top level: smtp-listener 127.0.0.1:26 added (NEW:1); takes effect at restart\n"
            "top level: smtp-listener 127.0.0.1:25 removed (OLD:1); takes effect at restart\n"
            "7 differences, 5 at restart only\n");
}

TEST(Diff, SecretsAreNeverShown) {
  const std::string before =
      "<domain a>\nauth-username u\nauth-password env:ONE\n</domain>\n"
      "<domain b>\noutbound-auth x:hunter2\n</domain>\n<smtp-user u>\npassword hunter3\n"
      "</smtp-user>\n";
  const std::string after =
      "<domain a>\nauth-username u\nauth-password env:TWO\n</domain>\n"
      "<domain b>\n</domain>\n<domain c>\noutbound-auth y:hunter4\n</domain>\n<smtp-user u>\n"
      "password hunter5\n</smtp-user>\n";
  EXPECT_EQ(Diff(before, before), "no difference\n");
  const std::string text = Diff(before, after);
  EXPECT_NE(text.find("a/*: auth-password changed (NEW:3)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("b/*: outbound-auth removed (OLD:6)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("c/*: outbound-auth set (NEW:8)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("smtp-user u: password changed (NEW:11)"), std::string::npos) << text;
  for (const std::string& all : {text, DiffReport(Changes(before, after), true)}) {
    EXPECT_EQ(all.find("hunter"), std::string::npos) << all;
    EXPECT_EQ(all.find("secret of"), std::string::npos) << all;
  }
}

TEST(Diff, ListsAreComparedLineByLineAndInOrder) {
  const std::string a = "reply /a/ mode=backoff\n";
  const std::string b = "reply /b/ skip-mx\n";
  const auto list = [](const std::string& lines) {
    return Cat("<smtp-pattern-list x>\n", lines, "</smtp-pattern-list>\n");
  };
  EXPECT_NE(Diff(list(a + b), list(b + a)).find("smtp-pattern-list x: order of the lines changed"),
            std::string::npos)
      << Diff(list(a + b), list(b + a));
  EXPECT_NE(Diff(list(a), list(a + b)).find("smtp-pattern-list x: reply /b/ skip-mx added (NEW:3)"),
            std::string::npos)
      << Diff(list(a), list(a + b));
  EXPECT_EQ(Diff(list(a + b), list(a + b)), "no difference\n");
}

TEST(Diff, TheOrderOfNamesCounts) {
  EXPECT_EQ(Diff("host-name a.example\nhost-name b.example\n",
                 "host-name b.example\nhost-name a.example\n"),
            "top level: order of host-name changed (NEW:1)\n1 difference\n");
}

TEST(Diff, BackoffLinesAndListsOfFilesAddUp) {
  EXPECT_EQ(Diff("<domain *>\n421 a *, 1h, 5, 10\nsuppress-file x\n</domain>\n",
                 "<domain *>\n421 a *, 1h, 6, 10\nsuppress-file x\nsuppress-file y\n</domain>\n"),
            "*/*: backoff lines 421 a *, 1h, 5, 10 -> 421 a *, 1h, 6, 10 (NEW:2)\n"
            "*/*: suppress-file x -> x, y (NEW:4)\n"
            "2 differences\n");
}

TEST(Diff, KeysOfMacrosAreComparedOneByOne) {
  EXPECT_EQ(Diff("domain-macro m a.example\ndomain-key k,$m,f\n",
                 "domain-macro m a.example,b.example\ndomain-key k,$m,f\n"),
            "top level: domain-key k,b.example,f added (NEW:2)\n1 difference\n");
}

TEST(Diff, Json) {
  const auto json = nlohmann::json::parse(DiffReport(
      Changes("", "<domain a>\nmax-smtp-out 5\n</domain>\nsmtp-listener 127.0.0.1:25\n"), true));
  EXPECT_EQ(json["differences"], 2);
  EXPECT_EQ(json["changes"][0]["kind"], "added");
  EXPECT_EQ(json["changes"][0]["at_restart"], true);
  EXPECT_EQ(json["changes"][1]["subject"], "a/*");
  EXPECT_EQ(json["changes"][1]["before"], "20");
  EXPECT_EQ(json["changes"][1]["after"], "5");
  EXPECT_EQ(json["changes"][1]["line"], 2);
  EXPECT_EQ(json["changes"][1]["domains"], nlohmann::json::array({"a"}));
}

// Each configuration against itself, and against each other: it ends, is the mirror image in
// number, and shows no secret.
TEST(Diff, EachPairOfTheCorpus) {
  std::vector<Survey> all;
  for (const std::string& name : CorpusNames()) {
    Survey survey = SurveyConfig(Cat(name, ".conf"), CorpusAccess());
    if (survey.config != nullptr) all.push_back(std::move(survey));
  }
  ASSERT_GE(all.size(), 15u);
  for (const Survey& one : all) {
    EXPECT_TRUE(DiffConfigs(one, one).empty()) << DiffReport(DiffConfigs(one, one), false);
    const auto there = DiffConfigs(all.front(), one);
    const std::string report = DiffReport(there, false);
    EXPECT_EQ(there.empty(), DiffConfigs(one, all.front()).empty());
    EXPECT_EQ(report.find("from-the-environment"), std::string::npos) << report;
    EXPECT_EQ(report.find("s3cret"), std::string::npos) << report;
  }
}

}  // namespace
}  // namespace convoy::config
