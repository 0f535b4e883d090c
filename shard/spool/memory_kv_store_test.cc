// The contract of KvStore, and how the store in memory crashes.
#include "shard/spool/memory_kv_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "runtime/virtual_loop.h"

namespace convoy::shard {
namespace {

class MemoryKvStoreTest : public testing::Test {
 protected:
  MemoryKvStoreTest() { Start({}); }

  void Start(MemoryKvStore::Options options) {
    store_.reset();
    store_ = std::make_unique<MemoryKvStore>(loop_, &disk_, std::move(options));
  }
  void Put(const std::string& key, const std::string& value) {
    KvBatch batch;
    batch.Put(Cf::kState, key, value);
    store_->Commit(std::move(batch),
                   [this, key](absl::Status s) { log_.push_back(Cat("put ", key, Code(s))); });
  }
  void Get(const std::string& key) {
    store_->Get(Cf::kState, key, [this, key](absl::StatusOr<std::string> value) {
      log_.push_back(Cat("get ", key, value.ok() ? "=" + *value : Code(value.status())));
    });
  }
  static std::string Code(const absl::Status& status) {
    if (status.ok()) return "";
    return " " + absl::StatusCodeToString(status.code());
  }
  // What is on the disk, as "key=value".
  std::string Disk() const {
    std::string text;
    for (const auto& [key, value] : disk_.tables[static_cast<size_t>(Cf::kState)]) {
      CatTo(&text, text.empty() ? "" : " ", key, "=", value);
    }
    return text;
  }
  std::string Log() { return Join(std::exchange(log_, {}), ", "); }

