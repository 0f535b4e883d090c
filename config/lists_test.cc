// What the lists of a configuration mean once they are typed values.
#include "config/lists.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "config/load.h"

namespace convoy::config {
namespace {

std::shared_ptr<const Config> Load(const std::string& text) {
  FileAccess access;
  access.read = [&](const std::string&) { return text; };
  access.glob = [](const std::string&) { return std::vector<std::string>(); };
  const LoadResult result = LoadConfig("c.conf", access);
  EXPECT_NE(result.config, nullptr) << CheckReport(result, false);
  return result.config;
}

TEST(Lists, ReplyRules) {
  const auto config = Load(
      "<smtp-pattern-list Gmail-errors>\n"
      "reply /421 4\\.7\\.0/ MODE=backoff, backoff-to-normal-after = 30m\n"
      "reply /your ip/ mode=backoff,disable-source-ip,reenable-after=7m\n"
      "reply /welcome/ mode=normal\n"
      "reply // skip-mx,bounce-rcpt\n"
      "</smtp-pattern-list>\n"
      "<domain *>\nsmtp-pattern-list GMAIL-ERRORS\n</domain>\n");
  const SmtpPatternList* list =
      config->FindSmtpPatternList(config->PolicyFor("x.example", "").smtp_pattern_list);
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->rules.size(), 4u);
  EXPECT_EQ(list->rules[0].mode, ReplyRule::Mode::kBackoff);
  EXPECT_EQ(list->rules[0].backoff_to_normal_after, Minutes(30));
  EXPECT_TRUE(list->rules[0].pattern->Matches("421 4.7.0 Try again"));
  EXPECT_FALSE(list->rules[0].disable_source_ip);
  EXPECT_TRUE(list->rules[1].disable_source_ip);
  EXPECT_EQ(list->rules[1].reenable_after, Minutes(7));
  EXPECT_EQ(list->rules[2].mode, ReplyRule::Mode::kNormal);
  EXPECT_EQ(list->rules[3].mode, ReplyRule::Mode::kKeep);
  EXPECT_TRUE(list->rules[3].skip_mx);
  EXPECT_TRUE(list->rules[3].bounce_rcpt);
  EXPECT_TRUE(list->rules[3].pattern->Matches(""));
}

TEST(Lists, BounceCategoriesAndRollupsKeepTheirOrder) {
  const auto config = Load(
      "<bounce-category-patterns>\n/spam/ spam-related\n/^2.\\d.\\d/ success\n// other\n"
      "</bounce-category-patterns>\n"
      "<mx-rollup-list>\nmx *.PPHosted.com Proofpoint.rollup rollup-by-ip\n"
      "mx mx1.example.com e.rollup\n</mx-rollup-list>\n");
  const Lists& lists = config->lists();
  ASSERT_EQ(lists.bounce_categories.size(), 3u);
  EXPECT_EQ(lists.bounce_categories[1].category, "success");
  EXPECT_TRUE(lists.bounce_categories[1].pattern->Matches("2.0.0;ok"));
  EXPECT_EQ(lists.bounce_categories[2].category, "other");
  ASSERT_EQ(lists.mx_rollups.size(), 2u);
  EXPECT_EQ(lists.mx_rollups[0].pattern, "*.pphosted.com");
  EXPECT_EQ(lists.mx_rollups[0].name, "proofpoint.rollup");
  EXPECT_TRUE(lists.mx_rollups[0].by_ip);
  EXPECT_FALSE(lists.mx_rollups[1].by_ip);
}

TEST(Lists, PatternListsNest) {
  const auto config = Load(
      "<virtual-mta v1>\n</virtual-mta>\n"
      "<pattern-list main>\n"
      "header X-Stream: /news/ virtual-mta=v1,recipient-priority=30\n"
      "rcpt-to /@a/ <pattern-list>\n* recipient-priority=0\n</pattern-list>\n"
      "mail-from /^b/\n<pattern-list>\nrcpt-to /c/ call-to: Other\n</pattern-list>\n"
      "</pattern-list>\n<pattern-list other>\n</pattern-list>\n");
  const std::vector<PatternRule>& rules = config->lists().pattern_lists[0].rules;
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[0].subject, PatternRule::Subject::kHeader);
  EXPECT_EQ(rules[0].header, "x-stream");
  EXPECT_EQ(rules[0].virtual_mta, "v1");
  EXPECT_EQ(rules[0].recipient_priority, 30);
  ASSERT_EQ(rules[1].nested.size(), 1u);
  EXPECT_EQ(rules[1].nested[0].subject, PatternRule::Subject::kAny);
  EXPECT_EQ(rules[1].nested[0].recipient_priority, 0);
  ASSERT_EQ(rules[2].nested.size(), 1u);
  EXPECT_EQ(rules[2].nested[0].call_to, "other");
}

