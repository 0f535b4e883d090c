#include "shard/deliver/verdict.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace convoy::shard {
namespace {

Answer Said(Phase phase, int code, std::string enhanced = "", std::string text = "") {
  Answer answer;
  answer.phase = phase;
  answer.code = code;
  answer.enhanced = std::move(enhanced);
  answer.text = std::move(text);
  return answer;
}

Answer Silent(Phase phase, Silence silence) {
  Answer answer;
  answer.phase = phase;
  answer.silence = silence;
  answer.text = "connection lost";
  return answer;
}

std::string Row(const Verdict& verdict) {
  return Cat(OutcomeName(verdict.outcome), ' ', ScopeName(verdict.scope), ' ', verdict.status);
}

TEST(Verdict, SM_07_ClassOfTheReplyDecides) {
  EXPECT_EQ(Row(Judge(Said(Phase::kDot, 250, "2.0.0"), {})), "delivered message 2.0.0");
  EXPECT_EQ(Row(Judge(Said(Phase::kRcpt, 450, "4.2.1"), {})), "deferred recipient 4.2.1");
  EXPECT_EQ(Row(Judge(Said(Phase::kRcpt, 550, "5.1.1"), {})), "bounced recipient 5.1.1");
  EXPECT_EQ(Row(Judge(Said(Phase::kMail, 550), {})), "bounced message 5.0.0");
  EXPECT_EQ(Row(Judge(Said(Phase::kData, 451), {})), "deferred message 4.0.0");
}

TEST(Verdict, SM_06_UnknownCodesActAsTheirClass) {
  EXPECT_EQ(Row(Judge(Said(Phase::kRcpt, 599), {})), "bounced recipient 5.0.0");
  EXPECT_EQ(Row(Judge(Said(Phase::kDot, 299), {})), "delivered message 2.0.0");
  EXPECT_EQ(Row(Judge(Said(Phase::kDot, 499), {})), "deferred message 4.0.0");
}

TEST(Verdict, SM_05_NoReplyIsOutOfPlaceForTheShard) {
  for (int phase = 0; phase <= static_cast<int>(Phase::kLocal); ++phase) {
    for (const int code : {1, 120, 199, 200, 250, 299, 300, 334, 354, 399, 600, 999}) {
      const Answer answer = Said(static_cast<Phase>(phase), code);
      if (answer.phase == Phase::kDot && code / 100 == 2) continue;
      const std::string_view scope = answer.phase == Phase::kDns    ? "queue"
                                     : answer.phase <= Phase::kAuth ? "host"
                                                                    : "session";
      const Verdict verdict = Judge(answer, {.bounce_on_4xx_status = true});
      EXPECT_EQ(Row(verdict), Cat("deferred ", scope, " 4.5.0"))
          << PhaseName(answer.phase) << ' ' << code;
      EXPECT_EQ(verdict.maybe_duplicate, answer.phase == Phase::kDot);
    }
  }
}

TEST(Verdict, SM_02_RefusedGreetingIsNotABounceUnlessConfigured) {
  EXPECT_EQ(Row(Judge(Said(Phase::kGreeting, 554), {})), "deferred host 4.0.0");
  EXPECT_EQ(Row(Judge(Said(Phase::kGreeting, 554), {.bounce_upon_5xx_greeting = true})),
            "bounced queue 5.0.0");
  Answer more_hosts = Said(Phase::kGreeting, 554);
  more_hosts.last_host = false;
  EXPECT_EQ(Row(Judge(more_hosts, {.bounce_upon_5xx_greeting = true})), "deferred host 4.0.0");
}

TEST(Verdict, SM_03_HostsAndDomainsThatTakeNoMail) {
  EXPECT_EQ(Row(Judge(Said(Phase::kRcpt, 556), {})), "bounced recipient 5.1.10");
  EXPECT_EQ(Row(Judge(Said(Phase::kGreeting, 521), {})), "deferred host 4.3.2");
}

TEST(Verdict, SM_12_TooManyRecipientsIsTemporary) {
  EXPECT_EQ(Row(Judge(Said(Phase::kRcpt, 552), {})), "deferred recipient 4.0.0");
  EXPECT_EQ(Row(Judge(Said(Phase::kRcpt, 552, "5.2.2"), {})), "bounced recipient 5.2.2");
}

TEST(Verdict, SM_15_SM_16_LostConnectionsAreRetried) {
  const Verdict before = Judge(Silent(Phase::kData, Silence::kLost), {});
  EXPECT_EQ(Row(before), "deferred session 4.4.2");
  EXPECT_FALSE(before.maybe_duplicate);
  const Verdict after = Judge(Silent(Phase::kDot, Silence::kTimeout), {});
  EXPECT_EQ(Row(after), "deferred session 4.4.2");
  EXPECT_TRUE(after.maybe_duplicate);
}

TEST(Verdict, SM_17_421EndsTheSessionNotTheMessage) {
  for (const Phase phase : {Phase::kMail, Phase::kRcpt, Phase::kData, Phase::kDot}) {
    const Verdict verdict = Judge(Said(phase, 421, "4.7.0"), {.bounce_on_4xx_status = true});
    EXPECT_EQ(Row(verdict), "deferred session 4.7.0") << PhaseName(phase);
    EXPECT_FALSE(verdict.maybe_duplicate);
  }
}

TEST(Verdict, BounceOn4xxStatusBouncesOnlyAnswersAboutTheMail) {
  const VerdictOptions options{.bounce_on_4xx_status = true};
  EXPECT_EQ(Row(Judge(Said(Phase::kRcpt, 450, "4.2.1"), options)), "bounced recipient 5.2.1");
  EXPECT_EQ(Row(Judge(Said(Phase::kHello, 450), options)), "deferred host 4.0.0");
  EXPECT_EQ(Row(Judge(Silent(Phase::kRcpt, Silence::kLost), options)), "deferred session 4.4.2");
}

TEST(Verdict, EN_02_ClassThatDisagreesIsIgnored) {
  EXPECT_EQ(Row(Judge(Said(Phase::kRcpt, 550, "4.1.1"), {})), "bounced recipient 5.0.0");
}

TEST(Verdict, BY_10_DiagnosticIsEscaped) {
  EXPECT_EQ(Judge(Said(Phase::kRcpt, 550, "5.1.1", "no\r\nuser\x1b[2J"), {}).diagnostic,
            "smtp;550 5.1.1 no\\x0d\\x0auser\\x1b[2J");
}

TEST(Verdict, ExpiryKeepsTheLastAnswer) {
  const Verdict expired = Expire(Judge(Said(Phase::kRcpt, 450, "4.2.1", "busy"), {}));
  EXPECT_EQ(Row(expired), "expired recipient 4.4.7");
  EXPECT_EQ(expired.diagnostic, "message expired; last answer: smtp;450 4.2.1 busy");
}

}  // namespace
}  // namespace convoy::shard
