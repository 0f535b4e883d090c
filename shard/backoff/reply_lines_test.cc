#include "shard/backoff/reply_lines.h"

#include <gtest/gtest.h>

#include "shard/backoff/backoff_rules.h"

namespace convoy::shard {
namespace {

bool Matches(std::string_view pattern, const ReplyLines& reply) {
  const auto made = BackoffPattern::Make(pattern);
  EXPECT_TRUE(made.ok()) << made.status();
  return made.ok() && (*made)->Matches(reply);
}
ReplyLines Line(int code, const std::string& text, std::string_view enhanced = "") {
  return ReplyLines(code, enhanced, {text});
}

TEST(BackoffPattern, CodeAndTextMustMatch) {
  const ReplyLines reply = Line(421, "RP-001 (BAY004) Unfortunately, some messages weren't sent");
  EXPECT_TRUE(Matches("421 RP-001 *", reply));
  EXPECT_TRUE(Matches("421 *", reply));
  EXPECT_FALSE(Matches("451 RP-001 *", reply));
  EXPECT_FALSE(Matches("421 RP-002 *", reply));
  EXPECT_FALSE(Matches("421 RP-001 *", Line(421, "RP-0012 other")));
}

TEST(BackoffPattern, StarIsAnythingAnywhereAlsoNothing) {
  const ReplyLines reply = Line(421, "RP-001 slow down, please");
  EXPECT_TRUE(Matches("421 *slow*", reply));
  EXPECT_TRUE(Matches("421 RP-*1 *down*please*", reply));
  EXPECT_TRUE(Matches("421 **please", reply));
  EXPECT_FALSE(Matches("421 *slow", reply)) << "something follows";
  EXPECT_FALSE(Matches("421 slow *", reply)) << "something comes before";
  EXPECT_FALSE(Matches("421 *down*slow*", reply)) << "the order counts";
}

TEST(BackoffPattern, WithoutAStarTheWholeTextMustBeThere) {
  EXPECT_TRUE(Matches("421 Busy", Line(421, "Busy")));
  EXPECT_FALSE(Matches("421 Busy", Line(421, "Busy now")));
}

TEST(BackoffPattern, TheBlankBeforeAFinalStarMatchesTheEnd) {
  EXPECT_TRUE(Matches("421 RP-001 *", Line(421, "RP-001")));
  EXPECT_TRUE(Matches("421 RP-001 *", Line(421, "RP-001 ")));
  EXPECT_FALSE(Matches("421 RP-001 x*", Line(421, "RP-001")));
}

TEST(BackoffPattern, CaseAndRunsOfBlanksDoNotCount) {
  EXPECT_TRUE(Matches("421  rp-001\t*", Line(421, "Rp-001   slow")));
  EXPECT_TRUE(Matches("421 SLOW   DOWN", Line(421, " slow\tdown ")));
}

TEST(BackoffPattern, AnEnhancedCodeMayBeNamedOrLeftOut) {
  const ReplyLines reply = Line(421, "4.3.2 RP-001 system busy", "4.3.2");
  EXPECT_TRUE(Matches("421 4.3.2 *", reply));
  EXPECT_TRUE(Matches("421 RP-001 *", reply));
  EXPECT_FALSE(Matches("421 4.3.1 *", reply));
  EXPECT_FALSE(Matches("421 RP-001 *", Line(421, "5.3.2 RP-001 x"))) << "not an enhanced code";
}

TEST(BackoffPattern, EachLineOfAReplyAndTheirWhole) {
  const ReplyLines reply(421, "4.7.0", {"4.7.0 Too many", "4.7.0 RP-001 see our page"});
  EXPECT_TRUE(Matches("421 RP-001 *", reply)) << "the second line alone";
  EXPECT_TRUE(Matches("421 Too many", reply)) << "the first line alone";
  EXPECT_TRUE(Matches("421 Too many RP-001 *", reply)) << "both lines";
  EXPECT_TRUE(Matches("421 4.7.0 Too many RP-001 *", reply));
  EXPECT_EQ(reply.whole, "421 4.7.0 Too many RP-001 see our page");
}

TEST(BackoffPattern, AReplyWithoutTextMatchesOnlyStars) {
  EXPECT_TRUE(Matches("421 *", Line(421, "")));
  EXPECT_FALSE(Matches("421 x", Line(421, "")));
}

TEST(BackoffPattern, NeedsACodeAndAText) {
  for (const char* wrong : {"", "421", "421 ", "42 x", "4x1 x", "421-x y"}) {
    EXPECT_FALSE(BackoffPattern::Make(wrong).ok()) << wrong;
  }
  EXPECT_EQ(BackoffPattern::Make("42 x").status().message(),
            "'42 x' is no reply pattern: expected CODE TEXT, such as 421 RP-001 *");
}

TEST(BackoffPattern, ManyStarsOnALongReplyEndSoon) {
  std::string glob = "421 ";
  for (int i = 0; i < 100; ++i) glob += "*a";
  EXPECT_FALSE(Matches(glob + "b", Line(421, std::string(2000, 'a'))));
}

bool Finds(std::string_view regex, const ReplyLines& reply) {
  return RegexPattern(config::Regex::Compile(regex).value()).Matches(reply);
}

TEST(RegexPattern, IsSearchedInEachLineWithItsCode) {
  const ReplyLines reply(421, "4.7.0", {"4.7.0 Too many", "4.7.0  RP-001 see our page"});
  EXPECT_TRUE(Finds("^421 4\\.7\\.0 too many$", reply));
  EXPECT_TRUE(Finds("^421 4\\.7\\.0  rp-001", reply)) << "as it came, blanks and all";
  EXPECT_TRUE(Finds("many RP-001 see", reply)) << "over the end of a line";
  EXPECT_FALSE(Finds("^450", reply));
  EXPECT_EQ(RegexPattern(config::Regex::Compile("a b").value()).text(), "/a b/");
}

std::shared_ptr<const ReplyRule> Rule(std::string_view pattern, ReplyRule rule) {
  rule.pattern = BackoffPattern::Make(pattern).value();
  return std::make_shared<const ReplyRule>(std::move(rule));
}

TEST(ReplyRules, TheFirstThatMatchesDecides) {
  const ReplyRules rules = {Rule("421 RP-001 *", {.mode = ModeOrder::kBackoff}),
                            Rule("421 *", {.mode = ModeOrder::kNormal})};
  EXPECT_EQ(OrdersFor(rules, Line(421, "RP-001 x")).mode, rules[0].get());
  EXPECT_EQ(OrdersFor(rules, Line(421, "other")).mode, rules[1].get());
  EXPECT_EQ(OrdersFor(rules, Line(450, "RP-001 x")).mode, nullptr);
}

TEST(ReplyRules, OrdersThatDoNotContradictAddUp) {
  const ReplyRules rules = {Rule("421 *", {.mode = ModeOrder::kKeep, .bounce_rcpt = true}),
                            Rule("421 a*", {.mode = ModeOrder::kKeep, .defer_queue = true}),
                            Rule("421 ab", {.mode = ModeOrder::kBackoff})};
  const ReplyOrders all = OrdersFor(rules, Line(421, "ab"));
  EXPECT_EQ(all.bounce_rcpt, rules[0].get());
  EXPECT_EQ(all.defer_queue, rules[1].get());
  EXPECT_EQ(all.mode, rules[2].get());
  const ReplyOrders one = OrdersFor(rules, Line(421, "b"));
  EXPECT_EQ(one.bounce_rcpt, rules[0].get());
  EXPECT_EQ(one.defer_queue, nullptr);
  EXPECT_EQ(one.mode, nullptr);
}

TEST(ReplyRules, CodesThatNoRuleCanMatchAreKnown) {
  EXPECT_FALSE(AnyMayMatch({}, 421));
  EXPECT_FALSE(AnyMayMatch({Rule("421 *", {})}, 250));
  EXPECT_TRUE(AnyMayMatch({Rule("421 *", {})}, 421));
}

}  // namespace
}  // namespace convoy::shard
