// The services over real gRPC on loopback: registration, watches, fan-out, and what is refused.

#include "coordinator/services/server.h"

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "base/stable_hash.h"
#include "base/text.h"
#include "coordinator/store/memory_store.h"
#include "proto/admin.grpc.pb.h"
#include "proto/cluster.grpc.pb.h"
#include "runtime/kernel_loop.h"

namespace convoy::coordinator {
namespace {

using grpc::StatusCode;

// A whole coordinator with a store in memory, its loop on a thread of its own.
class Coordinator {
 public:
  explicit Coordinator(LeaseOptions lease = {}) : Coordinator(disk_of_its_own_, lease) {}
  Coordinator(MemoryDisk& disk, LeaseOptions lease)
      : store_(loop_, disk),
        node_(loop_, store_, {.lease = lease, .on_fatal = [](const auto&) {}}) {
    EXPECT_TRUE(node_.Start().ok());
    auto server = CoordinatorServer::Start("127.0.0.1:0", loop_, node_,
                                           {.version = "test", .config_fingerprint = ""});
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    thread_ = std::thread([this] { loop_.Run(); });
    channel_ = grpc::CreateChannel(server_->address(), grpc::InsecureChannelCredentials());
  }
  ~Coordinator() {
    loop_.Post([this] { node_.EndWatches(absl::UnavailableError("stopping")); });
    server_->Shutdown(Seconds(5));
    loop_.Stop();
    thread_.join();
    loop_.RunUntilTrue([] { return true; }, loop_.MonoNow());
  }
  std::string address() const { return server_->address(); }
  std::unique_ptr<mta::v1::Cluster::Stub> cluster() { return mta::v1::Cluster::NewStub(channel_); }
  std::unique_ptr<mta::v1::Admin::Stub> admin() { return mta::v1::Admin::NewStub(channel_); }

