// A coordinator and shards over real gRPC in one process, for tests of reloads: the product's
// coordinator, channel, client and reloader. A shard only keeps what it is given; with files of its
// own it also loads it as a node does.
//
// Nothing sleeps: the test's loop runs until what is expected is so, or ten seconds are over.
//
// Thread:    the test's, which also runs the shards' loop; the coordinator has its own
#pragma once

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

namespace convoy::reload_testing {

inline constexpr Duration kPatience = Seconds(10);

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
  const config::FileAccess* own = nullptr;       // its files and variables; null: loads nothing
  std::shared_ptr<const config::Config> config;  // what it has loaded and runs
  std::string content;                           // of the version that runs
  std::string fingerprint;                       // of what it has loaded and runs
  int prepared = 0;

 private:
  void MakeReloader() {
    shard::Reloader::Hooks hooks;
    hooks.loader = [this](std::shared_ptr<const shard::ConfigVersion> version) {
      ++prepared;
      loading_ = version->bundle;
      return [refuses = refuses, own = own, bundle = version->bundle] {
        if (own != nullptr) return shard::LoadCarriedConfig(bundle, *own, {});
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
    hooks.apply = [this](uint64_t version, std::unique_ptr<shard::ShardConfig> next) {
      content = loading_;
      config = next->config;
      fingerprint = next->fingerprint;
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
  mta::v1::HistoryResponse History() {
    return Call<mta::v1::HistoryRequest, mta::v1::HistoryResponse>(
        static_cast<void (mta::v1::ConfigAdmin::StubInterface::async_interface::*)(
            grpc::ClientContext*, const mta::v1::HistoryRequest*, mta::v1::HistoryResponse*,
            std::function<void(grpc::Status)>)>(
            &mta::v1::ConfigAdmin::StubInterface::async_interface::History),
        mta::v1::HistoryRequest());
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

}  // namespace convoy::reload_testing
