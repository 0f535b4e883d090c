// One suite for every Store, and the crash test of the one with a disk: a child process commits as
// fast as it can and tells of each `done`; it is killed without warning; what it told of must be
// there.

#include "coordinator/store/store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/rng.h"
#include "base/text.h"
#include "coordinator/store/memory_store.h"
#include "coordinator/store/rocksdb_store.h"
#include "runtime/virtual_loop.h"

namespace convoy::coordinator {
namespace {

MemberRecord Record(uint32_t id, uint64_t incarnation) {
  return {.id = MemberId(id),
          .info = {.shard = {.name = Cat("shard-", id),
                             .uid = std::string(32, 'a'),
                             .incarnation = incarnation},
                   .rpc_address = "127.0.0.1:1",
                   .smtp_address = "127.0.0.1:2",
                   .host_id = "host",
                   .egress = {{.vmta = "v1", .source_ips = {"127.0.0.1"}, .through_proxy = true},
                              {.vmta = "v2", .source_ips = {}}},
                   .config_fingerprint = "f00d"},
          .quiesced = true,
          .fenced = true};
}

AssignmentTable Table(Epoch epoch, uint64_t version) {
  AssignmentTable table{.version = {epoch, version}, .next_group = GroupId(3)};
  table.members = {{.id = MemberId(1),
                    .name = "shard-1",
                    .incarnation = version,
                    .rpc_address = "127.0.0.1:1",
                    .live = true}};
  EgressGroup group{.id = GroupId(2), .vmtas = {"v1", "v2"}};
  group.owners.assign(kSlotCount, MemberId(1));
  group.owners[7] = kNobody;
  group.promises[4095] = {{.member = MemberId(1), .until = {epoch, version}},
                          {.member = MemberId(9), .until = {epoch, version}}};
  table.groups = {group};
  return table;
}

StoreWrite Write(std::vector<MemberRecord> members, AssignmentTable table) {
  return {
      .update = {.put_members = std::move(members), .erased_members = {}, .table_changed = true},
      .table = std::make_shared<const AssignmentTable>(std::move(table))};
}

class StoreTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    directory_ = Cat(std::getenv("TEST_TMPDIR"), "/", test->name());
    std::filesystem::remove_all(directory_);
  }
  Store::Opened Reopen() {
    store_.reset();
    if (GetParam()) {
      store_ = MakeRocksDbStore(loop_, directory_);
    } else {
      store_ = std::make_unique<MemoryStore>(loop_, disk_, Milliseconds(1));
    }
    auto opened = store_->Open();
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *std::move(opened);
  }
  // Waits for the store's thread by turning the loop.
  void Commit(StoreWrite write) {
    bool done = false;
    store_->Commit(std::move(write), [&](const absl::Status& status) {
      EXPECT_TRUE(status.ok()) << status;
      done = true;
    });
    EXPECT_FALSE(done) << "in a later turn";
    while (!done) {
      if (!loop_.RunOne()) std::this_thread::yield();
    }
  }

  VirtualLoop loop_;
  MemoryDisk disk_;
  std::string directory_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "RocksDb" : "Memory"; });

TEST_P(StoreTest, NewStoreIsEmptyInEpochOne) {
  const Store::Opened opened = Reopen();
  EXPECT_EQ(opened.epoch, Epoch(1));
  EXPECT_TRUE(opened.state.members.empty());
  EXPECT_EQ(opened.state.table, AssignmentTable{});
}

TEST_P(StoreTest, KeepsConfigurationsInOrderAndForgetsTheErased) {
  EXPECT_TRUE(Reopen().configs.empty());
  for (uint64_t version = 1; version <= 300; ++version) {
    ConfigRecord record{.version = version,
                        .time_ms = 1'700'000'000'000,
                        .who = "ann@host",
                        .comment = "why",
                        .fingerprint = "f00d",
                        .rollback_of = version - 1,
                        .bundle = std::string("\0secret", 7),
                        .files = 3,
                        .octets = 70};
    StoreWrite write;
    write.config = std::make_shared<const ConfigRecord>(std::move(record));
    if (version > 3) write.erased_configs = {version - 3};
    Commit(std::move(write));
  }
  const Store::Opened opened = Reopen();
  ASSERT_EQ(opened.configs.size(), 3u);
  EXPECT_EQ(opened.configs[0]->version, 298u);
  EXPECT_EQ(*opened.configs[2], (ConfigRecord{.version = 300,
                                              .time_ms = 1'700'000'000'000,
                                              .who = "ann@host",
                                              .comment = "why",
                                              .fingerprint = "f00d",
                                              .rollback_of = 299,
                                              .bundle = std::string("\0secret", 7),
                                              .files = 3,
                                              .octets = 70}));
  if (GetParam()) {
    EXPECT_EQ(std::filesystem::status(directory_).permissions(), std::filesystem::perms::owner_all);
  }
}