  VirtualLoop loop_;
  MemoryKvStore::Disk disk_;
  std::unique_ptr<MemoryKvStore> store_;
  std::vector<std::string> log_;
};

TEST_F(MemoryKvStoreTest, CommitsOfOneTurnAreOneCycle) {
  Put("a", "1");
  Put("b", "2");
  Put("a", "3");
  EXPECT_EQ(Log(), "") << "done never runs within the call";
  loop_.RunUntilIdle();
  EXPECT_EQ(Log(), "put a, put b, put a");
  EXPECT_EQ(Disk(), "a=3 b=2");
  EXPECT_EQ(disk_.cycles_synced_total, 1u);
}

TEST_F(MemoryKvStoreTest, WhatComesDuringASyncWaitsForTheNextAndMerges) {
  Start({.latency = [] { return Milliseconds(1); }});
  Put("a", "1");
  loop_.RunFor(Microseconds(500));
  for (int i = 0; i < 100; ++i) Put("b", "2");
  loop_.RunUntilIdle();
  EXPECT_EQ(disk_.cycles_synced_total, 2u);
  EXPECT_EQ(disk_.commits_synced_total, 101u);
}

TEST_F(MemoryKvStoreTest, AReadSeesWhatWasCommittedBeforeIt) {
  Start({.latency = [] { return Milliseconds(1); }});
  Put("a", "1");
  Get("a");
  Put("a", "2");
  loop_.RunFor(Microseconds(10));  // the first cycle is under way
  Put("a", "3");
  Get("a");
  Get("none");
  loop_.RunUntilIdle();
  EXPECT_EQ(Log(), "put a, put a, get a=2, put a, get a=3, get none NOT_FOUND");
}

TEST_F(MemoryKvStoreTest, AReadNeverShowsACommitThatIsReportedAfterIt) {
  Start(
      {.latency = [] { return Milliseconds(1); }, .read_latency = [] { return Milliseconds(5); }});
  Put("a", "1");
  Get("a");
  loop_.RunFor(Milliseconds(2));
  Put("a", "2");
  loop_.RunUntilIdle();
  EXPECT_EQ(Log(), "put a, put a, get a=1");
}

TEST_F(MemoryKvStoreTest, ASurveySeesExactlyTheCommitsBeforeIt) {
  Put("aa1", "");
  Put("aa2", "");
  Put("bb1", "");
  std::vector<KvGroup> groups;
  store_->Survey(Cf::kState, 2, SurveyMode::kCounts,
                 [&](absl::StatusOr<std::vector<KvGroup>> g) { groups = *g; });
  Put("aa3", "");
  loop_.RunUntilIdle();
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_EQ(groups[0].first_key, "aa1");
  EXPECT_EQ(groups[0].keys, 2u);
  EXPECT_EQ(groups[1].first_key, "bb1");
  EXPECT_EQ(groups[1].keys, 1u);
}

TEST_F(MemoryKvStoreTest, ScanStopsAtItsLimits) {
  for (const char* key : {"a", "b", "c", "d"}) Put(key, "1234");
  const auto scan = [&](KvRange range, size_t rows, size_t bytes) {
    std::string text;
    store_->Scan(std::move(range), rows, bytes, [&](absl::StatusOr<KvScan> s) {
      for (const KvRow& row : s->rows) text += row.key;
      text += s->reached_end ? "." : "+";
    });
    loop_.RunUntilIdle();
    return text;
  };
  EXPECT_EQ(scan({Cf::kState, "b", "d"}, 10, 1000), "bc.");
  EXPECT_EQ(scan({Cf::kState, "b", ""}, 10, 1000), "bcd.");
  EXPECT_EQ(scan({Cf::kState, "", ""}, 2, 1000), "ab+");
  EXPECT_EQ(scan({Cf::kState, "", ""}, 4, 1000), "abcd.");
  EXPECT_EQ(scan({Cf::kState, "", ""}, 10, 1), "a+") << "at least one row";
  EXPECT_EQ(scan({Cf::kState, "x", ""}, 10, 1000), ".");
  EXPECT_EQ(scan({Cf::kQueue, "", ""}, 10, 1000), ".");
}

TEST_F(MemoryKvStoreTest, KillLosesWhatWasNotSynced) {
  Start({.latency = [] { return Milliseconds(1); }});
  Put("a", "1");
  loop_.RunUntilIdle();
  Put("b", "2");
  loop_.RunFor(Microseconds(500));
  Start({});
  loop_.RunUntilIdle();
  EXPECT_EQ(Log(), "put a") << "the dead process answers nothing";
  EXPECT_EQ(Disk(), "a=1");
}

TEST_F(MemoryKvStoreTest, ASyncUnderWayMayHaveReachedTheDisk) {
  Start({.latency = [] { return Milliseconds(1); }});
  Put("a", "1");
  loop_.RunFor(Microseconds(500));
  Put("b", "2");  // the next cycle: never on the disk
  Start({.survives = [] { return true; }});
  EXPECT_EQ(Disk(), "a=1");
}

TEST_F(MemoryKvStoreTest, DiesAtTheNthCycle) {
  bool died = false;
  Start({.die_at_cycle = 2, .on_death = [&] { died = true; }});
  Put("a", "1");
  loop_.RunUntilIdle();
  EXPECT_FALSE(died);
  Put("b", "2");
  loop_.RunUntilIdle();
  EXPECT_TRUE(died);
  EXPECT_EQ(Log(), "put a");
  EXPECT_EQ(Disk(), "a=1");
}

TEST_F(MemoryKvStoreTest, BelowTheFloorItSaysSoAndRecovers) {
  Start({.floor_bytes = 1000});
  int changes = 0;
  store_->AddHealthListener([&] { ++changes; });
  Put("a", "1");
  loop_.RunUntilIdle();
  EXPECT_TRUE(store_->health().accepting());
  EXPECT_EQ(changes, 0);

  disk_.free_bytes = 999;
  Put("a", "2");
  loop_.RunFor(Milliseconds(1));
  EXPECT_FALSE(store_->health().accepting());
  EXPECT_TRUE(store_->health().sending());
  EXPECT_EQ(Disk(), "a=2") << "outcomes are written from what is left";
  EXPECT_EQ(changes, 1);

  disk_.free_bytes = 1001;
  loop_.RunFor(Seconds(3));
  EXPECT_FALSE(store_->health().accepting()) << "a little more than the floor, lest it flaps";
  disk_.free_bytes = 2000;
  loop_.RunFor(Seconds(3));
  EXPECT_TRUE(store_->health().accepting()) << "found out without a commit";
  EXPECT_EQ(changes, 2);
  loop_.RunUntilIdle();
}

TEST_F(MemoryKvStoreTest, AFullLogWaitsForRoomAndKeepsTheOrder) {
  Put("a", "1");
  loop_.RunUntilIdle();
  disk_.free_bytes = 0;
  Put("a", "2");
  Get("a");
  loop_.RunFor(Seconds(5));
  Put("a", "3");
  loop_.RunFor(Seconds(5));
  EXPECT_EQ(Log(), "put a");
  EXPECT_TRUE(store_->health().stalled);
  EXPECT_FALSE(store_->health().accepting());
  EXPECT_FALSE(store_->health().sending());
  disk_.free_bytes = 1000;
  loop_.RunFor(Seconds(2));
  EXPECT_EQ(Log(), "put a, get a=2, put a");
  EXPECT_EQ(Disk(), "a=3");
  EXPECT_TRUE(store_->health().accepting());
}

TEST_F(MemoryKvStoreTest, StopFinishesWhatWasAskedFor) {
  Start({.latency = [] { return Milliseconds(1); }});
  Put("a", "1");
  Get("a");
  bool stopped = false;
  store_->Stop([&] { stopped = true; });
  Put("b", "2");
  EXPECT_FALSE(stopped);
  loop_.RunUntilIdle();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(Log(), "put b CANCELLED, put a, get a=1");
}

TEST_F(MemoryKvStoreTest, StopGivesUpACommitThatHasNoRoom) {
  disk_.free_bytes = 0;
  Put("a", "1");
  loop_.RunFor(Seconds(3));
  Put("b", "2");
  bool stopped = false;
  store_->Stop([&] { stopped = true; });
  loop_.RunUntilIdle();
  EXPECT_TRUE(stopped);
  EXPECT_EQ(Log(), "put a CANCELLED, put b CANCELLED");
}

TEST_F(MemoryKvStoreTest, CongestionHasTwoMarks) {
  Start({.latency = [] { return Milliseconds(1); }});
  const std::string big(size_t{1} << 20, 'x');
  for (int i = 0; i < 33; ++i) Put("a", big);
  EXPECT_TRUE(store_->health().congested);
  EXPECT_TRUE(store_->health().accepting());
  loop_.RunFor(Microseconds(1500));
  EXPECT_TRUE(store_->health().congested) << "one cycle of the five";
  loop_.RunUntilIdle();
  EXPECT_FALSE(store_->health().congested);
  EXPECT_EQ(store_->pending_bytes(), 0u);
  EXPECT_GT(disk_.cycles_synced_total, 3u) << "a cycle has a size limit";
}

TEST_F(MemoryKvStoreTest, AStoreMayBeDestroyedFromItsOwnCallback) {
  KvBatch batch;
  batch.Put(Cf::kState, "a", "1");
  store_->Commit(std::move(batch), [this](const absl::Status&) { store_.reset(); });
  Put("b", "1");
  loop_.RunUntilIdle();
  EXPECT_EQ(store_, nullptr);
  EXPECT_EQ(Log(), "");
}

TEST(KvBatch, AppliesInOrderAndAppends) {
  KvBatch first;
  first.Put(Cf::kState, "a", "1");
  first.Put(Cf::kMessage, "m", SharedBytes(std::string("shared")));
  KvBatch second;
  second.Delete(Cf::kState, "a");
  second.DeleteRange(Cf::kQueue, "b", "d");
  second.Put(Cf::kMessage, "n", SharedBytes(std::string("more")));
  first.Append(second);
  ASSERT_EQ(first.size(), 5u);
  EXPECT_EQ(first.op(1).value, "shared");
  EXPECT_EQ(first.op(2).kind, KvBatch::Kind::kDelete);
  EXPECT_EQ(first.op(3).key, "b");
  EXPECT_EQ(first.op(3).value, "d");
  EXPECT_EQ(first.op(4).key, "n");
  EXPECT_EQ(first.op(4).value, "more");
  EXPECT_EQ(first.bytes(), 1u + 1 + 1 + 6 + 1 + 2 + 1 + 4);
}

}  // namespace
}  // namespace convoy::shard
