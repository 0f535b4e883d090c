#include "coordinator/services/admin_service.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "coordinator/services/queue_page.h"
#include "coordinator/services/shard_fanout.h"
#include "coordinator/services/wire.h"
#include "proto/admin.grpc.pb.h"

namespace convoy::coordinator {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

constexpr size_t kRememberedMax = 1000;

template <typename Errors>
void PutErrors(std::vector<mta::v1::ShardError> errors, Errors* out) {
  for (mta::v1::ShardError& error : errors) *out->Add() = std::move(error);
}

// The reason, when no shard did what was asked and one said why not. A shard that cannot be reached
// gives no reason: the answer then names it.
grpc::Status RefusedByAll(const Gathered<mta::v1::ChangeShardQueueResponse>& gathered) {
  if (!gathered.answers.empty()) return grpc::Status::OK;
  for (const mta::v1::ShardError& error : gathered.errors) {
    const auto code = static_cast<grpc::StatusCode>(error.code());
    if (code == grpc::StatusCode::FAILED_PRECONDITION ||
        code == grpc::StatusCode::INVALID_ARGUMENT) {
      return grpc::Status(code, Cat(error.shard(), " at ", error.message()));
    }
  }
  return grpc::Status::OK;
}

class AdminService final : public mta::v1::Admin::CallbackService {
 public:
  AdminService(EventLoop& loop, CoordinatorNode& node, Build build)
      : loop_(loop), node_(node), build_(std::move(build)) {}

  ServerUnaryReactor* ShowStatus(CallbackServerContext* context, const mta::v1::ShowStatusRequest*,
                                 mta::v1::ShowStatusResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    OnLoop([this, reactor, response](const NodeStatus& node) {
      FillStatus(node, build_, response->mutable_coordinator());
      AskAll<mta::v1::ShardStatus>(
          node, &ShardAdminAsync::GetStatus, mta::v1::GetShardStatusRequest(),
          [reactor, response](Gathered<mta::v1::ShardStatus> gathered) {
            for (auto& [name, status] : gathered.answers)
              *response->add_shards() = std::move(status);
            PutErrors(std::move(gathered.errors), response->mutable_unreachable());
            reactor->Finish(grpc::Status::OK);
          });
    });
    return reactor;
  }