TEST_P(StoreTest, EveryOpenIsAHigherEpoch) {
  for (uint64_t start = 1; start <= 3; ++start) EXPECT_EQ(Reopen().epoch, Epoch(start));
}

TEST_P(StoreTest, KeepsEveryFieldOverReopen) {
  Reopen();
  Commit(Write({Record(1, 5), Record(256, 6)}, Table(Epoch(1), 9)));
  const Store::Opened opened = Reopen();
  ASSERT_EQ(opened.state.members.size(), 2u);
  EXPECT_EQ(opened.state.members[0], Record(1, 5));
  EXPECT_EQ(opened.state.members[1], Record(256, 6));
  EXPECT_EQ(opened.state.table, Table(Epoch(1), 9));
}

TEST_P(StoreTest, ErasedMembersAreGoneAndOthersStay) {
  Reopen();
  Commit(Write({Record(1, 5), Record(2, 5)}, Table(Epoch(1), 1)));
  Commit({.update = {.put_members = {}, .erased_members = {MemberId(1)}}, .table = nullptr});
  const Store::Opened opened = Reopen();
  ASSERT_EQ(opened.state.members.size(), 1u);
  EXPECT_EQ(opened.state.members[0].id, MemberId(2));
  EXPECT_EQ(opened.state.table, Table(Epoch(1), 1));
}

std::string FreshDirectory(const char* name) {
  const std::string directory = Cat(std::getenv("TEST_TMPDIR"), "/", name);
  std::filesystem::remove_all(directory);
  return directory;
}

TEST(RocksDbStoreTest, SecondProcessIsRefused) {
  VirtualLoop loop;
  const std::string directory = FreshDirectory("locked");
  const auto first = MakeRocksDbStore(loop, directory);
  ASSERT_TRUE(first->Open().ok());
  const absl::Status second = MakeRocksDbStore(loop, directory)->Open().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
}

TEST(RocksDbStoreTest, DirectoryThatCannotBeMadeIsNamed) {
  VirtualLoop loop;
  const absl::Status opened = MakeRocksDbStore(loop, "/proc/no/such")->Open().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(opened));
  EXPECT_NE(opened.message().find("/proc/no/such"), absl::string_view::npos);
}

constexpr char kCommitter[] = "--commit-for-ever";

// Runs in the child: member 1's incarnation and the table's version always go up together.
[[noreturn]] void CommitForEver(const std::string& directory, int told) {
  VirtualLoop loop;
  const auto store = MakeRocksDbStore(loop, directory);
  auto opened = store->Open();
  if (!opened.ok()) _exit(2);
  for (uint64_t n = opened->state.table.version.version + 1;; ++n) {
    bool done = false;
    store->Commit(Write({Record(1, n)}, Table(opened->epoch, n)),
                  [&](const absl::Status& status) { done = status.ok(); });
    while (!done) {
      if (!loop.RunOne()) std::this_thread::yield();
    }
    if (write(told, &n, sizeof n) != sizeof n) _exit(3);
  }
}

// This program again, as CommitForEver: a fork alone would copy the threads of neither library.
pid_t StartCommitter(const std::string& directory, int told) {
  const std::string fd = Cat(told);
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "store_test", kCommitter, directory.c_str(), fd.c_str(), nullptr);
    _exit(4);
  }
  return child;
}

TEST(RocksDbStoreTest, KilledAtAnyMomentKeepsWhatWasDoneAndNoHalves) {
  const std::string directory = FreshDirectory("killed");
  Rng rng(1);
  uint64_t last_told = 0;
  for (uint64_t round = 1; round <= 8; ++round) {
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    const pid_t child = StartCommitter(directory, fds[1]);
    close(fds[1]);
    const uint64_t kill_after = 1 + rng.Below(40);
    for (uint64_t i = 0; i < kill_after; ++i) {
      ASSERT_EQ(read(fds[0], &last_told, sizeof last_told), ssize_t{sizeof last_told});
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(fds[0], &last_told, sizeof last_told) > 0) {
    }
    close(fds[0]);

    VirtualLoop loop;
    const auto opened = MakeRocksDbStore(loop, directory)->Open();
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(opened->epoch, Epoch(2 * round));
    const uint64_t version = opened->state.table.version.version;
    EXPECT_GE(version, last_told);
    EXPECT_LE(version, last_told + 1);
    ASSERT_EQ(opened->state.members.size(), 1u);
    EXPECT_EQ(opened->state.members[0].info.shard.incarnation, version) << "halves of a commit";
  }
}

}  // namespace
}  // namespace convoy::coordinator

int main(int argc, char** argv) {
  using namespace convoy::coordinator;
  if (argc == 4 && std::string(argv[1]) == kCommitter) CommitForEver(argv[2], std::atoi(argv[3]));
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
