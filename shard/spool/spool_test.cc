#include "shard/spool/spool.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shard/spool/keys.h"
#include "shard/spool/message_cache.h"
#include "shard/spool/spool_fixture.h"

namespace convoy::shard {
namespace {

constexpr size_t kCost = MessageCache::kEntryBytes + 17;

class SpoolTest : public SpoolFixture {};

TEST_F(SpoolTest, AcceptedIsDurableAndItsContentInMemory) {
  const auto rows = Accept(Mail(1, "x.test", 2), {Event(EventType::kReceipt, "a@x.test")});
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[1].value.rcpt, "b@x.test");
  EXPECT_EQ((*rows)[1].key.id.rcpt, 1);
  EXPECT_EQ((*rows)[0].value.content_bytes, 17u);
  EXPECT_EQ(Rows("x.test").rows, *rows);
  EXPECT_NE(spool_->Cached(Id(1)), nullptr);
  EXPECT_EQ(spool_->rows(Queue("x.test")), 2);
  EXPECT_EQ(Outbox(), "r:a@x.test");
  ExpectSound();

  Start();
  EXPECT_EQ(Rows("x.test").rows, *rows);
  EXPECT_EQ(spool_->Cached(Id(1)), nullptr);
  EXPECT_EQ((*Load(1))->content.view(), "A: b\r\n\r\nmessage 1");
  EXPECT_EQ((*Load(1))->envelope.rows_at_first, 2u);
}

TEST_F(SpoolTest, DoneComesOnlyAfterTheSync) {
  Start({.latency = [] { return Milliseconds(5); }});
  Run();
  bool done = false;
  AcceptRequest request;
  request.messages.push_back(Mail(1, "x.test"));
  spool_->Accept(std::move(request), [&](auto) { done = true; });
  loop_.RunFor(Milliseconds(4));
  EXPECT_FALSE(done);
  loop_.RunFor(Milliseconds(20));
  EXPECT_TRUE(done);
}

TEST_F(SpoolTest, TheLastOutcomeDeletesTheMessage) {
  const auto rows = *Accept(Mail(1, "x.test", 3));
  EXPECT_TRUE(Finish(rows[0], {Event(EventType::kDelivery, "a@x.test")}).ok());
  ExpectSound();
  EXPECT_TRUE(Finish(rows[2], {Event(EventType::kBounce, "c@x.test")}).ok());
  EXPECT_EQ(ExpectSound().messages, 1u);
  EXPECT_TRUE(Finish(rows[1], {Event(EventType::kDelivery, "b@x.test")}).ok());
  EXPECT_EQ(ExpectSound().messages, 0u);
  EXPECT_EQ(DiskRows(Cf::kMessage), 0u);
  EXPECT_EQ(DiskRows(Cf::kQueue), 0u);
  EXPECT_EQ(Outbox(), "d:a@x.test b:c@x.test d:b@x.test");
  EXPECT_EQ(spool_->rows(Queue("x.test")), 0);
  EXPECT_TRUE(absl::IsNotFound(Load(1).status()));
}

TEST_F(SpoolTest, OutcomesOfOneMessageInOneTurnCountRight) {
  Start({}, {.counts_cached_max = 0});  // every count is read from the disk
  const auto rows = *Accept(Mail(1, "x.test", 5));
  for (const SpoolRow& row : rows) {
    spool_->Finish(row, {}, [](const absl::Status& s) { EXPECT_TRUE(s.ok()); });
  }
  Run();
  EXPECT_EQ(DiskRows(Cf::kMessage), 0u);
  EXPECT_EQ(DiskRows(Cf::kQueue), 0u);
}

TEST_F(SpoolTest, CountsAreReadAgainAfterARestart) {
  const auto rows = *Accept(Mail(1, "x.test", 3));
  EXPECT_TRUE(Finish(rows[0]).ok());
  Start();
  EXPECT_TRUE(Finish(rows[1]).ok());
  ExpectSound();
  Start();
  EXPECT_TRUE(Load(1).ok());
  EXPECT_TRUE(Finish(rows[2]).ok()) << "the load has told the count";
  EXPECT_EQ(DiskRows(Cf::kMessage), 0u);
}

TEST_F(SpoolTest, ADeferralMovesTheRow) {
  const auto rows = *Accept(Mail(1, "x.test", 1, 1000));
  RowChange change{rows[0].queue, 9000, rows[0].value};
  change.value.attempts = 1;
  change.value.last_reply = std::string(600, 'r');
  absl::Status status = absl::UnknownError("");
  const SpoolRow deferred =
      spool_->Defer(rows[0], change, {Event(EventType::kTransient, "a@x.test")},
                    [&](absl::Status s) { status = std::move(s); });
  EXPECT_EQ(deferred.key.due_ms, 9000);
  EXPECT_EQ(deferred.key.id, rows[0].key.id);
  Run();
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(Rows("x.test").rows, std::vector<SpoolRow>{deferred});
  EXPECT_EQ(Outbox(), "t:a@x.test");
  ExpectSound();
  EXPECT_TRUE(Finish(deferred).ok());
  EXPECT_EQ(DiskRows(Cf::kQueue), 0u);
}

TEST_F(SpoolTest, ADeferralToTheSameTimeAndToAnotherQueue) {
  const auto rows = *Accept(Mail(1, "x.test", 1, 1000));
  SpoolRow row = spool_->Defer(rows[0], {rows[0].queue, 1000, rows[0].value}, {}, [](auto) {});
  row = spool_->Defer(row, {Queue("y.test"), 500, row.value}, {}, [](auto) {});
  Run();
  EXPECT_TRUE(Rows("x.test").rows.empty());
  EXPECT_EQ(Rows("y.test").rows, std::vector<SpoolRow>{row});
  EXPECT_EQ(spool_->rows(Queue("x.test")), 0);
  EXPECT_EQ(spool_->rows(Queue("y.test")), 1);
}

TEST_F(SpoolTest, RowsAreReadInTheOrderTheyAreDue) {
  ASSERT_TRUE(Accept(Mail(1, "x.test", 2, 300)).ok());
  ASSERT_TRUE(Accept(Mail(2, "x.test", 1, 100)).ok());
  ASSERT_TRUE(Accept(Mail(3, "y.test", 1, 50)).ok());
  ASSERT_TRUE(Accept(Mail(4, "x.test", 1, 300)).ok());
  const RowPage page = Rows("x.test", {}, 3);
  ASSERT_EQ(page.rows.size(), 3u);
  EXPECT_FALSE(page.reached_end);
  EXPECT_EQ(page.rows[0].value.message, Id(2));
  EXPECT_EQ(page.rows[2].key.id.rcpt, 1);
  const RowPage rest = Rows("x.test", NextKey(page.rows[2].key), 3);
  ASSERT_EQ(rest.rows.size(), 1u);
  EXPECT_TRUE(rest.reached_end);
  EXPECT_EQ(rest.rows[0].value.message, Id(4));
}

TEST_F(SpoolTest, ARepeatIsAcknowledgedAndNotQueuedAgain) {
  ASSERT_EQ(Accept(Forward(1, "x.test", 2))->size(), 2u);
  EXPECT_EQ(Accept(Forward(1, "x.test", 2))->size(), 0u);
  EXPECT_EQ(DiskRows(Cf::kQueue), 2u);
  EXPECT_EQ(spool_->stats().repeated_rows_total, 2u);

  for (const SpoolRow& row : Rows("x.test").rows) EXPECT_TRUE(Finish(row).ok());
  Start();
  EXPECT_EQ(Accept(Forward(1, "x.test", 2))->size(), 0u) << "even after delivery and a restart";
  EXPECT_EQ(DiskRows(Cf::kMessage), 0u);
  ExpectSound();
}

TEST_F(SpoolTest, TwoRepeatsAtOnceAreQueuedOnce) {
  size_t queued = 0;
  for (int i = 0; i < 3; ++i) {
    AcceptRequest request;
    request.messages.push_back(Forward(1, "x.test", 2));
    request.messages.push_back(Forward(2 + i % 2, "x.test"));
    spool_->Accept(std::move(request), [&](auto rows) { queued += rows->size(); });
  }
  Run();
  EXPECT_EQ(queued, 4u);
  EXPECT_EQ(DiskRows(Cf::kQueue), 4u);
  ExpectSound();
}

TEST_F(SpoolTest, MoreRecipientsOfTheSameMessageJoinIt) {
  ASSERT_EQ(Accept(Forward(1, "x.test", 2))->size(), 2u);
  const auto more = *Accept(Forward(1, "x.test", 5));
  ASSERT_EQ(more.size(), 3u);
  EXPECT_EQ(more[0].key.id.rcpt, 2);
  EXPECT_EQ(ExpectSound().messages, 1u);
  Start();
  for (const SpoolRow& row : Rows("x.test").rows) EXPECT_TRUE(Finish(row).ok());
  EXPECT_EQ(DiskRows(Cf::kMessage), 0u);
}

TEST_F(SpoolTest, MoreRecipientsArriveWhileTheLastOneEnds) {
  Start({}, {.counts_cached_max = 0});
  const auto rows = *Accept(Forward(1, "x.test", 1));
  size_t queued = 0;
  AcceptRequest request;
  request.messages.push_back(Forward(1, "x.test", 2));
  spool_->Accept(std::move(request), [&](auto r) { queued = r->size(); });
  spool_->Finish(rows[0], {}, [](auto) {});
  Run();
  EXPECT_EQ(queued, 1u);
  const SpoolAudit audit = ExpectSound();
  EXPECT_EQ(audit.messages, 1u);
  EXPECT_EQ(audit.rows.size(), 1u);
}

TEST_F(SpoolTest, TheSameIdWithAnotherPayloadIsRefused) {
  ASSERT_TRUE(Accept(Forward(1, "x.test")).ok());
  NewMessage other = Forward(1, "x.test", 2);
  other.message->envelope.payload_hash = "another";
  AcceptRequest request;
  request.messages.push_back(Forward(2, "x.test"));
  request.messages.push_back(std::move(other));
  EXPECT_TRUE(absl::IsAlreadyExists(Accept(std::move(request)).status()));
  EXPECT_EQ(DiskRows(Cf::kQueue), 1u) << "all or nothing";
  EXPECT_EQ(Accept(Forward(2, "x.test"))->size(), 1u) << "its ids are free again";
  ExpectSound();
}

TEST_F(SpoolTest, RefusesWhatWouldShareAKey) {
  NewMessage mail = Mail(1, "x.test", 2);
  mail.rows[1].rcpt = 0;
  EXPECT_TRUE(absl::IsInvalidArgument(Accept(std::move(mail)).status()));
  AcceptRequest request;
  request.messages.push_back(Mail(1, "x.test"));
  request.messages.push_back(Mail(1, "x.test"));
  EXPECT_TRUE(absl::IsInvalidArgument(Accept(std::move(request)).status()));
  EXPECT_EQ(DiskRows(Cf::kQueue), 0u);
}

TEST_F(SpoolTest, AMessageWithoutRowsLeavesOnlyItsEvents) {
  ASSERT_TRUE(Accept(Mail(1, "x.test", 0), {Event(EventType::kBounce, "a@x.test")}).ok());
  EXPECT_EQ(Outbox(), "b:a@x.test");
  EXPECT_EQ(DiskRows(Cf::kMessage), 0u);
}

TEST_F(SpoolTest, BelowTheFloorNothingNewButOutcomes) {
  Start({.floor_bytes = 1000});
  const auto rows = *Accept(Mail(1, "x.test", 2));
  disk_.free_bytes = 500;
  EXPECT_TRUE(Finish(rows[0]).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(Accept(Mail(2, "x.test")).status()));
  EXPECT_TRUE(Finish(rows[1]).ok());
  disk_.free_bytes = 5000;
  Run();
  EXPECT_TRUE(Accept(Mail(2, "x.test")).ok());
  EXPECT_EQ(ExpectSound().messages, 1u);
}

TEST_F(SpoolTest, RecoverKnowsHeadsAtOnceAndCountsSoon) {
  ASSERT_TRUE(Accept(Mail(1, "x.test", 3, 300)).ok());
  ASSERT_TRUE(Accept(Mail(2, "x.test", 2, 100)).ok());
  const auto rows = *Accept(Mail(3, "y.test", 1, 50));
  ASSERT_TRUE(Accept(Mail(4, "z.test", 1)).ok());
  ASSERT_TRUE(Finish(Rows("z.test").rows[0]).ok());
  const QueueId x = Queue("x.test");
  const QueueId y = Queue("y.test");

  Start();
  ASSERT_EQ(heads_.size(), 2u);
  EXPECT_EQ(heads_[0].queue, x);
  EXPECT_EQ(heads_[0].head.due_ms, 100);
  EXPECT_EQ(heads_[1].queue, y);
  EXPECT_EQ(heads_[1].head, rows[0].key);
  EXPECT_EQ(spool_->NameOf(x), (QueueName{"x.test", "v"}));
  EXPECT_FALSE(spool_->FindQueue({"z.test", "v"}).has_value()) << "empty queues are forgotten";
  EXPECT_FALSE(spool_->counts_known());

  // Changes before the counts are in.
  AcceptRequest request;
  request.messages.push_back(Mail(5, "x.test", 1));
  spool_->Accept(std::move(request), [](auto) {});
  spool_->Finish(rows[0], {}, [](auto) {});
  Run();
  EXPECT_TRUE(spool_->counts_known());
  EXPECT_EQ(spool_->rows(x), 6);
  EXPECT_EQ(spool_->rows(y), 0);
  EXPECT_EQ(spool_->stats().rows, 6u);
}

TEST_F(SpoolTest, IdsAndSequencesAreNeverReused) {
  const auto before = *Accept(Mail(1, "x.test"));
  ASSERT_TRUE(Finish(before[0], {Event(EventType::kDelivery, "a")}).ok());
  const QueueId x = Queue("x.test");
  Start();
  const QueueId y = Queue("y.test");
  EXPECT_GT(y, x);
  const auto after = *Accept(Mail(2, "x.test"), {Event(EventType::kReceipt, "b")});
  EXPECT_GT(after[0].queue, y) << "x.test has a new id";
  EXPECT_GT(after[0].key.id.seq, before[0].key.id.seq);
  EXPECT_EQ(Outbox(), "d:a r:b");
}

TEST_F(SpoolTest, LoadsOfOneMessageShareOneRead) {
  ASSERT_TRUE(Accept(Mail(1, "x.test")).ok());
  Start();
  std::vector<MessagePtr> loaded;
  for (int i = 0; i < 3; ++i) {
    spool_->Load(Id(1), [&](auto message) { loaded.push_back(*message); });
  }
  EXPECT_TRUE(loaded.empty());
  Run();
  ASSERT_EQ(loaded.size(), 3u);
  EXPECT_EQ(loaded[0], loaded[2]);
  EXPECT_TRUE(absl::IsNotFound(Load(99).status()));
}

TEST_F(SpoolTest, TheCacheForgetsTheLeastRecentlyUsed) {
  Start({}, {.cache_bytes_max = 5 * (kCost + 10)});
  for (int n = 1; n <= 5; ++n) ASSERT_TRUE(Accept(Mail(n, "x.test")).ok());
  EXPECT_NE(spool_->Cached(Id(1)), nullptr);
  for (int n = 6; n <= 9; ++n) ASSERT_TRUE(Accept(Mail(n, "x.test")).ok());
  EXPECT_NE(spool_->Cached(Id(1)), nullptr) << "it was used";
  EXPECT_EQ(spool_->Cached(Id(2)), nullptr);
  EXPECT_LE(spool_->stats().cache_bytes, 5 * (kCost + 10));
  EXPECT_TRUE(Load(2).ok());
}

TEST_F(SpoolTest, DamageIsNeitherHiddenNorFatal) {
  const auto rows = *Accept(Mail(1, "x.test", 1));
  ASSERT_TRUE(Accept(Mail(2, "x.test", 1)).ok());
  disk_.tables[static_cast<size_t>(Cf::kMessage)].erase(MessageKey(Id(1), MessagePart::kContent));
  disk_.tables[static_cast<size_t>(Cf::kMessage)][MessageKey(Id(1), MessagePart::kEnvelope)] = "?";
  Start();
  EXPECT_TRUE(absl::IsDataLoss(Load(1).status()));
  EXPECT_TRUE(Finish(rows[0], {Event(EventType::kBounce, "a")}).ok()) << "its row can be ended";
  EXPECT_EQ(Rows("x.test").rows.size(), 1u);
  disk_.tables[static_cast<size_t>(Cf::kQueue)].begin()->second = "?";
  EXPECT_TRUE(Rows("x.test").rows.empty()) << "left alone, and logged";
}

TEST_F(SpoolTest, RowsOfAQueueWithoutANameAreRefused) {
  ASSERT_TRUE(Accept(Mail(1, "x.test")).ok());
  disk_.tables[static_cast<size_t>(Cf::kMeta)].erase(QueueNameKey(Queue("x.test")));
  MemoryKvStore store(loop_, &disk_, {});
  Spool spool(loop_, store, {});
  EXPECT_TRUE(absl::IsDataLoss(spool.Recover(nullptr).status()));
}

TEST_F(SpoolTest, IdempotencyRecordsAndReceiptsExpire) {
  AcceptRequest request;
  request.messages.push_back(Forward(1, "x.test", 2));
  Spool::PutIdempotency("t", "key", {Id(1), "hash", 9000, "answer"}, &request.extra);
  ASSERT_TRUE(Accept(std::move(request)).ok());
  const auto find = [&](std::string_view tenant, std::string_view key) {
    std::optional<IdempotencyRecord> found;
    spool_->FindIdempotency(tenant, key, [&](auto record) { found = *record; });
    Run();
    return found;
  };
  ASSERT_TRUE(find("t", "key").has_value());
  EXPECT_EQ(find("t", "key")->answer, "answer");
  EXPECT_FALSE(find("t", "ke").has_value());
  EXPECT_FALSE(find("tk", "ey").has_value());

  spool_->SweepExpired(4999);
  Run();
  EXPECT_EQ(DiskRows(Cf::kReceipt), 3u);
  spool_->SweepExpired(5000);
  Run();
  EXPECT_EQ(DiskRows(Cf::kReceipt), 1u);
  spool_->SweepExpired(9000);
  Run();
  EXPECT_FALSE(find("t", "key").has_value());
}

TEST_F(SpoolTest, TheSweepGoesRound) {
  for (int n = 1; n <= 3; ++n) ASSERT_TRUE(Accept(Forward(n, "x.test", 4000)).ok());
  for (int i = 0; i < 4; ++i) {
    spool_->SweepExpired(6000);
    Run();
  }
  EXPECT_EQ(DiskRows(Cf::kReceipt), 0u);
}

TEST_F(SpoolTest, StopFinishesAndRefuses) {
  bool stopped = false;
  absl::Status accepted;
  AcceptRequest request;
  request.messages.push_back(Mail(1, "x.test"));
  spool_->Accept(std::move(request), [&](auto rows) { accepted = rows.status(); });
  spool_->Stop([&] { stopped = true; });
  EXPECT_TRUE(absl::IsCancelled(Accept(Mail(2, "x.test")).status()));
  EXPECT_TRUE(stopped);
  EXPECT_TRUE(accepted.ok());
  EXPECT_EQ(ExpectSound().messages, 1u);
}

TEST_F(SpoolTest, TheOutboxListenerHearsOfDurableEvents) {
  int heard = 0;
  spool_->SetOutboxListener([&] { ++heard; });
  ASSERT_TRUE(Accept(Mail(1, "x.test")).ok());
  EXPECT_EQ(heard, 0);
  ASSERT_TRUE(Finish(Rows("x.test").rows[0], {Event(EventType::kDelivery, "a")}).ok());
  EXPECT_EQ(heard, 1);
  spool_->Record({Event(EventType::kTransientQueue, "")}, [](auto) {});
  Run();
  EXPECT_EQ(heard, 2);
  EXPECT_EQ(Outbox(), "d:a q:");
}

}  // namespace
}  // namespace convoy::shard