  ServerUnaryReactor* ShowShards(CallbackServerContext* context, const mta::v1::ShowShardsRequest*,
                                 mta::v1::ShowShardsResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    OnLoop([this, reactor, response](const NodeStatus& node) {
      FillShards(node, build_, response);
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

  ServerUnaryReactor* ShowAssignment(CallbackServerContext* context,
                                     const mta::v1::ShowAssignmentRequest* request,
                                     mta::v1::ShowAssignmentResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    OnLoop([reactor, response, site = Lower(request->site())](const NodeStatus& node) {
      FillAssignment(*node.table, site, response);
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

  ServerUnaryReactor* ShowQueues(CallbackServerContext* context,
                                 const mta::v1::ShowQueuesRequest* request,
                                 mta::v1::ShowQueuesResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    mta::v1::ListQueuesRequest asked;
    const absl::Status checked = ToListRequest(*request, &asked);
    if (!checked.ok()) {
      reactor->Finish(ToGrpc(checked));
      return reactor;
    }
    OnLoop([this, reactor, response, asked = std::move(asked)](const NodeStatus& node) {
      AskAll<mta::v1::ListQueuesResponse>(
          node, &ShardAdminAsync::ListQueues, asked,
          [reactor, response, asked](Gathered<mta::v1::ListQueuesResponse> gathered) {
            std::vector<mta::v1::QueueRow> rows;
            bool more = false;
            for (auto& [name, page] : gathered.answers) {
              for (mta::v1::QueueRow& row : *page.mutable_queues()) {
                if (row.shard().empty()) row.set_shard(name);
                rows.push_back(std::move(row));
              }
              more = more || page.more();
            }
            MergePage(asked, std::move(rows), more, response);
            PutErrors(std::move(gathered.errors), response->mutable_unreachable());
            reactor->Finish(grpc::Status::OK);
          });
    });
    return reactor;
  }

  ServerUnaryReactor* PauseQueue(CallbackServerContext* context,
                                 const mta::v1::ChangeQueueRequest* request,
                                 mta::v1::ChangeQueueResponse* response) override {
    return ChangeQueue(&ShardAdminAsync::PauseQueue, context, *request, response);
  }

  ServerUnaryReactor* ResumeQueue(CallbackServerContext* context,
                                  const mta::v1::ChangeQueueRequest* request,
                                  mta::v1::ChangeQueueResponse* response) override {
    return ChangeQueue(&ShardAdminAsync::ResumeQueue, context, *request, response);
  }

  ServerUnaryReactor* SetQueueMode(CallbackServerContext* context,
                                   const mta::v1::ChangeQueueRequest* request,
                                   mta::v1::ChangeQueueResponse* response) override {
    if (request->mode() != mta::v1::QUEUE_MODE_NORMAL &&
        request->mode() != mta::v1::QUEUE_MODE_BACKOFF) {
      ServerUnaryReactor* reactor = context->DefaultReactor();
      reactor->Finish(ToGrpc(absl::InvalidArgumentError("mode is neither normal nor backoff")));
      return reactor;
    }
    return ChangeQueue(&ShardAdminAsync::SetQueueMode, context, *request, response);
  }

  ServerUnaryReactor* ForgetShard(CallbackServerContext* context,
                                  const mta::v1::ForgetShardRequest* request,
                                  mta::v1::ForgetShardResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, response, asked = *request] {
      const auto done = forgotten_.find(asked.request_id());
      if (done != forgotten_.end()) {
        *response = done->second;
        return reactor->Finish(grpc::Status::OK);
      }
      node_.Forget(Epoch(asked.epoch()), asked.name(),
                   [this, reactor, response,
                    id = asked.request_id()](const absl::StatusOr<ForgetAnswer>& answer) {
                     if (answer.ok()) {
                       response->set_slots_moved(answer->slots_moved);
                       response->set_epoch(answer->version.epoch.value());
                       response->set_version(answer->version.version);
                       Remember(id, *response);
                     }
                     reactor->Finish(ToGrpc(answer.status()));
                   });
    });
    return reactor;
  }

 private:
  template <typename Request, typename Response>
  using Method = void (ShardAdminAsync::*)(grpc::ClientContext*, const Request*, Response*,
                                           std::function<void(grpc::Status)>);

  void OnLoop(absl::AnyInvocable<void(const NodeStatus&)> work) {
    loop_.Post([this, work = std::move(work)]() mutable { work(node_.Describe()); });
  }

  template <typename Response, typename Request>
  void AskAll(const NodeStatus& node, Method<Request, Response> method, Request request,
              absl::AnyInvocable<void(Gathered<Response>)> done) {
    std::vector<ShardAddress> members;
    for (const MemberStatus& m : node.members) {
      members.push_back(
          {.name = m.record.info.shard.name, .rpc_address = m.record.info.rpc_address});
    }
    channels_.Keep(members);
    FanOut<Response>(channels_, members, method, std::move(request), kShardDeadline,
                     std::move(done));
  }

  ServerUnaryReactor* ChangeQueue(
      Method<mta::v1::ChangeQueueRequest, mta::v1::ChangeShardQueueResponse> method,
      CallbackServerContext* context, const mta::v1::ChangeQueueRequest& request,
      mta::v1::ChangeQueueResponse* response) {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    const absl::Status checked = CheckChange(request);
    if (!checked.ok()) {
      reactor->Finish(ToGrpc(checked));
      return reactor;
    }
    OnLoop([this, reactor, response, method, asked = request](const NodeStatus& node) {
      if (node.members.empty()) {
        return reactor->Finish(ToGrpc(absl::FailedPreconditionError(
            "no shard has registered yet: there is nobody to keep this change")));
      }
      mta::v1::ChangeQueueRequest fenced = asked;
      fenced.set_epoch(std::max(fenced.epoch(), node.epoch.value()));
      AskAll<mta::v1::ChangeShardQueueResponse>(
          node, method, fenced,
          [reactor, response](Gathered<mta::v1::ChangeShardQueueResponse> gathered) {
            const grpc::Status refused = RefusedByAll(gathered);
            if (!refused.ok()) return reactor->Finish(refused);
            uint64_t matched = 0;
            for (const auto& [name, answer] : gathered.answers) {
              matched += answer.matched();
              response->add_applied(name);
            }
            response->set_matched(matched);
            PutErrors(std::move(gathered.errors), response->mutable_unreachable());
            reactor->Finish(grpc::Status::OK);
          });
    });
    return reactor;
  }

  // A retry of a call that succeeded gets the same answer.
  void Remember(const std::string& request_id, const mta::v1::ForgetShardResponse& answer) {
    if (request_id.empty()) return;
    if (forgotten_.size() >= kRememberedMax) forgotten_.clear();
    forgotten_[request_id] = answer;
  }

  EventLoop& loop_;
  CoordinatorNode& node_;
  const Build build_;
  ShardChannels channels_;
  std::map<std::string, mta::v1::ForgetShardResponse> forgotten_;  // loop only
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAdminService(EventLoop& loop, CoordinatorNode& node,
                                                Build build) {
  return std::make_unique<AdminService>(loop, node, std::move(build));
}

}  // namespace convoy::coordinator
