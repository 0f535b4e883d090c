// The store of the daemon on a real disk: the same contract as in memory, restarts, power cuts,
// kill -9, full and failing disks.
#include "shard/spool/rocksdb_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "rocksdb/db.h"
#include "runtime/kernel_loop.h"
#include "shard/spool/faulty_file_system.h"
#include "shard/spool/keys.h"
#include "shard/spool/memory_kv_store.h"

namespace convoy::shard {
namespace {

namespace fs = std::filesystem;

class RocksDbStoreTest : public testing::Test {
 protected:
  RocksDbStoreTest() {
    const testing::TestInfo* const info = testing::UnitTest::GetInstance()->current_test_info();
    dir_ = testing::TempDir() + "/" + info->name();
    fs::remove_all(dir_);
    options_.path = dir_ + "/data";
    options_.free_floor_bytes = 0;
  }
  ~RocksDbStoreTest() override {
    store_.reset();
    fs::remove_all(dir_);
  }

  absl::Status TryOpen() {
    store_.reset();
    absl::StatusOr<std::unique_ptr<RocksDbStore>> opened = RocksDbStore::Open(loop_, options_);
    if (opened.ok()) store_ = *std::move(opened);
    return opened.status();
  }
  void Open() {
    const absl::Status opened = TryOpen();
    ASSERT_TRUE(opened.ok()) << opened.ToString();
  }
  bool RunUntil(absl::FunctionRef<bool()> condition, Duration limit = Seconds(60)) {
    return loop_.RunUntilTrue(condition, loop_.MonoNow() + limit);
  }
  absl::Status Commit(KvBatch batch) {
    std::optional<absl::Status> result;
    store_->Commit(std::move(batch), [&](absl::Status s) { result = std::move(s); });
    EXPECT_TRUE(RunUntil([&] { return result.has_value(); }));
    return result.value_or(absl::UnknownError("never done"));
  }
  absl::Status Put(const std::string& key, const std::string& value, Cf cf = Cf::kState) {
    KvBatch batch;
    batch.Put(cf, key, value);
    return Commit(std::move(batch));
  }
  std::string Get(const std::string& key) {
    const absl::StatusOr<std::string> value = store_->GetNow(Cf::kState, key);
    return value.ok() ? *value : absl::StatusCodeToString(value.status().code());
  }

  std::string dir_;
  KernelLoop loop_;
  RocksDbStoreOptions options_;
  std::unique_ptr<RocksDbStore> store_;
};

TEST_F(RocksDbStoreTest, KeepsWhatWasCommittedOverARestart) {
  Open();
  EXPECT_TRUE(Put("a", "1").ok());
  EXPECT_TRUE(Put("q", "row", Cf::kQueue).ok());
  Open();
  EXPECT_EQ(Get("a"), "1");
  EXPECT_EQ(*store_->GetNow(Cf::kQueue, "q"), "row");
  EXPECT_EQ(Get("none"), "NOT_FOUND");
}

// One history on both stores: they must tell the same.
class Teller {
 public:
  explicit Teller(KvStore& store) : store_(store) {}

  void Act(Rng* rng) {
    const Cf cf = static_cast<Cf>(rng->Below(kCfCount));
    switch (rng->Below(5)) {
      case 0:
      case 1:
        Change(rng, cf);
        break;
      case 2:
        ++waiting_;
        store_.Get(cf, Key(rng),
                   [this](absl::StatusOr<std::string> value) { Tell(value.ok() ? *value : "no"); });
        break;
      case 3: {
        std::string end = rng->Chance(0.3) ? "" : Key(rng);
        ++waiting_;
        store_.Scan({cf, Key(rng), end}, 1 + rng->Below(9), 1 + rng->Below(300),
                    [this](absl::StatusOr<KvScan> scan) {
                      std::string text = scan->reached_end ? "scan." : "scan+";
                      for (const KvRow& row : scan->rows) CatTo(&text, row.key, row.value);
                      Tell(text);
                    });
        break;
      }
      default: {
        const auto mode = rng->Chance(0.5) ? SurveyMode::kCounts : SurveyMode::kFirstKeys;
        ++waiting_;
        store_.Survey(cf, 1 + rng->Below(18), mode,
                      [this](absl::StatusOr<std::vector<KvGroup>> groups) {
                        std::string text = "survey";
                        for (const KvGroup& g : *groups) CatTo(&text, g.first_key, g.keys, ";");
                        Tell(text);
                      });
      }
    }
  }
  bool done() const { return waiting_ == 0; }
  std::string TakeTold() { return std::exchange(told_, {}); }

