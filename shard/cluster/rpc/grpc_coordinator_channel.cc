#include "shard/cluster/rpc/grpc_coordinator_channel.h"

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/rng.h"
#include "base/text.h"
#include "proto/cluster.grpc.pb.h"
#include "proto/config.grpc.pb.h"

namespace convoy::shard {
namespace {

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

void ToWire(const ShardIncarnation& shard, mta::v1::ShardIncarnation* out) {
  out->set_name(shard.name);
  out->set_uid(shard.uid);
  out->set_incarnation(shard.incarnation);
}

void ToWire(const ShardAnnouncement& announcement, mta::v1::RegisterRequest* out) {
  ToWire(announcement.shard, out->mutable_shard());
  out->set_rpc_address(announcement.rpc_address);
  out->set_smtp_address(announcement.smtp_address);
  out->set_host_id(announcement.host_id);
  out->set_config_fingerprint(announcement.config_fingerprint);
  out->set_config_version(announcement.config_version);
  for (const EgressClaim& claim : announcement.egress) {
    mta::v1::EgressClaim* e = out->add_egress();
    e->set_virtual_mta(claim.vmta);
    for (const std::string& ip : claim.source_ips) e->add_source_ips(ip);
    e->set_through_proxy(claim.through_proxy);
  }
}

LeaseTerms FromWire(const mta::v1::LeaseGrant& in) {
  return {.length = Milliseconds(in.lease_ms()),
          .margin = Milliseconds(in.margin_ms()),
          .fence_on_lease_loss = in.fence_on_lease_loss()};
}

// Sizes and indexes are checked when the table is applied; here only what would not fit.
EgressGroup FromWire(const mta::v1::EgressGroup& in) {
  EgressGroup group{.id = in.id(), .pending = std::vector<bool>(kSlotCount, false)};
  group.vmtas.assign(in.virtual_mtas().begin(), in.virtual_mtas().end());
  for (const uint32_t owner : in.owners()) {
    const bool fits = owner > 0 && owner < EgressGroup::kNoOwner;
    group.owners.push_back(fits ? static_cast<uint16_t>(owner - 1) : EgressGroup::kNoOwner);
  }
  for (const mta::v1::PendingSlot& pending : in.pending()) {
    if (pending.slot() < kSlotCount) group.pending[pending.slot()] = true;
  }
  return group;
}

std::shared_ptr<const AssignmentTable> FromWire(const mta::v1::AssignmentSnapshot& in) {
  auto table = std::make_shared<AssignmentTable>();
  table->version = {.epoch = Epoch(in.epoch()), .version = in.version()};
  table->fence_on_lease_loss = in.fence_on_lease_loss();
  for (const mta::v1::MemberInfo& m : in.members()) {
    table->members.push_back({.name = m.name(),
                              .incarnation = m.incarnation(),
                              .rpc_address = m.rpc_address(),
                              .live = m.live()});
  }
  for (const mta::v1::EgressGroup& g : in.groups()) table->groups.push_back(FromWire(g));
  return table;
}

// Counts the callbacks gRPC still owes. Outlives the channel in their hands.
class Owed {
 public:
  void Add() { count_.fetch_add(1); }
  void Remove() {
    count_.fetch_sub(1);
    count_.notify_all();
  }
  void WaitForNone() {
    for (int now = count_.load(); now > 0; now = count_.load()) count_.wait(now);
  }

 private:
  std::atomic<int> count_{0};
};

// One unary call: request, context and answer live until gRPC has answered.
template <typename Request, typename Response>
struct Call {
  Request request;
  Response response;
  grpc::ClientContext context;
};

// One watch; keeps itself until gRPC is done with it.
class WatchReader final : public grpc::ClientReadReactor<mta::v1::AssignmentSnapshot> {
 public:
  using TableHandler = CoordinatorChannel::TableHandler;
  using EndHandler = CoordinatorChannel::EndHandler;
  // What the loop side shares with the posted work; `closed` is touched on the loop only.
  struct Handlers {
    TableHandler on_table;
    EndHandler on_end;
    bool closed = false;
  };

  WatchReader(EventLoop& loop, std::shared_ptr<Owed> owed, std::shared_ptr<Handlers> handlers)
      : loop_(loop), owed_(std::move(owed)), handlers_(std::move(handlers)) {}

