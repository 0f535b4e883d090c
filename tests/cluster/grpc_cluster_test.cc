// Shards and a coordinator over real gRPC in one process: the product's own client, channel,
// server, node.
//
// Nothing sleeps: the test's loop runs until the shards' views say what is expected, or ten seconds
// are over.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/text.h"
#include "coordinator/services/server.h"
#include "coordinator/store/memory_store.h"
#include "runtime/kernel_loop.h"
#include "shard/cluster/coordinator_client.h"
#include "shard/cluster/rpc/grpc_coordinator_channel.h"
#include "shard/cluster/rpc/table_codec.h"

namespace convoy {
namespace {

constexpr Duration kPatience = Seconds(10);

class Coordinator {
 public:
  Coordinator(coordinator::MemoryDisk& disk, const std::string& listen, bool fence)
      : store_(loop_, disk),
        node_(loop_, store_,
              {.lease = {.length = Seconds(3), .fence_on_lease_loss = fence},
               .on_fatal = [](const absl::Status&) {}}) {
    EXPECT_TRUE(node_.Start().ok());
    auto server = coordinator::CoordinatorServer::Start(
        listen, loop_, node_, {.version = "test", .config_fingerprint = ""});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    thread_ = std::thread([this] { loop_.Run(); });
  }
  ~Coordinator() {
    loop_.Post([this] { node_.EndWatches(absl::UnavailableError("stopping")); });
    server_->Shutdown(Seconds(5));
    loop_.Stop();
    thread_.join();
    loop_.RunUntilTrue([] { return true; }, loop_.MonoNow());
  }
  std::string address() const { return server_->address(); }

 private:
  KernelLoop loop_;
  coordinator::MemoryStore store_;
  coordinator::CoordinatorNode node_;
  std::unique_ptr<coordinator::CoordinatorServer> server_;
  std::thread thread_;
};

// What survives a shard: its stored table, as bytes.
struct ShardDisk {
  std::string table;
  uint64_t incarnation = 0;
};

class Shard {
 public:
  Shard(EventLoop& loop, const std::string& name, const std::string& coordinator, ShardDisk& disk)
      : view(name), loop_(loop), disk_(disk) {
    channel_ = shard::MakeGrpcCoordinatorChannel(loop, {.address = coordinator, .request_seed = 7});
    shard::CoordinatorClient::Handlers handlers;
    handlers.store_table = [this](std::shared_ptr<const shard::AssignmentTable> table,
                                  Callback stored) {
      disk_.table = shard::EncodeTable(*table);
      loop_.Post(std::move(stored));
    };
    shard::ShardAnnouncement announcement;
    announcement.shard = {
        .name = name, .uid = std::string(32, name[0]), .incarnation = ++disk.incarnation};
    announcement.rpc_address = "127.0.0.1:1";
    announcement.host_id = "host";
    announcement.egress = {{.vmta = "v1", .source_ips = {"127.0.0.1"}}};
    client = std::make_unique<shard::CoordinatorClient>(loop, *channel_, view, lease, announcement,
                                                        std::move(handlers), Rng(1));
    std::shared_ptr<const shard::AssignmentTable> stored;
    if (!disk.table.empty()) {
      stored = std::make_shared<shard::AssignmentTable>(*shard::DecodeTable(disk.table));
    }
    client->Start(stored);
  }
  ~Shard() { client.reset(); }

  // Slots it may assign for now, lease and table together.
  uint32_t Granted() const {
    if (!lease.MayAssign(loop_.MonoNow()) || !view.has_table()) return 0;
    uint32_t granted = 0;
    const shard::AssignmentTable& table = *view.table();
    for (const shard::EgressGroup& group : table.groups) {
      for (uint32_t slot = 0; slot < shard::kSlotCount; ++slot) {
        if (group.owners[slot] == shard::EgressGroup::kNoOwner || group.pending[slot]) continue;
        granted += table.members[group.owners[slot]].name == view.self() ? 1 : 0;
      }
    }
    return granted;
  }

  shard::AssignmentView view;
  shard::LeaseView lease;
  std::unique_ptr<shard::CoordinatorClient> client;

 private:
  EventLoop& loop_;
  ShardDisk& disk_;
  std::unique_ptr<shard::CoordinatorChannel> channel_;
};

class GrpcClusterTest : public testing::TestWithParam<bool> {
 protected:
  void StartCoordinator() {
    coordinator_ = std::make_unique<Coordinator>(disk_, address_, GetParam());
    address_ = coordinator_->address();
  }
  Shard& Start(const std::string& name) {
    shards_[name] = std::make_unique<Shard>(loop_, name, address_, disks_[name]);
    return *shards_[name];
  }
  bool Eventually(absl::FunctionRef<bool()> condition) {
    return loop_.RunUntilTrue(condition, loop_.MonoNow() + kPatience);
  }
  bool EventuallyGranted(const std::vector<std::pair<std::string, uint32_t>>& expected) {
    return Eventually([&] {
      for (const auto& [name, slots] : expected) {
        if (shards_.at(name)->Granted() != slots) return false;
      }
      return true;
    });
  }

