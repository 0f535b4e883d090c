#include "coordinator/services/cluster_service.h"

#include <grpcpp/grpcpp.h>

#include <optional>
#include <utility>

#include "coordinator/services/wire.h"
#include "proto/cluster.grpc.pb.h"

namespace convoy::coordinator {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// One open watch. Everything but the three On...() runs on the loop; gRPC's threads post to it. At
// most one write is in flight; of the tables that come meanwhile only the newest is sent.
class WatchStream final : public grpc::ServerWriteReactor<mta::v1::AssignmentSnapshot> {
 public:
  WatchStream(EventLoop& loop, CoordinatorNode& node, ShardIncarnation shard)
      : loop_(loop), node_(node) {
    loop_.Post([this, shard = std::move(shard)] { Open(shard); });
  }
  void OnWriteDone(bool ok) override {
    loop_.Post([this, ok] { Written(ok); });
  }
  void OnCancel() override {
    loop_.Post([this] { End(grpc::Status::CANCELLED); });
  }
  // Work posted before still refers to this object, so it goes last.
  void OnDone() override {
    loop_.Post([this] { delete this; });
  }

 private:
  void Open(const ShardIncarnation& shard) {
    if (ended_) return;
    fence_ = node_.Describe().terms.fence_on_lease_loss;
    watcher_ = node_.Watch(
        shard,
        [this](std::shared_ptr<const AssignmentTable> table) {
          next_ = std::move(table);
          WriteNext();
        },
        [this](const absl::Status& status) { End(ToGrpc(status)); });
  }
  void WriteNext() {
    if (ended_ || writing_ || next_ == nullptr) return;
    snapshot_.Clear();
    ToWire(*std::exchange(next_, nullptr), fence_, &snapshot_);
    writing_ = true;
    StartWrite(&snapshot_);
  }
  void Written(bool ok) {
    writing_ = false;
    if (!ok) return End(grpc::Status::CANCELLED);
    WriteNext();
  }
  void End(const grpc::Status& status) {
    if (ended_) return;
    ended_ = true;
    node_.Unwatch(watcher_);
    Finish(status);
  }

  EventLoop& loop_;
  CoordinatorNode& node_;
  WatcherId watcher_;
  bool fence_ = false;
  bool writing_ = false;
  bool ended_ = false;
  std::shared_ptr<const AssignmentTable> next_;
  mta::v1::AssignmentSnapshot snapshot_;
};

class ClusterService final : public mta::v1::Cluster::CallbackService {
 public:
  ClusterService(EventLoop& loop, CoordinatorNode& node) : loop_(loop), node_(node) {}

  ServerUnaryReactor* Register(CallbackServerContext* context,
                               const mta::v1::RegisterRequest* request,
                               mta::v1::RegisterResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, response, highest = Epoch(request->epoch()),
                announcement = FromWire(*request)]() mutable {
      node_.Register(highest, std::move(announcement),
                     [reactor, response](const absl::StatusOr<RegisterAnswer>& answer) {
                       if (answer.ok()) {
                         const bool fence = answer->lease.terms.fence_on_lease_loss;
                         ToWire(answer->lease, response->mutable_lease());
                         ToWire(*answer->table, fence, response->mutable_assignment());
                       }
                       reactor->Finish(ToGrpc(answer.status()));
                     });
    });
    return reactor;
  }

  ServerUnaryReactor* Renew(CallbackServerContext* context, const mta::v1::RenewRequest* request,
                            mta::v1::RenewResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    const TableVersion applied{.epoch = Epoch(request->applied_epoch()),
                               .version = request->applied_version()};
    loop_.Post([this, reactor, response, applied, highest = Epoch(request->epoch()),
                shard = FromWire(request->shard())] {
      node_.Renew(highest, shard, applied,
                  [reactor, response](const absl::StatusOr<RenewAnswer>& answer) {
                    if (answer.ok()) {
                      ToWire(answer->lease, response->mutable_lease());
                      response->set_version(answer->newest_version);
                    }
                    reactor->Finish(ToGrpc(answer.status()));
                  });
    });
    return reactor;
  }

  grpc::ServerWriteReactor<mta::v1::AssignmentSnapshot>* WatchAssignment(
      CallbackServerContext*, const mta::v1::WatchAssignmentRequest* request) override {
    return new WatchStream(loop_, node_, FromWire(request->shard()));
  }

  ServerUnaryReactor* Leave(CallbackServerContext* context, const mta::v1::LeaveRequest* request,
                            mta::v1::LeaveResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    const absl::StatusOr<LeaveMode> mode = FromWire(request->mode());
    if (!mode.ok()) {
      reactor->Finish(ToGrpc(mode.status()));
      return reactor;
    }
    loop_.Post([this, reactor, response, mode = *mode, highest = Epoch(request->epoch()),
                shard = FromWire(request->shard())] {
      node_.Leave(highest, shard, mode, [reactor, response](const absl::StatusOr<Epoch>& answer) {
        if (answer.ok()) response->set_epoch(answer->value());
        reactor->Finish(ToGrpc(answer.status()));
      });
    });
    return reactor;
  }

 private:
  EventLoop& loop_;
  CoordinatorNode& node_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeClusterService(EventLoop& loop, CoordinatorNode& node) {
  return std::make_unique<ClusterService>(loop, node);
}

}  // namespace convoy::coordinator