 private:
  MemoryDisk disk_of_its_own_;
  KernelLoop loop_;
  MemoryStore store_;
  CoordinatorNode node_;
  std::unique_ptr<CoordinatorServer> server_;
  std::thread thread_;
  std::shared_ptr<grpc::Channel> channel_;
};

// Each call of a test ends within ten seconds, whatever breaks.
struct Context : grpc::ClientContext {
  Context() { set_deadline(gpr_time_from_seconds(10, GPR_TIMESPAN)); }
};

mta::v1::RegisterRequest RegisterRequest(const std::string& name, const std::string& address) {
  mta::v1::RegisterRequest request;
  request.set_request_id(std::string(32, '0'));
  request.mutable_shard()->set_name(name);
  request.mutable_shard()->set_uid(std::string(32, 'a'));
  request.mutable_shard()->set_incarnation(1);
  request.set_rpc_address(address);
  request.set_host_id("host");
  request.add_egress()->set_virtual_mta("v1");
  return request;
}

mta::v1::RegisterResponse Register(Coordinator& coordinator, const std::string& name,
                                   const std::string& address = "127.0.0.1:1") {
  Context context;
  mta::v1::RegisterResponse response;
  const grpc::Status status =
      coordinator.cluster()->Register(&context, RegisterRequest(name, address), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

grpc::Status Renew(Coordinator& coordinator, const std::string& name, uint64_t epoch,
                   uint64_t version, mta::v1::RenewResponse* response) {
  Context context;
  mta::v1::RenewRequest request;
  *request.mutable_shard() = RegisterRequest(name, "x:1").shard();
  request.set_epoch(epoch);
  request.set_applied_epoch(epoch);
  request.set_applied_version(version);
  return coordinator.cluster()->Renew(&context, request, response);
}

TEST(ServerTest, RegisteredShardGetsLeaseAndWholeTable) {
  Coordinator coordinator({.length = Seconds(8), .fence_on_lease_loss = true});
  const mta::v1::RegisterResponse answer = Register(coordinator, "a");
  EXPECT_EQ(answer.lease().epoch(), 1u);
  EXPECT_EQ(answer.lease().lease_ms(), 8000u);
  EXPECT_EQ(answer.lease().margin_ms(), 1000u);
  EXPECT_TRUE(answer.lease().fence_on_lease_loss());
  EXPECT_TRUE(answer.lease().granted());
  ASSERT_EQ(answer.assignment().groups_size(), 1);
  EXPECT_EQ(answer.assignment().groups(0).owners_size(), 4096);
  EXPECT_EQ(answer.assignment().groups(0).owners(17), 1u);
  ASSERT_EQ(answer.assignment().members_size(), 1);
  EXPECT_EQ(answer.assignment().members(0).name(), "a");
  EXPECT_TRUE(answer.assignment().members(0).live());
}

TEST(ServerTest, WatchBringsThePresentTableThenNewerOnesAndTheGrant) {
  Coordinator coordinator;
  const auto first = Register(coordinator, "a");
  Context context;
  mta::v1::WatchAssignmentRequest request;
  *request.mutable_shard() = RegisterRequest("a", "x:1").shard();
  auto watch = coordinator.cluster()->WatchAssignment(&context, request);
  mta::v1::AssignmentSnapshot snapshot;
  ASSERT_TRUE(watch->Read(&snapshot));
  EXPECT_EQ(snapshot.version(), first.assignment().version());

  Register(coordinator, "b");
  ASSERT_TRUE(watch->Read(&snapshot));
  EXPECT_GT(snapshot.version(), first.assignment().version());
  EXPECT_EQ(snapshot.groups(0).pending_size(), 2048) << "b waits for a";

  mta::v1::RenewResponse renewed;
  ASSERT_TRUE(Renew(coordinator, "a", snapshot.epoch(), snapshot.version(), &renewed).ok());
  ASSERT_TRUE(watch->Read(&snapshot));
  EXPECT_EQ(snapshot.groups(0).pending_size(), 0);
  context.TryCancel();
  watch->Finish();
}

TEST(ServerTest, WatchOfASupersededIncarnationEnds) {
  Coordinator coordinator;
  Register(coordinator, "a");
  Context context;
  mta::v1::WatchAssignmentRequest request;
  *request.mutable_shard() = RegisterRequest("a", "x:1").shard();
  auto watch = coordinator.cluster()->WatchAssignment(&context, request);
  mta::v1::AssignmentSnapshot snapshot;
  ASSERT_TRUE(watch->Read(&snapshot));
  mta::v1::RegisterRequest newer = RegisterRequest("a", "127.0.0.1:1");
  newer.mutable_shard()->set_incarnation(2);
  Context register_context;
  mta::v1::RegisterResponse response;
  ASSERT_TRUE(coordinator.cluster()->Register(&register_context, newer, &response).ok());
  while (watch->Read(&snapshot)) {
  }
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::ABORTED);
}

TEST(ServerTest, StrangersAreRefusedWithACodeThatSaysWhatToDo) {
  Coordinator coordinator;
  mta::v1::RenewResponse renewed;
  EXPECT_EQ(Renew(coordinator, "a", 1, 1, &renewed).error_code(), StatusCode::NOT_FOUND);
  Context context;
  mta::v1::RegisterResponse response;
  EXPECT_EQ(coordinator.cluster()
                ->Register(&context, RegisterRequest("Bad Name", "x:1"), &response)
                .error_code(),
            StatusCode::INVALID_ARGUMENT);
  Context leave_context;
  mta::v1::LeaveResponse left;
  EXPECT_EQ(
      coordinator.cluster()->Leave(&leave_context, mta::v1::LeaveRequest(), &left).error_code(),
      StatusCode::INVALID_ARGUMENT);
  Register(coordinator, "a");
  EXPECT_EQ(Renew(coordinator, "a", 99, 1, &renewed).error_code(), StatusCode::FAILED_PRECONDITION)
      << "has seen a later coordinator";
}

TEST(ServerTest, RestartedCoordinatorRemembersMembersInAHigherEpoch) {
  MemoryDisk disk;
  uint64_t version = 0;
  {
    Coordinator first(disk, {});
    version = Register(first, "a").assignment().version();
  }
  Coordinator second(disk, {});
  mta::v1::RenewResponse renewed;
  ASSERT_TRUE(Renew(second, "a", 1, version, &renewed).ok());
  EXPECT_EQ(renewed.lease().epoch(), 2u);
  EXPECT_GT(renewed.version(), version);
}

// A shard's side of the fan-out: two queues, "big" and "small", and one pause list.
class ShardAdmin final : public mta::v1::ShardAdmin::Service {
 public:
  explicit ShardAdmin(std::string name) : name_(std::move(name)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~ShardAdmin() override { server_->Shutdown(); }
  std::string address() const { return Cat("127.0.0.1:", port_); }
  uint64_t paused_epoch() const { return paused_epoch_; }

 private:
  grpc::Status GetStatus(grpc::ServerContext*, const mta::v1::GetShardStatusRequest*,
                         mta::v1::ShardStatus* response) override {
    response->set_shard(name_);
    response->set_queued_recipients(7);
    return grpc::Status::OK;
  }
  grpc::Status ListQueues(grpc::ServerContext*, const mta::v1::ListQueuesRequest* request,
                          mta::v1::ListQueuesResponse* response) override {
    const bool first_page = !request->has_after();
    mta::v1::QueueRow* row = response->add_queues();
    row->set_shard(name_);
    row->set_domain(first_page ? "big.example" : "small.example");
    row->set_virtual_mta("v1");
    row->set_recipients(first_page ? 100 : 1);
    response->set_more(first_page && request->page_size() == 1);
    return grpc::Status::OK;
  }
  grpc::Status PauseQueue(grpc::ServerContext*, const mta::v1::ChangeQueueRequest* request,
                          mta::v1::ChangeShardQueueResponse* response) override {
    paused_epoch_ = request->epoch();
    response->set_matched(2);
    return grpc::Status::OK;
  }

  grpc::Status SetQueueMode(grpc::ServerContext*, const mta::v1::ChangeQueueRequest* request,
                            mta::v1::ChangeShardQueueResponse* response) override {
    response->set_matched(request->mode() == mta::v1::QUEUE_MODE_BACKOFF ? 1 : 10);
    return grpc::Status::OK;
  }

  grpc::Status ResumeQueue(grpc::ServerContext*, const mta::v1::ChangeQueueRequest*,
                           mta::v1::ChangeShardQueueResponse*) override {
    return grpc::Status(StatusCode::FAILED_PRECONDITION, "held by the wider pause x.example/*");
  }

  const std::string name_;
  int port_ = 0;
  std::atomic<uint64_t> paused_epoch_{0};
  std::unique_ptr<grpc::Server> server_;
};

TEST(ServerTest, AnswersOfSomeShardsAreKeptAndTheOthersNamed) {
  Coordinator coordinator;
  ShardAdmin a("a");
  ShardAdmin b("b");
  Register(coordinator, "b", b.address());
  Register(coordinator, "a", a.address());
  Register(coordinator, "gone", "127.0.0.1:1");
  Context context;
  mta::v1::ShowStatusResponse status;
  ASSERT_TRUE(coordinator.admin()->ShowStatus(&context, {}, &status).ok());
  ASSERT_EQ(status.shards_size(), 2);
  EXPECT_EQ(status.shards(0).shard(), "a");
  EXPECT_EQ(status.shards(1).queued_recipients(), 7u);
  ASSERT_EQ(status.unreachable_size(), 1);
  EXPECT_EQ(status.unreachable(0).shard(), "gone");
  EXPECT_EQ(status.unreachable(0).message().rfind("127.0.0.1:1: ", 0), 0u);
  EXPECT_EQ(status.coordinator().shards_live(), 3u);
}

TEST(ServerTest, QueuesOfAllShardsArePagedAsOneList) {
  Coordinator coordinator;
  ShardAdmin a("a");
  ShardAdmin b("b");
  Register(coordinator, "a", a.address());
  Register(coordinator, "b", b.address());
  mta::v1::ShowQueuesRequest request;
  request.set_page_size(1);
  Context context;
  mta::v1::ShowQueuesResponse page;
  ASSERT_TRUE(coordinator.admin()->ShowQueues(&context, request, &page).ok());
  ASSERT_EQ(page.queues_size(), 1);
  EXPECT_EQ(page.queues(0).shard(), "a");
  ASSERT_TRUE(page.has_next());
  EXPECT_EQ(page.next().recipients(), 100u);
  EXPECT_EQ(page.next().shard(), "a");

  request.set_page_size(1001);
  Context refused;
  EXPECT_EQ(coordinator.admin()->ShowQueues(&refused, request, &page).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

TEST(ServerTest, PauseReachesEveryShardWithTheEpoch) {
  Coordinator coordinator;
  ShardAdmin a("a");
  ShardAdmin b("b");
  Register(coordinator, "a", a.address());
  Register(coordinator, "b", b.address());
  mta::v1::ChangeQueueRequest request;
  request.set_request_id(std::string(32, '1'));
  request.mutable_selector()->set_domain("x.example");
  request.mutable_selector()->set_virtual_mta("v1");
  mta::v1::ChangeQueueResponse changed;
  Coordinator nobody;
  Context lonely;
  EXPECT_EQ(nobody.admin()->PauseQueue(&lonely, request, &changed).error_code(),
            StatusCode::FAILED_PRECONDITION)
      << "nobody would keep it";
  Context context;
  ASSERT_TRUE(coordinator.admin()->PauseQueue(&context, request, &changed).ok());
  EXPECT_EQ(changed.matched(), 4u);
  EXPECT_EQ(changed.applied_size(), 2);
  EXPECT_EQ(a.paused_epoch(), 1u);
  EXPECT_EQ(b.paused_epoch(), 1u);

  request.mutable_selector()->set_domain("*");
  request.mutable_selector()->set_virtual_mta("*");
  Context refused;
  EXPECT_EQ(coordinator.admin()->PauseQueue(&refused, request, &changed).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

TEST(ServerTest, ModeReachesEveryShardAsItWasAskedFor) {
  Coordinator coordinator;
  ShardAdmin a("a");
  ShardAdmin b("b");
  Register(coordinator, "a", a.address());
  Register(coordinator, "b", b.address());
  mta::v1::ChangeQueueRequest request;
  request.set_request_id(std::string(32, '1'));
  request.mutable_selector()->set_domain("x.example");
  request.mutable_selector()->set_virtual_mta("v1");
  mta::v1::ChangeQueueResponse changed;
  for (const auto& [mode, matched] :
       {std::pair{mta::v1::QUEUE_MODE_BACKOFF, 2u}, std::pair{mta::v1::QUEUE_MODE_NORMAL, 20u}}) {
    request.set_mode(mode);
    Context context;
    ASSERT_TRUE(coordinator.admin()->SetQueueMode(&context, request, &changed).ok());
    EXPECT_EQ(changed.matched(), matched);
  }
  for (const auto mode : {mta::v1::QUEUE_MODE_UNSPECIFIED, mta::v1::QUEUE_MODE_PAUSED}) {
    request.set_mode(mode);
    Context context;
    EXPECT_EQ(coordinator.admin()->SetQueueMode(&context, request, &changed).error_code(),
              StatusCode::INVALID_ARGUMENT);
  }
}

TEST(ServerTest, ChangeThatEveryShardRefusesIsRefusedWithTheReason) {
  Coordinator coordinator;
  ShardAdmin a("a");
  Register(coordinator, "a", a.address());
  Register(coordinator, "gone", "127.0.0.1:1");
  mta::v1::ChangeQueueRequest request;
  request.set_request_id(std::string(32, '1'));
  request.mutable_selector()->set_domain("x.example");
  request.mutable_selector()->set_virtual_mta("v1");
  mta::v1::ChangeQueueResponse changed;
  Context context;
  const grpc::Status refused = coordinator.admin()->ResumeQueue(&context, request, &changed);
  EXPECT_EQ(refused.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(refused.error_message(),
            Cat("a at ", a.address(), ": held by the wider pause x.example/*"));
}

TEST(ServerTest, ShardsAndAssignmentAreShownWithoutAskingShards) {
  Coordinator coordinator;
  const auto before = Register(coordinator, "a");
  Register(coordinator, "b");
  Context context;
  mta::v1::ShowShardsResponse shards;
  ASSERT_TRUE(coordinator.admin()->ShowShards(&context, {}, &shards).ok());
  ASSERT_EQ(shards.shards_size(), 2);
  EXPECT_EQ(shards.shards(0).state(), mta::v1::SHARD_STATE_LIVE);
  EXPECT_EQ(shards.shards(0).slots(), 2048u);
  EXPECT_EQ(shards.shards(1).slots_pending(), 2048u);

  mta::v1::ShowAssignmentRequest request;
  request.set_site("Example.COM");
  Context one;
  mta::v1::ShowAssignmentResponse assignment;
  ASSERT_TRUE(coordinator.admin()->ShowAssignment(&one, request, &assignment).ok());
  EXPECT_EQ(assignment.slot(), StableHash("example.com") % 4096);
  ASSERT_EQ(assignment.groups_size(), 1);
  EXPECT_EQ(assignment.groups(0).slots_size(), 1);
}

TEST(ServerTest, ForgetIsRefusedForALiveShardAndRepeatsItsAnswer) {
  Coordinator coordinator({.length = Seconds(60)});
  Register(coordinator, "a");
  mta::v1::ForgetShardRequest request;
  request.set_request_id(std::string(32, '2'));
  request.set_name("a");
  mta::v1::ForgetShardResponse response;
  Context live;
  EXPECT_EQ(coordinator.admin()->ForgetShard(&live, request, &response).error_code(),
            StatusCode::FAILED_PRECONDITION);
  mta::v1::LeaveRequest leave;
  *leave.mutable_shard() = RegisterRequest("a", "x:1").shard();
  leave.set_mode(mta::v1::LEAVE_MODE_QUIESCE);
  Context leave_context;
  mta::v1::LeaveResponse left;
  ASSERT_TRUE(coordinator.cluster()->Leave(&leave_context, leave, &left).ok());
  for (int repeat = 0; repeat < 2; ++repeat) {
    Context context;
    const grpc::Status forgotten = coordinator.admin()->ForgetShard(&context, request, &response);
    ASSERT_TRUE(forgotten.ok()) << forgotten.error_message();
    EXPECT_EQ(response.slots_moved(), 4096u);
  }
  request.set_request_id(std::string(32, '3'));
  Context again;
  EXPECT_EQ(coordinator.admin()->ForgetShard(&again, request, &response).error_code(),
            StatusCode::NOT_FOUND);
}

TEST(ServerTest, OnlyLoopbackUnlessInsecureListeningIsAllowed) {
  for (const char* good : {"127.0.0.1:0", "127.1.2.3:70", "localhost:0", "[::1]:0"}) {
    EXPECT_TRUE(CheckListen(good, false).ok()) << good;
  }
  for (const char* exposed : {"0.0.0.0:0", "192.0.2.1:70", "[::]:0", "example.com:1"}) {
    const absl::Status refused = CheckListen(exposed, false);
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << exposed;
    EXPECT_NE(refused.message().find("--allow-insecure-listen"), std::string::npos) << refused;
    EXPECT_TRUE(CheckListen(exposed, true).ok()) << exposed;
  }
  for (const char* bad : {":70", "127.0.0.1", "127.0.0.1:99999", ""}) {
    EXPECT_TRUE(absl::IsInvalidArgument(CheckListen(bad, false))) << bad;
    EXPECT_TRUE(absl::IsInvalidArgument(CheckListen(bad, true))) << bad;
  }
}

TEST(ServerTest, ListensEverywhereWhenAllowed) {
  KernelLoop loop;
  MemoryDisk disk;
  MemoryStore store(loop, disk);
  CoordinatorNode node(loop, store, {.lease = {}, .on_fatal = [](const auto&) {}});
  EXPECT_FALSE(CoordinatorServer::Start("0.0.0.0:0", loop, node, {}).ok());
  const auto open = CoordinatorServer::Start("0.0.0.0:0", loop, node, {}, /*allow_insecure=*/true);
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_EQ((*open)->address().rfind("0.0.0.0:", 0), 0u);
  (*open)->Shutdown(Seconds(1));
}

TEST(ServerTest, PortInUseIsSaid) {
  Coordinator first;
  KernelLoop loop;
  MemoryDisk disk;
  MemoryStore store(loop, disk);
  CoordinatorNode node(loop, store, {.lease = {}, .on_fatal = [](const auto&) {}});
  const auto second = CoordinatorServer::Start(first.address(), loop, node, {});
  EXPECT_TRUE(absl::IsUnavailable(second.status())) << second.status();
}

}  // namespace
}  // namespace convoy::coordinator
