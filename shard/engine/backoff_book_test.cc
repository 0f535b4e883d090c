// Backoff mode of an engine's queue: over restarts and reloads, and by an operator's wish.
#include "shard/engine/backoff_book.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "shard/engine/engine_fixture.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kKey = "backoff/x.test/v";

class BackoffBookTest : public EngineFixture {
 protected:
  // `421 RP-001 *, 1h, 5, HOUR`
  void SetLine(int64_t hour) {
    auto rule = std::make_shared<ReplyRule>();
    rule->pattern = BackoffPattern::Make("421 RP-001 *").value();
    rule->backoff = {
        .to_normal_after = Hours(1), .max_smtp_out = 5, .max_msg_rate = Rate{hour, Hours(1)}};
    auto policy = std::make_shared<DeliveryPolicy>(*policies_.policy);
    policy->backoff.rules = {std::move(rule)};
    policies_.policy = std::move(policy);
  }
  void Begin() {
    SetLine(2);
    StartEngine();
    host_.says["."] = "421 RP-001 slow down";
    Send("first@x.test");
    Run();
    host_.says.clear();
    host_.dots = 0;
  }
  void Restart(Duration down = {}) {
    engine_.reset();
    loop_.RunFor(down);
    Start();
    StartEngine();
    ASSERT_TRUE(engine_->Recover().ok());
  }
  QueueReport Shown() {
    const std::vector<QueueReport> rows = engine_->Report("x.test", "v");
    return rows.empty() ? QueueReport() : rows.front();
  }
  absl::StatusOr<uint64_t> SetMode(std::string_view domain, bool backoff) {
    absl::StatusOr<uint64_t> matched = absl::UnknownError("no answer");
    engine_->SetMode(PauseSelector::Make(domain, "*").value(), backoff,
                     [&](absl::StatusOr<uint64_t> done) { matched = std::move(done); });
    Run();
    return matched;
  }
  bool OnDisk() const {
    return disk_.tables[static_cast<size_t>(Cf::kState)].contains(std::string(kKey));
  }
};

TEST_F(BackoffBookTest, AReplyBeginsItAndTheNextAttemptsAreHeld) {
  Begin();
  EXPECT_EQ(Shown().mode, "backoff");
  EXPECT_EQ(Shown().backoff->reply, "421 RP-001 slow down");
  EXPECT_TRUE(OnDisk());
  for (const char* rcpt : {"a@x.test", "b@x.test", "c@x.test"}) Send(rcpt);
  Run();
  EXPECT_EQ(host_.dots, 1) << "two an hour, and the refused one was the first";
}

TEST_F(BackoffBookTest, ItsTimeEndsIt) {
  Begin();
  const WallTime until = Shown().backoff->until;
  loop_.RunFor(until - loop_.WallNow() - Seconds(1));
  EXPECT_EQ(Shown().mode, "backoff");
  loop_.RunFor(Seconds(2));
  EXPECT_EQ(Shown().mode, "normal");
  Run();
  EXPECT_FALSE(OnDisk());
}

TEST_F(BackoffBookTest, SurvivesARestartWithItsEndAndItsRate) {
  Begin();
  const BackoffState before = *Shown().backoff;
  Restart(Minutes(10));
  EXPECT_EQ(Shown().mode, "backoff");
  EXPECT_EQ(Shown().backoff->until.unix_ms(), before.until.unix_ms());
  EXPECT_EQ(Shown().backoff->reply, before.reply);
  EXPECT_EQ(Shown().backoff->patterns, before.patterns);
  for (const char* rcpt : {"a@x.test", "b@x.test"}) Send(rcpt);
  loop_.RunFor(before.until - loop_.WallNow() - Seconds(1));
  EXPECT_EQ(host_.dots, 0) << "whatever was sent before counts as all of the hour's";
  loop_.RunFor(Seconds(20));
  EXPECT_EQ(Shown().mode, "normal");
  EXPECT_EQ(host_.dots, 3);
}

TEST_F(BackoffBookTest, WhatEndedWhileDownIsForgotten) {
  Begin();
  Restart(Hours(2));
  EXPECT_FALSE(OnDisk());
  EXPECT_EQ(Shown().mode, "normal");
}

TEST_F(BackoffBookTest, ADamagedEntryIsDropped) {
  Begin();
  disk_.tables[static_cast<size_t>(Cf::kState)][std::string(kKey)] = "\xff";
  Restart();
  EXPECT_FALSE(OnDisk());
  EXPECT_EQ(Shown().mode, "normal");
}

TEST_F(BackoffBookTest, AReloadKeepsTheModeAndChangesItsNumbers) {
  Begin();
  for (int i = 0; i < 6; ++i) Send(Cat("a", i, "@x.test"));
  Run();
  EXPECT_EQ(host_.dots, 1);
  const BackoffState before = *Shown().backoff;
  SetLine(5);
  engine_->PoliciesChanged({});
  Run();
  EXPECT_EQ(Shown().backoff, before);
  EXPECT_EQ(host_.dots, 4) << "five an hour now, and two of them were used";
}

TEST_F(BackoffBookTest, AnOperatorEndsItAtOnceAndForGood) {
  Begin();
  for (int i = 0; i < 6; ++i) Send(Cat("a", i, "@x.test"));
  Run();
  EXPECT_EQ(SetMode("x.test", false).value(), 1u);
  EXPECT_EQ(Shown().mode, "normal");
  EXPECT_EQ(host_.dots, 6) << "but the first, which waits for its own retry";
  EXPECT_FALSE(OnDisk());
  Restart();
  EXPECT_EQ(Shown().mode, "normal");
}

TEST_F(BackoffBookTest, AnOperatorBeginsItWithTheDirectivesNumbers) {
  policies_.policy->backoff.max_msg_rate = {1, Hours(1)};
  StartEngine();
  Send("a@x.test");
  Run();
  EXPECT_EQ(SetMode("other.test", true).value(), 0u);
  EXPECT_EQ(Shown().mode, "normal");
  EXPECT_EQ(SetMode("x.test", true).value(), 0u) << "no mail, but the mode is set";
  EXPECT_EQ(Shown().mode, "backoff");
  EXPECT_TRUE(Shown().backoff->by_operator);
  EXPECT_EQ(Shown().backoff->until, kWallMax);
  EXPECT_TRUE(OnDisk());
}

TEST_F(BackoffBookTest, AModeOfAQueueThatHasNoMailAfterARestartCanBeEnded) {
  StartEngine();
  Send("a@x.test");
  Run();
  ASSERT_TRUE(SetMode("x.test", true).ok());
  Restart();
  EXPECT_TRUE(engine_->Report("", "").empty()) << "the queue is not made before it has mail";
  ASSERT_TRUE(SetMode("x.test", false).ok());
  EXPECT_FALSE(OnDisk());
  Send("b@x.test");
  Run();
  EXPECT_EQ(Shown().mode, "normal");
}

TEST_F(BackoffBookTest, AQueueMadeLaterHasTheModeItHad) {
  StartEngine();
  Send("a@x.test");
  Run();
  ASSERT_TRUE(SetMode("x.test", true).ok());
  Restart();
  Send("b@x.test");
  Run();
  EXPECT_EQ(Shown().mode, "backoff");
}

}  // namespace
}  // namespace convoy::shard
