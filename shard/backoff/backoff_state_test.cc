#include "shard/backoff/backoff_state.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace convoy::shard {
namespace {

constexpr WallTime kNow = FromUnixMillis(1'700'000'000'000);

std::shared_ptr<const ReplyRule> Rule(std::string_view pattern, BackoffOrder order) {
  ReplyRule rule;
  rule.pattern = BackoffPattern::Make(pattern).value();
  rule.backoff = order;
  return std::make_shared<const ReplyRule>(rule);
}

// `421 RP-001 *, 1h, 5, 1000`, a second line, and a rule that leaves its numbers to the directives.
BackoffSettings Settings() {
  BackoffSettings settings;
  settings.rules = {
      Rule("421 RP-001 *",
           {.to_normal_after = Hours(1), .max_smtp_out = 5, .max_msg_rate = Rate{1000, Hours(1)}}),
      Rule("421 RP-002 *", {.to_normal_after = Minutes(10),
                            .max_smtp_out = 7,
                            .max_msg_rate = Rate{10, Minutes(1)}}),
      Rule("450 *", {})};
  return settings;
}

BackoffState By(const BackoffSettings& settings, size_t rule, const BackoffState* before = nullptr,
                WallTime now = kNow) {
  return BackoffByReply(before, *settings.rules[rule], "421 said", settings, now);
}

TEST(BackoffState, ALineNamesTimeAndLimits) {
  const BackoffSettings settings = Settings();
  const BackoffState state = By(settings, 0);
  EXPECT_EQ(state.since, kNow);
  EXPECT_EQ(state.until, kNow + Hours(1));
  EXPECT_EQ(state.reply, "421 said");
  EXPECT_EQ(state.patterns, std::vector<std::string>{"421 RP-001 *"});
  EXPECT_FALSE(state.by_operator);
  EXPECT_EQ(LimitsOf(state, settings).max_smtp_out, 5u);
  EXPECT_EQ(LimitsOf(state, settings).max_msg_rate, (Rate{1000, Hours(1)}));
}

TEST(BackoffState, WithoutThemTheDirectivesHold) {
  BackoffSettings settings = Settings();
  EXPECT_EQ(By(settings, 2).until, kWallMax) << "never";
  EXPECT_EQ(LimitsOf(By(settings, 2), settings).max_smtp_out, 20u);
  EXPECT_TRUE(LimitsOf(By(settings, 2), settings).max_msg_rate.unlimited());
  settings.to_normal_after = Minutes(10);
  settings.max_smtp_out = 2;
  settings.max_msg_rate = {1, Minutes(1)};
  for (const BackoffState& state : {By(settings, 2), BackoffByOperator(nullptr, settings, kNow)}) {
    EXPECT_EQ(state.until, kNow + Minutes(10));
    EXPECT_EQ(LimitsOf(state, settings).max_smtp_out, 2u);
    EXPECT_EQ(LimitsOf(state, settings).max_msg_rate, (Rate{1, Minutes(1)}));
  }
}

TEST(BackoffState, AFurtherMatchExtendsFromItsOwnMoment) {
  const BackoffSettings settings = Settings();
  const BackoffState first = By(settings, 0);
  const BackoffState second = By(settings, 0, &first, kNow + Minutes(20));
  EXPECT_EQ(second.since, kNow);
  EXPECT_EQ(second.until, kNow + Minutes(80));
  EXPECT_EQ(second.patterns.size(), 1u) << "each pattern once";
}

TEST(BackoffState, AFurtherMatchNeverLoosens) {
  const BackoffSettings settings = Settings();
  for (const bool reversed : {false, true}) {
    const BackoffState first = By(settings, reversed ? 1 : 0);
    const BackoffState state = By(settings, reversed ? 0 : 1, &first);
    EXPECT_EQ(state.until, kNow + Hours(1));
    EXPECT_EQ(LimitsOf(state, settings).max_smtp_out, 5u);
    EXPECT_EQ(LimitsOf(state, settings).max_msg_rate, (Rate{10, Minutes(1)}))
        << "600/h is less than 1000/h";
  }
}

TEST(BackoffState, AnOperatorAddsWhatTheDirectivesSay) {
  BackoffSettings settings = Settings();
  settings.max_smtp_out = 3;
  const BackoffState first = By(settings, 0);
  const BackoffState state = BackoffByOperator(&first, settings, kNow + Minutes(1));
  EXPECT_TRUE(state.by_operator);
  EXPECT_EQ(state.reply, "421 said") << "stays known";
  EXPECT_EQ(state.until, kWallMax);
  EXPECT_EQ(LimitsOf(state, settings).max_smtp_out, 3u);
}

TEST(BackoffState, AReloadChangesTheNumbers) {
  const BackoffState state = By(Settings(), 0);
  BackoffSettings later = Settings();
  later.rules[0] = Rule("421 RP-001 *", {.max_smtp_out = 9, .max_msg_rate = Rate{7, Hours(1)}});
  EXPECT_EQ(LimitsOf(state, later).max_smtp_out, 9u);
  EXPECT_EQ(LimitsOf(state, later).max_msg_rate, (Rate{7, Hours(1)}));
  later.rules.erase(later.rules.begin());
  later.max_smtp_out = 4;
  EXPECT_EQ(LimitsOf(state, later).max_smtp_out, 4u) << "its line is gone: the directives";
}

TEST(BackoffState, PatternsAreBounded) {
  BackoffSettings settings;
  for (int i = 0; i < 20; ++i) settings.rules.push_back(Rule(Cat("421 p", i), {}));
  BackoffState state = By(settings, 0);
  for (size_t i = 1; i < 20; ++i) state = By(settings, i, &state);
  EXPECT_EQ(state.patterns.size(), BackoffState::kPatternsMax);
  EXPECT_EQ(state.patterns.back(), "421 p19") << "the latest";
  EXPECT_EQ(state.patterns.front(), "421 p4") << "the oldest are forgotten";
}

TEST(BackoffState, LimitsAreThoseOfNormalModeLowered) {
  BackoffSettings settings = Settings();
  settings.retry_after = {Hours(2), Hours(3)};
  QueuePolicy normal{.max_smtp_out = 3, .max_msg_rate = {100, Hours(1)}, .priority = 7};
  const QueuePolicyPtr policy = PolicyInBackoff(normal, settings, By(settings, 0));
  EXPECT_EQ(policy->max_smtp_out, 3u) << "never more than in normal mode";
  EXPECT_EQ(policy->max_msg_rate, normal.max_msg_rate);
  EXPECT_EQ(policy->backoff_msg_rate, (Rate{1000, Hours(1)}));
  EXPECT_EQ(policy->retry_after, settings.retry_after);
  EXPECT_EQ(policy->priority, 7u);
  normal.max_smtp_out = 50;
  EXPECT_EQ(PolicyInBackoff(normal, settings, By(settings, 0))->max_smtp_out, 5u);
}

TEST(BackoffState, LowerRate) {
  const Rate never{0, Hours(1)};
  const Rate slow{1, Hours(1)};
  EXPECT_EQ(LowerRate({}, slow), slow);
  EXPECT_EQ(LowerRate(slow, {}), slow);
  EXPECT_EQ(LowerRate(slow, {1, Minutes(1)}), slow);
  EXPECT_EQ(LowerRate(slow, never), never);
  EXPECT_TRUE(LowerRate({}, {}).unlimited());
}

}  // namespace
}  // namespace convoy::shard
