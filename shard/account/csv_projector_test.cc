#include "shard/account/csv_projector.h"

#include <gtest/gtest.h>

#include <utility>

#include "shard/spool/spool_fixture.h"

namespace convoy::shard {
namespace {

class CsvProjectorTest : public SpoolFixture {
 protected:
  static AcctFileOptions File(const std::string& path, std::vector<EventType> types,
                              uint64_t max_size_bytes = 1 << 20) {
    return {path, std::move(types), max_size_bytes};
  }
  static std::vector<AcctFileOptions> OneFile() {
    return {File("/log/acct.csv", {EventType::kDelivery, EventType::kBounce})};
  }

  absl::Status Begin(std::vector<AcctFileOptions> options = OneFile()) {
    worker_ = MakeLoopFileWorker(loop_);
    projector_ = std::make_unique<CsvProjector>(
        loop_, *store_, *worker_, files_,
        CsvProjectorOptions{std::move(options), [](WallTime) { return 0; }});
    return projector_->Recover();
  }
  void End() {
    projector_.reset();
    worker_.reset();
  }
  // One message, and the events that went with it.
  void Log(std::vector<AccountEvent> events) {
    ASSERT_TRUE(Accept(Mail(++messages_, "x.test"), std::move(events)).ok());
    if (projector_ != nullptr) projector_->Notify();
    Run();
  }
  void Deliver(const std::string& rcpt) { Log({Event(EventType::kDelivery, rcpt)}); }

  // Type and recipient of each record of the files whose names begin so: "d:a b:c".
  std::string Records(std::string_view prefix = "/log/acct-") const {
    std::string text;
    for (const auto& [name, content] : files_.files) {
      if (!name.starts_with(prefix)) continue;
      bool header = true;
      for (const std::string& line : Lines(content)) {
        const std::vector<std::string_view> cells = Split(line, ',');
        EXPECT_EQ(header, cells[0] == "type") << name;
        if (!header) CatTo(&text, text.empty() ? "" : " ", cells[0], ":", cells[4]);
        header = false;
      }
    }
    return text;
  }
  static std::vector<std::string> Lines(const std::string& content) {
    std::vector<std::string> lines;
    size_t from = 0;
    for (size_t end = content.find("\r\n"); end != std::string::npos;
         end = content.find("\r\n", from)) {
      lines.push_back(content.substr(from, end - from));
      from = end + 2;
    }
    EXPECT_EQ(from, content.size()) << "an unfinished line";
    return lines;
  }

