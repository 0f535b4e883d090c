#include "bench/sink_rules.h"

#include <gtest/gtest.h>

namespace convoy::bench {
namespace {

TEST(SinkRules, FirstMatchWinsAndTimesAreCountedPerRecipient) {
  SinkRules rules;
  ASSERT_TRUE(rules.Add("dot *@later.test 451 4.3.0 not yet ;times=1").ok());
  ASSERT_TRUE(rules.Add("dot lost@* close").ok());
  EXPECT_EQ(rules.Decide(SinkPhase::kDot, "a@later.test").reply, "451 4.3.0 not yet");
  EXPECT_EQ(rules.Decide(SinkPhase::kDot, "a@later.test").kind, SinkAction::Kind::kDefault);
  EXPECT_EQ(rules.Decide(SinkPhase::kDot, "b@later.test").kind, SinkAction::Kind::kReply);
  EXPECT_EQ(rules.Decide(SinkPhase::kDot, "LOST@x.test").kind, SinkAction::Kind::kClose);
  EXPECT_EQ(rules.Decide(SinkPhase::kRcpt, "lost@x.test").kind, SinkAction::Kind::kDefault);
}

TEST(SinkRules, BadRulesAreNamed) {
  SinkRules rules;
  for (const char* bad : {"", "noon * close", "rcpt *", "rcpt * maybe", "dot * 250 ok ;times=x"}) {
    EXPECT_EQ(rules.Add(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(SinkRules, Globs) {
  EXPECT_TRUE(GlobMatches("*@a*.test", "x@abc.TEST"));
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_FALSE(GlobMatches("a*b", "abc"));
  EXPECT_FALSE(GlobMatches("", "a"));
}

}  // namespace
}  // namespace convoy::bench