 private:
  // Like a message id and a part, in a small world; some as high as bytes go.
  static std::string Key(Rng* rng) {
    std::string key(16, rng->Chance(0.2) ? '\xff' : static_cast<char>('a' + rng->Below(3)));
    key[15] = static_cast<char>('0' + rng->Below(4));
    key.push_back(static_cast<char>(rng->Below(3)));
    return key;
  }
  void Change(Rng* rng, Cf cf) {
    KvBatch batch;
    for (uint64_t i = rng->Below(4); i < 4; ++i) {
      const std::string key = Key(rng);
      const std::string other = Key(rng);
      const uint64_t dice = rng->Below(10);
      if (dice < 6) {
        batch.Put(cf, key, Cat("value", rng->Below(1000)));
      } else if (dice < 9) {
        batch.Delete(cf, key);
      } else if (key < other) {
        batch.DeleteRange(cf, key, other);
      }
    }
    ++waiting_;
    store_.Commit(std::move(batch), [this](const absl::Status&) { Tell("put"); });
  }
  void Tell(std::string_view what) {
    CatTo(&told_, what, "\n");
    --waiting_;
  }

  KvStore& store_;
  int waiting_ = 0;
  std::string told_;
};

TEST_F(RocksDbStoreTest, TellsTheSameAsTheStoreInMemory) {
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    store_.reset();
    fs::remove_all(dir_);
    Open();
    MemoryKvStore::Disk disk;
    disk.tables[static_cast<size_t>(Cf::kMeta)].emplace(kSchemaVersionKey,
                                                        EncodeU32(kSchemaVersion));
    MemoryKvStore memory(loop_, &disk, {});
    Teller real(*store_);
    Teller model(memory);
    Rng real_rng(seed);
    Rng model_rng(seed);
    for (int i = 0; i < 400; ++i) {
      real.Act(&real_rng);
      model.Act(&model_rng);
      // One at a time: which reads share a turn with which commits is a matter of timing.
      ASSERT_TRUE(RunUntil([&] { return real.done() && model.done(); }));
      ASSERT_EQ(real.TakeTold(), model.TakeTold()) << "seed " << seed << " action " << i;
    }
  }
}

TEST_F(RocksDbStoreTest, ReadsSeeTheCommitsBeforeThem) {
  Open();
  std::vector<std::string> log;
  int waiting = 0;
  for (int i = 0; i < 300; ++i) {
    KvBatch batch;
    batch.Put(Cf::kState, "a", Cat(i));
    waiting += 2;
    store_->Commit(std::move(batch), [&, i](const absl::Status&) {
      log.push_back(Cat("p", i));
      --waiting;
    });
    store_->Get(Cf::kState, "a", [&, i](absl::StatusOr<std::string> value) {
      const int64_t seen = *ParseInt(*value);
      EXPECT_GE(seen, i);
      // Whatever it shows has been reported.
      EXPECT_NE(std::find(log.begin(), log.end(), Cat("p", seen)), log.end()) << seen;
      --waiting;
    });
    if (i % 7 == 0) RunUntil([] { return true; });
  }
  EXPECT_TRUE(RunUntil([&] { return waiting == 0; }));
}

TEST_F(RocksDbStoreTest, StopFinishesWhatWasAskedFor) {
  Open();
  int done = 0;
  bool stopped = false;
  for (int i = 0; i < 50; ++i) {
    KvBatch batch;
    batch.Put(Cf::kState, Cat("k", i), "v");
    store_->Commit(std::move(batch), [&](const absl::Status& s) { done += s.ok(); });
  }
  store_->Stop([&] { stopped = true; });
  EXPECT_TRUE(RunUntil([&] { return stopped; }));
  EXPECT_EQ(done, 50);
}

TEST_F(RocksDbStoreTest, RefusesAnotherSchema) {
  Open();
  for (const uint32_t version : {kSchemaVersion + 1, uint32_t{0}}) {
    ASSERT_TRUE(Put(std::string(kSchemaVersionKey), EncodeU32(version), Cf::kMeta).ok());
    const absl::Status opened = TryOpen();
    EXPECT_TRUE(absl::IsFailedPrecondition(opened)) << opened.ToString();
    EXPECT_NE(opened.ToString().find(Cat("schema version ", version)), std::string::npos);
    EXPECT_NE(opened.ToString().find(version > kSchemaVersion ? "newer program" : "upgrade"),
              std::string::npos);
    fs::remove_all(dir_);
    Open();
  }
}

TEST_F(RocksDbStoreTest, RefusesAColumnFamilyItDoesNotKnow) {
  fs::create_directories(options_.path);
  rocksdb::Options plain;
  plain.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(plain, options_.path, &db).ok());
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  ASSERT_TRUE(db->CreateColumnFamily({}, "hologram", &handle).ok());
  db->DestroyColumnFamilyHandle(handle);
  delete db;
  const absl::Status opened = TryOpen();
  EXPECT_TRUE(absl::IsFailedPrecondition(opened)) << opened.ToString();
  EXPECT_NE(opened.ToString().find("hologram"), std::string::npos);
}

