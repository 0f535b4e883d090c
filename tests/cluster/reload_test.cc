// Reloads over real gRPC in one process: the product's coordinator, channel, client and reloader;
// only what a shard does with a configuration is left out.
//
// Nothing sleeps: the test's loop runs until what is expected is so, or ten seconds are over.

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <thread>

#include "base/text.h"
#include "coordinator/services/server.h"
#include "coordinator/store/memory_store.h"
#include "proto/config.grpc.pb.h"
#include "runtime/kernel_loop.h"
#include "shard/cluster/coordinator_client.h"
#include "shard/cluster/rpc/grpc_coordinator_channel.h"
#include "shard/node/reloader.h"
#include "shard/rpc/rpc_server.h"

namespace convoy {
namespace {

constexpr Duration kPatience = Seconds(10);

class Coordinator {
 public:
  Coordinator(coordinator::MemoryDisk& disk, const std::string& listen, const std::string& file)
      : store_(loop_, disk),
        node_(loop_, store_,
              {.lease = {.length = Seconds(3)}, .on_fatal = [](const absl::Status&) {}}) {
    EXPECT_TRUE(node_.Start().ok());
    auto server = coordinator::CoordinatorServer::Start(
        listen, loop_, node_, {.version = "test", .config_fingerprint = "", .config_file = file});
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

class Shard {
 public:
  Shard(KernelLoop& loop, const std::string& name, const std::string& coordinator,
        uint64_t incarnation)
      : view_(name), loop_(loop) {
    channel_ = shard::MakeGrpcCoordinatorChannel(loop, {.address = coordinator, .request_seed = 7});
    announcement_.shard = {
        .name = name, .uid = std::string(32, name[0]), .incarnation = incarnation};
    announcement_.host_id = "host";
    announcement_.egress = {{.vmta = "v1", .source_ips = {"127.0.0.1"}}};
    MakeReloader();
    MakeServer();
    announcement_.rpc_address = server_->address();
    shard::CoordinatorClient::Handlers handlers;
    handlers.store_table = [this](std::shared_ptr<const shard::AssignmentTable>, Callback stored) {
      loop_.Post(std::move(stored));
    };
    handlers.take_config = [this](uint64_t version, Callback ended) {
      reloader_->Take(version, std::move(ended));
    };
    client_ = std::make_unique<shard::CoordinatorClient>(
        loop, *channel_, view_, lease, announcement_, std::move(handlers), Rng(1));
    client_->Start(nullptr);
  }
  ~Shard() {
    std::thread closer([this] { server_->Shutdown(Seconds(1)); });
    loop_.RunUntilTrue([] { return false; }, loop_.MonoNow() + Milliseconds(50));
    closer.join();
    client_.reset();
  }

  bool HasLease() const { return lease.Valid(loop_.MonoNow()); }
  uint64_t running() const { return reloader_->running(); }

  shard::LeaseView lease;
  bool refuses = false;  // to prepare
  bool loses_commits = false;
  std::string content;  // of the version that runs
  int prepared = 0;

 private:
  void MakeReloader() {
    shard::Reloader::Hooks hooks;
    hooks.loader = [this](std::shared_ptr<const shard::ConfigVersion> version) {
      ++prepared;
      loading_ = version->bundle;
      return [refuses = refuses] {
        shard::LoadedShardConfig out;
        if (refuses) {
          out.diagnostics.push_back({config::Severity::kError,
                                     {"main.conf", 3, 1},
                                     config::Say<"no such key here">(),
                                     {}});
        } else {
          out.config = std::make_unique<shard::ShardConfig>();
        }
        return out;
      };
    };
    hooks.promote = [] { return absl::OkStatus(); };
    hooks.apply = [this](uint64_t version, std::unique_ptr<shard::ShardConfig>) {
      content = loading_;
      announcement_.config_version = version;
      client_->Announce(announcement_);
    };
    hooks.fetch = [this](uint64_t version, shard::Reloader::Fetched fetched) {
      channel_->FetchConfig(announcement_.shard, version, Seconds(2), std::move(fetched));
    };
    hooks.aside = [this](Callback work) { loop_.Post(std::move(work)); };
    reloader_ = std::make_unique<shard::Reloader>(loop_, 0, "", std::move(hooks));
  }
  void MakeServer() {
    hooks_.fenced = [](uint64_t) { return absl::OkStatus(); };
    hooks_.prepare_config = [this](shard::ConfigVersion version, shard::PreparedDone done) {
      reloader_->Prepare(std::move(version), std::move(done));
    };
    hooks_.commit_config = [this](uint64_t version, const std::string& digest, StatusDone done) {
      if (loses_commits) return done(absl::UnavailableError("lost"));
      reloader_->Commit(version, digest, std::move(done));
    };
    hooks_.abort_config = [this](uint64_t version, const std::string& digest) {
      reloader_->Abort(version, digest);
    };
    hooks_.running_config = [this] {
      return shard::RunningConfig{.version = running(), .problem = reloader_->problem()};
    };
    auto server = shard::RpcServer::Start("127.0.0.1:0", loop_, hooks_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  shard::AssignmentView view_;
  KernelLoop& loop_;
  std::string loading_;
  shard::ShardAnnouncement announcement_;
  std::unique_ptr<shard::CoordinatorChannel> channel_;
  shard::RpcHooks hooks_;
  std::unique_ptr<shard::Reloader> reloader_;
  std::unique_ptr<shard::RpcServer> server_;
  std::unique_ptr<shard::CoordinatorClient> client_;
};

class ReloadTest : public testing::Test {
 protected:
  void SetUp() override {
    file_ = Cat(std::getenv("TEST_TMPDIR"), "/main.conf");
    Write("total-max-smtp-out 10\n");
    StartCoordinator();
  }
  void TearDown() override {
    shards_.clear();
    coordinator_.reset();
  }
  void StartCoordinator() {
    coordinator_ = std::make_unique<Coordinator>(disk_, address_, file_);
    address_ = coordinator_->address();
    admin_ = mta::v1::ConfigAdmin::NewStub(
        grpc::CreateChannel(address_, grpc::InsecureChannelCredentials()));
  }
  void Write(const std::string& text) { std::ofstream(file_, std::ios::trunc) << text; }
  Shard& Start(const std::string& name) {
    shards_[name] = std::make_unique<Shard>(loop_, name, address_, ++incarnation_);
    return *shards_[name];
  }
  Shard& StartWithLease(const std::string& name) {
    Shard& shard = Start(name);
    EXPECT_TRUE(Eventually([&] { return shard.HasLease(); }));
    return shard;
  }
  bool Eventually(absl::FunctionRef<bool()> condition) {
    return loop_.RunUntilTrue(condition, loop_.MonoNow() + kPatience);
  }
  // Calls the coordinator while the shards' loop runs.
  template <typename Request, typename Response, typename Method>
  Response Call(Method method, Request request) {
    grpc::ClientContext context;
    context.set_deadline(gpr_time_from_seconds(20, GPR_TIMESPAN));
    Response response;
    bool done = false;
    grpc::Status called;
    (admin_->async()->*method)(&context, &request, &response, [&](const grpc::Status& status) {
      loop_.Post([&, status] {
        called = status;
        done = true;
      });
    });
    loop_.RunUntilTrue([&] { return done; }, loop_.MonoNow() + Seconds(25));
    EXPECT_TRUE(called.ok()) << called.error_message();
    return response;
  }
  mta::v1::ReloadResponse Reload() {
    mta::v1::ReloadRequest request;
    request.set_who("ann@host");
    return Call<mta::v1::ReloadRequest, mta::v1::ReloadResponse>(
        static_cast<void (mta::v1::ConfigAdmin::StubInterface::async_interface::*)(
            grpc::ClientContext*, const mta::v1::ReloadRequest*, mta::v1::ReloadResponse*,
            std::function<void(grpc::Status)>)>(
            &mta::v1::ConfigAdmin::StubInterface::async_interface::Reload),
        request);
  }
  mta::v1::ReloadResponse Rollback(uint64_t version) {
    mta::v1::RollbackRequest request;
    request.set_version(version);
    return Call<mta::v1::RollbackRequest, mta::v1::ReloadResponse>(
        static_cast<void (mta::v1::ConfigAdmin::StubInterface::async_interface::*)(
            grpc::ClientContext*, const mta::v1::RollbackRequest*, mta::v1::ReloadResponse*,
            std::function<void(grpc::Status)>)>(
            &mta::v1::ConfigAdmin::StubInterface::async_interface::Rollback),
        request);
  }

  coordinator::MemoryDisk disk_;
  std::string file_;
  std::string address_ = "127.0.0.1:0";
  KernelLoop loop_;
  uint64_t incarnation_ = 0;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<mta::v1::ConfigAdmin::Stub> admin_;
  std::map<std::string, std::unique_ptr<Shard>> shards_;
};

TEST_F(ReloadTest, IsAppliedOnEveryLeaseHolder) {
  Shard& a = StartWithLease("a");
  Shard& b = StartWithLease("b");
  const mta::v1::ReloadResponse answer = Reload();
  EXPECT_TRUE(answer.applied()) << answer.DebugString();
  EXPECT_EQ(answer.version(), 1u);
  ASSERT_EQ(answer.shards_size(), 2);
  EXPECT_TRUE(answer.shards(0).running() && answer.shards(1).running());
  EXPECT_EQ(a.running(), 1u) << "when the answer comes, it is in effect";
  EXPECT_EQ(b.running(), 1u);
  EXPECT_NE(a.content.find("total-max-smtp-out 10"), std::string::npos);
}

TEST_F(ReloadTest, OneRefusalChangesNothingAndNamesShardAndPlace) {
  Shard& a = StartWithLease("a");
  Shard& b = StartWithLease("b");
  ASSERT_TRUE(Reload().applied());
  b.refuses = true;
  Write("total-max-smtp-out 11\n");
  const mta::v1::ReloadResponse answer = Reload();
  EXPECT_FALSE(answer.applied());
  ASSERT_EQ(answer.shards_size(), 2);
  EXPECT_EQ(answer.shards(0).problem(), "");
  EXPECT_EQ(answer.shards(1).shard(), "b");
  EXPECT_EQ(answer.shards(1).problem(), "refuses this configuration");
  ASSERT_EQ(answer.shards(1).diagnostics_size(), 1);
  EXPECT_EQ(answer.shards(1).diagnostics(0).line(), 3u);
  EXPECT_EQ(a.running(), 1u);
  EXPECT_EQ(b.running(), 1u);
  EXPECT_EQ(disk_.configs.size(), 1u);
  b.refuses = false;
  EXPECT_EQ(Reload().version(), 2u) << "the number was not used up";
  EXPECT_NE(a.content.find("total-max-smtp-out 11"), std::string::npos);
}

TEST_F(ReloadTest, ABadFileNeverReachesAShard) {
  Shard& a = StartWithLease("a");
  Write("total-max-smtp-out 10\nmax-smtpout 3\n");
  const mta::v1::ReloadResponse answer = Reload();
  EXPECT_FALSE(answer.applied());
  ASSERT_EQ(answer.diagnostics_size(), 1);
  EXPECT_EQ(answer.diagnostics(0).file(), file_);
  EXPECT_EQ(answer.diagnostics(0).line(), 2u);
  EXPECT_EQ(answer.diagnostics(0).column(), 1u);
  EXPECT_EQ(a.prepared, 0);
}

TEST_F(ReloadTest, ALostCommitIsTakenWithTheNextLeaseAnswer) {
  Shard& a = StartWithLease("a");
  Shard& b = StartWithLease("b");
  b.loses_commits = true;
  const mta::v1::ReloadResponse answer = Reload();
  EXPECT_TRUE(answer.applied()) << "the version was durable: there is no way back";
  EXPECT_TRUE(answer.shards(0).running());
  EXPECT_FALSE(answer.shards(1).running());
  EXPECT_NE(answer.shards(1).problem(), "");
  EXPECT_EQ(a.running(), 1u);
  EXPECT_TRUE(Eventually([&] { return b.running() == 1 && b.HasLease(); }));
}

TEST_F(ReloadTest, AShardThatWasAwayTakesItBeforeItsFirstLease) {
  StartWithLease("a");
  ASSERT_TRUE(Reload().applied());
  Shard& c = Start("c");
  uint64_t ran_at_first_lease = 0;
  EXPECT_TRUE(Eventually([&] {
    if (c.HasLease()) ran_at_first_lease = c.running();
    return c.HasLease();
  }));
  EXPECT_EQ(ran_at_first_lease, 1u);
  EXPECT_NE(c.content.find("total-max-smtp-out 10"), std::string::npos);
}

TEST_F(ReloadTest, AShardThatCannotTakeTheVersionGetsNoLease) {
  StartWithLease("a");
  ASSERT_TRUE(Reload().applied());
  Shard& c = Start("c");
  c.refuses = true;
  EXPECT_TRUE(Eventually([&] { return c.prepared >= 2; })) << "tried again with each answer";
  EXPECT_FALSE(c.HasLease());
  c.refuses = false;
  EXPECT_TRUE(Eventually([&] { return c.HasLease(); }));
  EXPECT_EQ(c.running(), 1u);
}

TEST_F(ReloadTest, RollbackIsANewVersionWithOldContent) {
  Shard& a = StartWithLease("a");
  ASSERT_TRUE(Reload().applied());
  Write("total-max-smtp-out 99\n");
  ASSERT_EQ(Reload().version(), 2u);
  EXPECT_NE(a.content.find("total-max-smtp-out 99"), std::string::npos);
  const mta::v1::ReloadResponse answer = Rollback(1);
  EXPECT_TRUE(answer.applied());
  EXPECT_EQ(answer.version(), 3u);
  EXPECT_NE(a.content.find("total-max-smtp-out 10"), std::string::npos);
}

TEST_F(ReloadTest, ARestartedCoordinatorKnowsTheVersion) {
  Shard& a = StartWithLease("a");
  ASSERT_TRUE(Reload().applied());
  coordinator_.reset();
  Write("total-max-smtp-out 50\n");
  StartCoordinator();
  Shard& c = Start("c");
  EXPECT_TRUE(Eventually([&] { return c.HasLease() && a.HasLease(); }));
  EXPECT_EQ(c.running(), 1u);
  EXPECT_EQ(Reload().version(), 2u);
  EXPECT_EQ(a.running(), 2u);
}

TEST_F(ReloadTest, ALeaseHolderThatIsGoneIsNamedAndNothingChanges) {
  Shard& a = StartWithLease("a");
  StartWithLease("b");
  shards_.erase("b");  // without a word; its lease goes on
  const mta::v1::ReloadResponse answer = Reload();
  EXPECT_FALSE(answer.applied());
  ASSERT_EQ(answer.shards_size(), 2);
  EXPECT_TRUE(answer.shards(1).problem().starts_with("cannot be asked: "))
      << answer.shards(1).problem();
  EXPECT_EQ(a.running(), 0u);
}

}  // namespace
}  // namespace convoy
