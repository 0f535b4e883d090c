#include "coordinator/services/config_service.h"

#include <grpcpp/grpcpp.h>

#include <string>
#include <utility>

#include "base/text.h"
#include "coordinator/services/config_targets.h"
#include "coordinator/services/config_wire.h"
#include "coordinator/services/wire.h"
#include "proto/config.grpc.pb.h"

namespace convoy::coordinator {
namespace {

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

class ConfigAdminService final : public mta::v1::ConfigAdmin::CallbackService {
 public:
  ConfigAdminService(EventLoop& loop, CoordinatorNode& node, ReloadRunner& runner)
      : loop_(loop), node_(node), runner_(runner), targets_(loop) {}

  ServerUnaryReactor* Reload(CallbackServerContext* context, const mta::v1::ReloadRequest* request,
                             mta::v1::ReloadResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, response, asked = *request] {
      runner_.Reload(asked.who(), asked.comment(), Finisher(reactor, response));
    });
    return reactor;
  }

  ServerUnaryReactor* Rollback(CallbackServerContext* context,
                               const mta::v1::RollbackRequest* request,
                               mta::v1::ReloadResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, response, asked = *request] {
      runner_.Rollback(asked.version(), asked.who(), asked.comment(), Finisher(reactor, response));
    });
    return reactor;
  }

  ServerUnaryReactor* History(CallbackServerContext* context, const mta::v1::HistoryRequest*,
                              mta::v1::HistoryResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, response] {
      const auto& all = node_.configs().all();
      for (auto it = all.rbegin(); it != all.rend(); ++it) {
        ToWire(*it->second, node_.configs().current_version(), response->add_versions());
      }
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

  ServerUnaryReactor* ShowConfig(CallbackServerContext* context, const mta::v1::ShowConfigRequest*,
                                 mta::v1::ShowConfigResponse* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, response] { Show(reactor, response); });
    return reactor;
  }

 private:
  static ReloadRunner::Done Finisher(ServerUnaryReactor* reactor,
                                     mta::v1::ReloadResponse* response) {
    return [reactor, response](absl::StatusOr<mta::v1::ReloadResponse> answer) {
      if (answer.ok()) *response = *std::move(answer);
      reactor->Finish(ToGrpc(answer.status()));
    };
  }

  void Show(ServerUnaryReactor* reactor, mta::v1::ShowConfigResponse* response) {
    response->set_file(config::Printable(runner_.config_file()));
    const uint64_t version = node_.configs().current_version();
    if (const ConfigRecordPtr current = node_.configs().current(); current != nullptr) {
      ToWire(*current, version, response->mutable_current());
    }
    const NodeStatus node = node_.Describe();
    auto open = std::make_shared<size_t>(node.members.size());
    if (*open == 0) return reactor->Finish(grpc::Status::OK);
    for (const MemberStatus& member : node.members) {
      const Announcement& info = member.record.info;
      mta::v1::ShardConfig* row = response->add_shards();
      row->set_shard(info.shard.name);
      row->mutable_running()->set_version(info.config_version);
      row->mutable_running()->set_fingerprint(info.config_fingerprint);
    }
    for (size_t i = 0; i < node.members.size(); ++i) {
      mta::v1::ShardConfig* row = response->mutable_shards(static_cast<int>(i));
      targets_.Call<mta::v1::GetConfigRequest, mta::v1::RunningConfig>(
          node.members[i].record.info.rpc_address, &ConfigTargets::Async::GetConfig, {},
          kConfigDeadline,
          [reactor, open, row](const grpc::Status& status, const mta::v1::RunningConfig& answer) {
            if (status.ok()) *row->mutable_running() = answer;
            if (!status.ok()) row->set_unreachable(Escape(status.error_message()));
            if (--*open == 0) reactor->Finish(grpc::Status::OK);
          });
    }
  }

  EventLoop& loop_;
  CoordinatorNode& node_;
  ReloadRunner& runner_;
  ConfigTargets targets_;
};

class ConfigSourceService final : public mta::v1::ConfigSource::CallbackService {
 public:
  ConfigSourceService(EventLoop& loop, CoordinatorNode& node) : loop_(loop), node_(node) {}

  ServerUnaryReactor* FetchConfig(CallbackServerContext* context,
                                  const mta::v1::FetchConfigRequest* request,
                                  mta::v1::VersionedConfig* response) override {
    ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, response, version = request->version()] {
      const ConfigRecordPtr record = node_.configs().Find(version);
      if (record == nullptr) {
        return reactor->Finish(
            ToGrpc(absl::NotFoundError(Cat("configuration ", version, " is not kept, current is ",
                                           node_.configs().current_version()))));
      }
      response->set_version(version);
      response->set_digest(config::DigestOf(record->bundle));
      response->set_bundle(record->bundle);
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

 private:
  EventLoop& loop_;
  CoordinatorNode& node_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeConfigAdminService(EventLoop& loop, CoordinatorNode& node,
                                                      ReloadRunner& runner) {
  return std::make_unique<ConfigAdminService>(loop, node, runner);
}

std::unique_ptr<grpc::Service> MakeConfigSourceService(EventLoop& loop, CoordinatorNode& node) {
  return std::make_unique<ConfigSourceService>(loop, node);
}

}  // namespace convoy::coordinator