TEST_F(RocksDbStoreTest, RefusesADirectoryInUseOrImpossible) {
  Open();
  EXPECT_TRUE(absl::IsFailedPrecondition(RocksDbStore::Open(loop_, options_).status()));
  RocksDbStoreOptions impossible = options_;
  impossible.path = "/proc/nowhere/data";
  EXPECT_TRUE(absl::IsUnavailable(RocksDbStore::Open(loop_, impossible).status()));
}

TEST_F(RocksDbStoreTest, APowerCutLeavesEveryAcknowledgedBatch) {
  const auto disk = std::make_shared<FaultyFileSystem>();
  options_.file_system = disk;
  options_.memtable_bytes_max = size_t{2} << 20;  // flushes and log changes in between
  Open();
  Rng rng(1);
  int sent = 0;
  int acknowledged = 0;
  for (int cut = 0; cut < 8; ++cut) {
    const int target = acknowledged + 150;
    while (acknowledged < target) {
      for (uint64_t i = 1 + rng.Below(20); i > 0; --i) {
        KvBatch batch;
        batch.Put(Cf::kQueue, Cat("row", sent), "r");
        batch.Put(Cf::kMessage, Cat("body", sent), std::string(2000 + rng.Below(8000), 'x'));
        store_->Commit(std::move(batch), [&](const absl::Status&) { ++acknowledged; });
        ++sent;
      }
      const int before = acknowledged;
      RunUntil([&] { return acknowledged > before; });
    }
    const int promised = acknowledged;
    RocksDbStoreOptions after = options_;
    after.path = Cat(dir_, "/cut", cut);
    after.file_system = nullptr;
    disk->CopySynced(options_.path, after.path);
    auto recovered = RocksDbStore::Open(loop_, after);
    ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
    for (int i = 0; i < promised; ++i) {
      ASSERT_TRUE((*recovered)->GetNow(Cf::kQueue, Cat("row", i)).ok()) << i;
      ASSERT_TRUE((*recovered)->GetNow(Cf::kMessage, Cat("body", i)).ok()) << i;
    }
    for (int i = promised; i < sent; ++i) {
      EXPECT_EQ((*recovered)->GetNow(Cf::kQueue, Cat("row", i)).ok(),
                (*recovered)->GetNow(Cf::kMessage, Cat("body", i)).ok())
          << "half of a batch";
    }
    recovered->reset();
    fs::remove_all(after.path);
  }
  EXPECT_TRUE(RunUntil([&] { return acknowledged == sent; }));
}

// Writes numbered rows and says so on `out` when they are durable, until it is killed.
[[noreturn]] void WriteUntilKilled(const RocksDbStoreOptions& options, int first, int out) {
  KernelLoop loop;
  auto store = RocksDbStore::Open(loop, options);
  if (!store.ok()) _exit(1);
  int next = first;
  std::function<void()> put = [&] {
    KvBatch batch;
    batch.Put(Cf::kState, Cat("n", next), std::string(300, 'x'));
    (*store)->Commit(std::move(batch), [&, number = next](const absl::Status& s) {
      if (!s.ok() || write(out, &number, sizeof number) != sizeof number) _exit(1);
      put();
    });
    ++next;
  };
  for (int i = 0; i < 16; ++i) put();
  loop.Run();
  _exit(1);
}