  MemoryAccountFiles files_;
  std::unique_ptr<FileWorker> worker_;
  std::unique_ptr<CsvProjector> projector_;
  int messages_ = 0;
};

TEST_F(CsvProjectorTest, EachEventOnceInEachFileThatWantsIt) {
  ASSERT_TRUE(Begin({File("/log/acct.csv", {EventType::kDelivery, EventType::kBounce}),
                     File("/log/bounce.csv", {EventType::kBounce})})
                  .ok());
  Log({Event(EventType::kDelivery, "a"), Event(EventType::kBounce, "b"),
       Event(EventType::kTransient, "c")});
  Deliver("d");
  EXPECT_EQ(Records(), "d:a b:b d:d");
  EXPECT_EQ(Records("/log/bounce-"), "b:b");
  EXPECT_EQ(Outbox(), "");
  EXPECT_EQ(projector_->stats().events_total, 4u);
  EXPECT_EQ(projector_->stats().records_total, 4u);
}

TEST_F(CsvProjectorTest, WithoutFilesEventsAreForgotten) {
  ASSERT_TRUE(Begin({}).ok());
  Deliver("a");
  EXPECT_EQ(Outbox(), "");
  EXPECT_TRUE(files_.files.empty());
}

TEST_F(CsvProjectorTest, EventsOfAnEarlierRunAreProjectedAtStart) {
  Deliver("a");
  ASSERT_TRUE(Begin().ok());
  Run();
  EXPECT_EQ(Records(), "d:a");
}

// The crash between the sync of the file and the commit of the checkpoint.
TEST_F(CsvProjectorTest, BytesBehindTheCheckpointAreWrittenAgainNotTwice) {
  ASSERT_TRUE(Begin().ok());
  Deliver("a");
  End();
  Deliver("b");
  MemoryKvStore::Disk before = disk_;
  before.unsynced = nullptr;
  ASSERT_TRUE(Begin().ok());
  Run();
  ASSERT_EQ(Records(), "d:a d:b");
  End();
  spool_.reset();
  store_.reset();
  disk_ = before;
  Start();
  ASSERT_EQ(Outbox(), "d:b");
  ASSERT_TRUE(Begin().ok());
  Run();
  EXPECT_EQ(Records(), "d:a d:b");
  EXPECT_EQ(Outbox(), "");
}

TEST_F(CsvProjectorTest, AFileThatCannotBeWrittenMakesEventsWait) {
  ASSERT_TRUE(Begin().ok());
  files_.failure = absl::ResourceExhaustedError("no space");
  Deliver("a");
  EXPECT_EQ(Outbox(), "d:a");
  EXPECT_TRUE(projector_->stats().failing);
  files_.failure = absl::OkStatus();
  Run();
  EXPECT_EQ(Records(), "d:a");
  EXPECT_EQ(Outbox(), "");
  EXPECT_FALSE(projector_->stats().failing);
}

TEST_F(CsvProjectorTest, ASegmentNeverOutgrowsItsLimit) {
  const uint64_t limit = 500;
  ASSERT_TRUE(Begin({File("/log/acct.csv", {EventType::kDelivery}, limit)}).ok());
  Log({Event(EventType::kDelivery, "a"), Event(EventType::kDelivery, "b"),
       Event(EventType::kDelivery, "c"), Event(EventType::kDelivery, "d")});
  Run();
  for (int i = 0; i < 8; ++i) Deliver(Cat("e", i));
  EXPECT_EQ(Records(), "d:a d:b d:c d:d d:e0 d:e1 d:e2 d:e3 d:e4 d:e5 d:e6 d:e7");
  EXPECT_GT(files_.files.size(), 1u);
  for (const auto& [name, content] : files_.files) EXPECT_LE(content.size(), limit) << name;
}

TEST_F(CsvProjectorTest, ASegmentThatWasMovedAwayIsFollowedByANewOne) {
  ASSERT_TRUE(Begin().ok());
  Deliver("a");
  files_.files.clear();
  Deliver("b");
  EXPECT_EQ(Records(), "d:b");
}

TEST_F(CsvProjectorTest, RotateBeginsANewSegment) {
  ASSERT_TRUE(Begin().ok());
  Deliver("a");
  projector_->Rotate();
  Deliver("b");
  EXPECT_EQ(files_.files.size(), 2u);
  EXPECT_EQ(Records(), "d:a d:b");
}

TEST_F(CsvProjectorTest, StopProjectsWhatIsThere) {
  ASSERT_TRUE(Begin().ok());
  Run();
  ASSERT_TRUE(Accept(Mail(90, "x.test"), {Event(EventType::kDelivery, "a")}).ok());
  projector_->Notify();
  bool stopped = false;
  projector_->Stop([&] { stopped = true; });
  Run();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(Records(), "d:a");
}

TEST_F(CsvProjectorTest, StopDoesNotWaitForAFileThatFails) {
  ASSERT_TRUE(Begin().ok());
  files_.failure = absl::ResourceExhaustedError("no space");
  Deliver("a");
  bool stopped = false;
  projector_->Stop([&] { stopped = true; });
  Run();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(Outbox(), "d:a");
}

TEST_F(CsvProjectorTest, TwoFilesOfOnePathAreRefused) {
  const absl::Status status = Begin(
      {File("/log/acct.csv", {EventType::kDelivery}), File("/log/acct.csv", {EventType::kBounce})});
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_NE(status.ToString().find("/log/acct.csv"), std::string::npos);
}

}  // namespace
}  // namespace convoy::shard