  void Start(mta::v1::Cluster::Stub& stub, mta::v1::WatchAssignmentRequest request,
             std::shared_ptr<WatchReader> self) {
    request_ = std::move(request);
    self_ = std::move(self);
    owed_->Add();
    stub.async()->WatchAssignment(&context_, &request_, this);
    StartRead(&snapshot_);
    StartCall();
  }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    loop_.Post([handlers = handlers_, table = FromWire(snapshot_)]() mutable {
      if (!handlers->closed) handlers->on_table(std::move(table));
    });
    StartRead(&snapshot_);
  }
  void OnDone(const grpc::Status& status) override {
    loop_.Post([handlers = handlers_, end = FromGrpc(status)] {
      if (std::exchange(handlers->closed, true)) return;
      handlers->on_end(end.ok() ? absl::UnavailableError("the watch was closed") : end);
    });
    const std::shared_ptr<Owed> owed = owed_;
    self_.reset();  // may delete this
    owed->Remove();
  }

 private:
  EventLoop& loop_;
  std::shared_ptr<Owed> owed_;
  std::shared_ptr<Handlers> handlers_;
  grpc::ClientContext context_;
  mta::v1::WatchAssignmentRequest request_;
  mta::v1::AssignmentSnapshot snapshot_;
  std::shared_ptr<WatchReader> self_;
};

// A configuration has up to 8 MiB, a table less.
constexpr int kAnswerBytesMax = 16 << 20;

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // A dead peer is found out within a lease, also when the host vanished without a word.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 5000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

class GrpcCoordinatorChannel final : public CoordinatorChannel {
 public:
  GrpcCoordinatorChannel(EventLoop& loop, const GrpcCoordinatorChannelOptions& options)
      : loop_(loop),
        channel_(Connect(options.address)),
        stub_(mta::v1::Cluster::NewStub(channel_)),
        config_stub_(mta::v1::ConfigSource::NewStub(channel_)),
        rng_(options.request_seed) {}

  ~GrpcCoordinatorChannel() override {
    CloseWatch();
    for (grpc::ClientContext* context : *open_) context->TryCancel();
    owed_->WaitForNone();
  }

  void Register(const ShardAnnouncement& announcement, Epoch highest, Duration deadline,
                Done<RegisterReply> done) override {
    auto call = NewCall<mta::v1::RegisterRequest, mta::v1::RegisterResponse>(highest, deadline);
    call->request.set_request_id(RequestId());
    ToWire(announcement, &call->request);
    auto finish = Finisher<RegisterReply>(call, std::move(done),
                                          [](const mta::v1::RegisterResponse& in) -> RegisterReply {
                                            return {.epoch = Epoch(in.lease().epoch()),
                                                    .lease = FromWire(in.lease()),
                                                    .table = FromWire(in.assignment()),
                                                    .config_version = in.lease().config_version()};
                                          });
    stub_->async()->Register(&call->context, &call->request, &call->response, std::move(finish));
  }

  void Renew(const ShardIncarnation& shard, Epoch highest, TableVersion applied, Duration deadline,
             Done<RenewReply> done) override {
    auto call = NewCall<mta::v1::RenewRequest, mta::v1::RenewResponse>(highest, deadline);
    call->request.set_request_id(RequestId());
    ToWire(shard, call->request.mutable_shard());
    call->request.set_applied_epoch(applied.epoch.value());
    call->request.set_applied_version(applied.version);
    auto finish = Finisher<RenewReply>(call, std::move(done),
                                       [](const mta::v1::RenewResponse& in) -> RenewReply {
                                         return {.epoch = Epoch(in.lease().epoch()),
                                                 .lease = FromWire(in.lease()),
                                                 .granted = in.lease().granted(),
                                                 .newest_version = in.version(),
                                                 .config_version = in.lease().config_version()};
                                       });
    stub_->async()->Renew(&call->context, &call->request, &call->response, std::move(finish));
  }

  void Leave(const ShardIncarnation& shard, Epoch highest, LeaveMode mode, Duration deadline,
             Done<Epoch> done) override {
    auto call = NewCall<mta::v1::LeaveRequest, mta::v1::LeaveResponse>(highest, deadline);
    call->request.set_request_id(RequestId());
    ToWire(shard, call->request.mutable_shard());
    call->request.set_mode(mode == LeaveMode::kQuiesce ? mta::v1::LEAVE_MODE_QUIESCE
                                                       : mta::v1::LEAVE_MODE_RELEASE);
    auto finish = Finisher<Epoch>(
        call, std::move(done), [](const mta::v1::LeaveResponse& in) { return Epoch(in.epoch()); });
    stub_->async()->Leave(&call->context, &call->request, &call->response, std::move(finish));
  }