TEST_F(RocksDbStoreTest, Kill9LeavesEveryAcknowledgedBatch) {
  int acknowledged = -1;
  for (int kill_round = 0; kill_round < 5; ++kill_round) {
    store_.reset();
    int channel[2];
    ASSERT_EQ(pipe(channel), 0);
    const pid_t child = fork();
    if (child == 0) {
      close(channel[0]);
      WriteUntilKilled(options_, acknowledged + 1, channel[1]);
    }
    close(channel[1]);
    int number = 0;
    const int enough = acknowledged + 200 + kill_round * 37;
    while (read(channel[0], &number, sizeof number) == sizeof number) {
      acknowledged = std::max(acknowledged, number);
      if (acknowledged >= enough) break;
    }
    ASSERT_GE(acknowledged, enough) << "the child ended by itself";
    kill(child, SIGKILL);
    while (read(channel[0], &number, sizeof number) == sizeof number) {
      acknowledged = std::max(acknowledged, number);
    }
    close(channel[0]);
    int status = 0;
    waitpid(child, &status, 0);
    Open();
    for (int i = 0; i <= acknowledged; ++i) ASSERT_NE(Get(Cat("n", i)), "NOT_FOUND") << i;
  }
}

TEST_F(RocksDbStoreTest, WithoutRoomForTheLogItWaitsAndLosesNothing) {
  const auto disk = std::make_shared<FaultyFileSystem>();
  options_.file_system = disk;
  Open();
  ASSERT_TRUE(Put("a", "before").ok());
  for (int round = 0; round < 3; ++round) {
    (round == 1 ? disk->no_room_log_only : disk->no_room) = true;
    int done = 0;
    for (int i = 0; i < 5; ++i) {
      KvBatch batch;
      batch.Put(Cf::kState, Cat("b", round, i), std::string(50000, 'x'));
      store_->Commit(std::move(batch), [&](const absl::Status& s) { done += s.ok(); });
    }
    EXPECT_TRUE(RunUntil([&] { return store_->health().stalled; }));
    EXPECT_FALSE(store_->health().accepting());
    EXPECT_FALSE(store_->health().sending());
    // Through at least one try that fails.
    EXPECT_FALSE(RunUntil([&] { return done > 0; }, Milliseconds(1500)));
    disk->no_room = false;
    disk->no_room_log_only = false;
    EXPECT_TRUE(RunUntil([&] { return done == 5; }, Seconds(20))) << "round " << round;
    EXPECT_TRUE(store_->health().accepting());
  }
  EXPECT_TRUE(Put("a", "after").ok());
  Open();
  EXPECT_EQ(Get("a"), "after");
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(Get(Cat("b", round, i)).size(), 50000u);
  }
}

TEST_F(RocksDbStoreTest, WithoutRoomForATableItWaitsAndLosesNothing) {
  const auto disk = std::make_shared<FaultyFileSystem>();
  options_.file_system = disk;
  options_.memtable_bytes_max = size_t{1} << 20;
  Open();
  disk->no_room = true;
  int sent = 0;
  int done = 0;
  // The log has no room either: everything waits; then there is room for a while.
  for (; sent < 40; ++sent) {
    KvBatch batch;
    batch.Put(Cf::kMessage, Cat("m", sent), std::string(100000, 'x'));
    store_->Commit(std::move(batch), [&](const absl::Status& s) { done += s.ok(); });
  }
  EXPECT_TRUE(RunUntil([&] { return store_->health().stalled; }));
  disk->no_room = false;
  EXPECT_TRUE(RunUntil([&] { return done == sent; }, Seconds(20)));
  Open();
  for (int i = 0; i < sent; ++i) EXPECT_TRUE(store_->GetNow(Cf::kMessage, Cat("m", i)).ok()) << i;
}