  coordinator::MemoryDisk disk_;
  std::map<std::string, ShardDisk> disks_;
  std::string address_ = "127.0.0.1:0";
  KernelLoop loop_;
  std::unique_ptr<Coordinator> coordinator_;
  std::map<std::string, std::unique_ptr<Shard>> shards_;
};

INSTANTIATE_TEST_SUITE_P(FenceOnLeaseLoss, GrpcClusterTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "yes" : "no"; });

TEST_P(GrpcClusterTest, ShardsShareTheSlotsAndAJoinMovesAThird) {
  StartCoordinator();
  Start("a");
  ASSERT_TRUE(EventuallyGranted({{"a", 4096}}));
  Start("b");
  ASSERT_TRUE(EventuallyGranted({{"a", 2048}, {"b", 2048}}));
  Start("c");
  ASSERT_TRUE(Eventually([&] {
    return shards_["a"]->Granted() + shards_["b"]->Granted() + shards_["c"]->Granted() == 4096 &&
           shards_["c"]->Granted() >= 1365;
  }));
}

TEST_P(GrpcClusterTest, CoordinatorComesBackInAHigherEpochAndNothingMoves) {
  StartCoordinator();
  Start("a");
  Start("b");
  ASSERT_TRUE(EventuallyGranted({{"a", 2048}, {"b", 2048}}));
  coordinator_.reset();
  ASSERT_TRUE(Eventually([&] { return !shards_["a"]->client->last_error().ok(); }));
  if (!GetParam()) {
    EXPECT_EQ(shards_["a"]->Granted(), 2048u) << "an outage of the coordinator stops nothing";
  }
  StartCoordinator();
  ASSERT_TRUE(Eventually([&] {
    return shards_["a"]->view.version().epoch == shard::Epoch(2) &&
           shards_["b"]->view.version().epoch == shard::Epoch(2);
  }));
  ASSERT_TRUE(EventuallyGranted({{"a", 2048}, {"b", 2048}}));
}

TEST_P(GrpcClusterTest, RestartedShardKeepsItsSlotsAndSupersedesItsOldSelf) {
  StartCoordinator();
  Start("a");
  Start("b");
  ASSERT_TRUE(EventuallyGranted({{"a", 2048}, {"b", 2048}}));
  const std::unique_ptr<Shard> old_self = std::move(shards_["a"]);
  Start("a");
  ASSERT_TRUE(Eventually(
      [&] { return old_self->client->state() == shard::CoordinatorClient::State::kSuperseded; }));
  EXPECT_EQ(old_self->Granted(), 0u);
  ASSERT_TRUE(EventuallyGranted({{"a", 2048}, {"b", 2048}}));
}

TEST_P(GrpcClusterTest, RestartWhileTheCoordinatorIsDown) {
  StartCoordinator();
  Start("a");
  ASSERT_TRUE(EventuallyGranted({{"a", 4096}}));
  ASSERT_TRUE(Eventually([&] { return shards_["a"]->client->acknowledged().version > 0; }));
  coordinator_.reset();
  shards_["a"].reset();
  Start("a");
  ASSERT_TRUE(Eventually([&] { return !shards_["a"]->client->last_error().ok(); }));
  EXPECT_EQ(shards_["a"]->Granted(), GetParam() ? 0u : 4096u);
  StartCoordinator();
  ASSERT_TRUE(EventuallyGranted({{"a", 4096}}));
}

TEST_P(GrpcClusterTest, ReleasedSlotsGoToTheOther) {
  StartCoordinator();
  Start("a");
  Start("b");
  ASSERT_TRUE(EventuallyGranted({{"a", 2048}, {"b", 2048}}));
  bool left = false;
  shards_["a"]->client->Leave(shard::LeaveMode::kRelease, kPatience, [&] { left = true; });
  ASSERT_TRUE(Eventually([&] { return left; }));
  shards_["a"].reset();
  ASSERT_TRUE(EventuallyGranted({{"b", 4096}}));
}

TEST_P(GrpcClusterTest, SilentShardIsReplacedInModeYesOnly) {
  StartCoordinator();
  Start("a");
  Start("b");
  ASSERT_TRUE(EventuallyGranted({{"a", 2048}, {"b", 2048}}));
  shards_["a"].reset();  // as killed: no word of leave
  const MonoTime lease_and_margin = loop_.MonoNow() + Seconds(5);
  loop_.RunUntilTrue([&] { return shards_["b"]->Granted() == 4096; }, lease_and_margin);
  EXPECT_EQ(shards_["b"]->Granted(), GetParam() ? 4096u : 2048u);
}

TEST_P(GrpcClusterTest, ChannelMayGoWhileCallsAreOnTheWay) {
  for (int i = 0; i < 20; ++i) {
    if (i == 10) StartCoordinator();
    Start("a");
    loop_.RunUntilTrue([] { return true; }, loop_.MonoNow());
    shards_["a"].reset();
  }
}

}  // namespace
}  // namespace convoy