  void FetchConfig(const ShardIncarnation& shard, uint64_t version, Duration deadline,
                   Done<ConfigVersion> done) override {
    auto call = Track<mta::v1::FetchConfigRequest, mta::v1::VersionedConfig>(deadline);
    call->request.set_shard(shard.name);
    call->request.set_version(version);
    auto finish = Finisher<ConfigVersion>(
        call, std::move(done), [](const mta::v1::VersionedConfig& in) -> ConfigVersion {
          return {.version = in.version(), .digest = in.digest(), .bundle = in.bundle()};
        });
    config_stub_->async()->FetchConfig(&call->context, &call->request, &call->response,
                                       std::move(finish));
  }

  void OpenWatch(const ShardIncarnation& shard, Epoch highest, TableHandler on_table,
                 EndHandler on_end) override {
    CloseWatch();
    handlers_ = std::make_shared<WatchReader::Handlers>();
    handlers_->on_table = std::move(on_table);
    handlers_->on_end = std::move(on_end);
    auto reader = std::make_shared<WatchReader>(loop_, owed_, handlers_);
    watch_ = reader;
    mta::v1::WatchAssignmentRequest request;
    ToWire(shard, request.mutable_shard());
    request.set_epoch(highest.value());
    WatchReader& started = *reader;
    started.Start(*stub_, std::move(request), std::move(reader));
  }

  void CloseWatch() override {
    if (handlers_ != nullptr) handlers_->closed = true;
    handlers_ = nullptr;
    if (const auto reader = watch_.lock()) reader->Cancel();
    watch_.reset();
  }

 private:
  template <typename Request, typename Response>
  std::shared_ptr<Call<Request, Response>> NewCall(Epoch highest, Duration deadline) {
    auto call = Track<Request, Response>(deadline);
    call->request.set_epoch(highest.value());
    return call;
  }

  template <typename Request, typename Response>
  std::shared_ptr<Call<Request, Response>> Track(Duration deadline) {
    auto call = std::make_shared<Call<Request, Response>>();
    // A time span is counted from when the call starts.
    call->context.set_deadline(gpr_time_from_micros(deadline.us, GPR_TIMESPAN));
    open_->insert(&call->context);
    owed_->Add();
    return call;
  }

  // What gRPC calls with the answer: turns it into a value and hands it to the loop.
  template <typename Reply, typename CallPointer, typename Convert>
  std::function<void(grpc::Status)> Finisher(CallPointer call, Done<Reply> done, Convert convert) {
    // std::function must be copyable, the handler is not.
    auto handler = std::make_shared<Done<Reply>>(std::move(done));
    return [this_loop = &loop_, owed = owed_, open = std::weak_ptr(open_), call, handler,
            convert](const grpc::Status& status) {
      absl::StatusOr<Reply> reply =
          status.ok() ? absl::StatusOr<Reply>(convert(call->response)) : FromGrpc(status);
      this_loop->Post([open, call, handler, reply = std::move(reply)]() mutable {
        const auto alive = open.lock();
        if (alive == nullptr) return;
        alive->erase(&call->context);
        (*handler)(std::move(reply));
      });
      owed->Remove();
    };
  }

  std::string RequestId() {
    std::string bytes;
    for (int i = 0; i < 2; ++i) {
      const uint64_t half = rng_.Next();
      bytes.append(reinterpret_cast<const char*>(&half), sizeof half);
    }
    return HexEncode(bytes);
  }

  EventLoop& loop_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<mta::v1::Cluster::Stub> stub_;
  const std::unique_ptr<mta::v1::ConfigSource::Stub> config_stub_;
  Rng rng_;
  const std::shared_ptr<Owed> owed_ = std::make_shared<Owed>();
  // Contexts of calls not yet answered. Gone with the channel: later answers are dropped.
  std::shared_ptr<std::set<grpc::ClientContext*>> open_ =
      std::make_shared<std::set<grpc::ClientContext*>>();
  std::shared_ptr<WatchReader::Handlers> handlers_;
  std::weak_ptr<WatchReader> watch_;
};

}  // namespace

std::unique_ptr<CoordinatorChannel> MakeGrpcCoordinatorChannel(
    EventLoop& loop, GrpcCoordinatorChannelOptions options) {
  return std::make_unique<GrpcCoordinatorChannel>(loop, options);
}

}  // namespace convoy::shard