TEST(Lists, AddressesRewritesUsersAndTheRest) {
  const auto config = Load(
      "domain-macro isp a.example,b.example\n"
      "<address-list never>\naddress x@example.com\naddress /^abuse@/\naddress-file f.txt\n"
      "domain $isp,*.c.example\n</address-list>\n"
      "<rewrite-list r>\nmail-from a@x b@y\nrcpt-to c@x d@y\nfrom-domain x y\n</rewrite-list>\n"
      "<smtp-user u>\npassword s3cret\nauthentication-method certificate\nsource {auth}\n"
      "</smtp-user>\n"
      "<source-group g>\nmax-smtp-in 5\nreserved-smtp-in unlimited\n</source-group>\n"
      "<proxy p>\nserver h:1\nclient 192.0.2.1 a\nclient [::1]:25 b\nprotocol-version 2\n</proxy>\n"
      "<spool /s>\npriority 7\nmin-free-space 1g\ndeliver-only yes\n</spool>\n"
      "<dns>\nprecached-max-domains 9\nprecached-refresh-interval 1h\n</dns>\n"
      "<smtp-listener 127.0.0.1:2525>\n</smtp-listener>\n");
  const Lists& lists = config->lists();
  EXPECT_EQ(lists.address_lists[0].addresses, std::vector<std::string>{"x@example.com"});
  EXPECT_TRUE(lists.address_lists[0].patterns[0]->Matches("abuse@example.com"));
  EXPECT_EQ(lists.address_lists[0].files, std::vector<std::string>{"f.txt"});
  EXPECT_EQ(lists.address_lists[0].domains,
            (std::vector<std::string>{"a.example", "b.example", "*.c.example"}));
  ASSERT_EQ(lists.rewrite_lists[0].rules.size(), 3u);
  EXPECT_EQ(lists.rewrite_lists[0].rules[1].subject, RewriteRule::Subject::kRcptTo);
  EXPECT_EQ(lists.rewrite_lists[0].rules[2].to, "y");
  EXPECT_EQ(lists.smtp_users[0].password, "s3cret");
  EXPECT_EQ(lists.smtp_users[0].method, SmtpUser::Method::kCertificate);
  EXPECT_EQ(lists.source_groups[0].max_smtp_in, 5);
  EXPECT_EQ(lists.source_groups[0].reserved_smtp_in, 0);
  EXPECT_EQ(lists.proxies[0].clients[0].address.port, 0);
  EXPECT_EQ(lists.proxies[0].clients[1].address.port, 25);
  EXPECT_EQ(lists.proxies[0].protocol_version, 2);
  EXPECT_EQ(lists.spools[0].priority, 7);
  EXPECT_TRUE(lists.spools[0].deliver_only);
  EXPECT_EQ(lists.dns.precached_max_domains, 9);
  EXPECT_EQ(lists.dns.precached_refresh_interval, Hours(1));
  ASSERT_EQ(config->smtp_listeners().size(), 1u);
  EXPECT_EQ(config->smtp_listeners()[0].port, 2525);
}

}  // namespace
}  // namespace convoy::config