TEST_F(RocksDbStoreTest, AFullDiskAtAKillLeavesEveryAcknowledgedBatch) {
  const auto disk = std::make_shared<FaultyFileSystem>();
  options_.file_system = disk;
  Open();
  ASSERT_TRUE(Put("a", "acknowledged").ok());
  disk->no_room = true;
  KvBatch batch;
  batch.Put(Cf::kState, "b", std::string(50000, 'x'));
  store_->Commit(std::move(batch), [](const absl::Status&) {});
  EXPECT_TRUE(RunUntil([&] { return store_->health().stalled; }));
  // Half of the batch is at the end of the log.
  RocksDbStoreOptions after = options_;
  after.path = dir_ + "/copy";
  after.file_system = nullptr;
  fs::copy(options_.path, after.path, fs::copy_options::recursive);
  fs::remove(after.path + "/LOCK");
  auto recovered = RocksDbStore::Open(loop_, after);
  ASSERT_TRUE(recovered.ok()) << recovered.status().ToString();
  EXPECT_EQ(*(*recovered)->GetNow(Cf::kState, "a"), "acknowledged");
  EXPECT_TRUE(absl::IsNotFound((*recovered)->GetNow(Cf::kState, "b").status()));
  disk->no_room = false;
}

TEST_F(RocksDbStoreTest, BelowTheFloorItSaysSo) {
  const auto free_bytes = std::make_shared<std::atomic<uint64_t>>(2000);
  options_.free_floor_bytes = 1000;
  options_.free_bytes = [free_bytes] { return free_bytes->load(); };
  Open();
  ASSERT_TRUE(Put("a", "1").ok());
  EXPECT_TRUE(store_->health().accepting());
  *free_bytes = 10;
  ASSERT_TRUE(Put("a", "2").ok()) << "outcomes are still written";
  EXPECT_FALSE(store_->health().accepting());
  EXPECT_TRUE(store_->health().sending());
  *free_bytes = 5000;
  EXPECT_TRUE(RunUntil([&] { return store_->health().accepting(); })) << "without a commit";
}

// Bytes that do not compress.
std::string Noise(Rng* rng, size_t size) {
  std::string noise(size, '\0');
  for (char& c : noise) c = static_cast<char>(rng->Next());
  return noise;
}

TEST_F(RocksDbStoreTest, BelowTheFloorWhatIsDeletedGivesItsRoomBack) {
  const auto free_bytes = std::make_shared<std::atomic<uint64_t>>(2000);
  options_.free_floor_bytes = 1000;
  options_.free_bytes = [free_bytes] { return free_bytes->load(); };
  options_.memtable_bytes_max = size_t{4} << 20;
  Open();
  const auto used = [this] {
    uint64_t bytes = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(options_.path)) {
      std::error_code gone;
      const uint64_t size = entry.file_size(gone);
      if (!gone && entry.path().extension() != ".log") bytes += size;
    }
    return bytes;
  };
  Rng rng(1);
  for (const size_t size : {size_t{4000}, size_t{40000}}) {
    *free_bytes = 2000;
    ASSERT_TRUE(RunUntil([&] { return store_->health().accepting(); }));
    KvBatch none;
    for (size_t i = 0; i < 80; ++i) {
      KvBatch some;  // 1 MB
      for (size_t j = 0; j < 1'000'000 / size; ++j) {
        const std::string key =
            MessageKey(*MessageId::FromBytes(Noise(&rng, 16)), MessagePart::kContent);
        some.Put(Cf::kMessage, key, Noise(&rng, size));
        none.Delete(Cf::kMessage, key);
      }
      ASSERT_TRUE(Commit(std::move(some)).ok());
    }
    EXPECT_TRUE(RunUntil([&] { return used() > 60'000'000; })) << "flushed: " << used();
    ASSERT_TRUE(Commit(std::move(none)).ok());
    *free_bytes = 10;
    ASSERT_TRUE(Put("a", "1").ok());
    EXPECT_FALSE(store_->health().accepting());
    EXPECT_TRUE(RunUntil([&] { return used() < 8'000'000; }))
        << "size " << size << ": still " << used();
  }
}

using RocksDbStoreDeathTest = RocksDbStoreTest;

TEST_F(RocksDbStoreDeathTest, AFailedSyncEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const auto disk = std::make_shared<FaultyFileSystem>();
        options_.file_system = disk;
        Open();
        disk->sync_fails = true;
        (void)Put("a", "1");
      },
      testing::ExitedWithCode(74), "fdatasync of .*log");
}

TEST_F(RocksDbStoreDeathTest, AnIoErrorEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const auto disk = std::make_shared<FaultyFileSystem>();
        options_.file_system = disk;
        Open();
        disk->write_fails = true;
        (void)Put("a", "1");
      },
      testing::ExitedWithCode(74), "write of .*log");
}

}  // namespace
}  // namespace convoy::shard
