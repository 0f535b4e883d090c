#include "shard/rpc/rpc_server.h"

#include <grpc/support/time.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include <utility>

#include "base/status_macros.h"
#include "base/text.h"
#include "shard/rpc/config_service.h"
#include "shard/rpc/shard_services.h"
#include "shard/rpc/submission_service.h"

namespace convoy::shard {
namespace {

class GrpcServer final : public RpcServer {
 public:
  GrpcServer(IpAddress ip, EventLoop& loop, const RpcHooks& hooks)
      : ip_(ip),
        submission_(MakeSubmissionService(loop, hooks)),
        forwarding_(MakeForwardingService(loop, hooks)),
        admin_(MakeShardAdminService(loop, hooks)),
        config_(MakeConfigTargetService(loop, hooks)) {}

  absl::Status Build(const std::string& listen) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.SetMaxReceiveMessageSize(kMessageBytesMax);
    builder.SetMaxSendMessageSize(kMessageBytesMax);
    for (grpc::Service* service :
         {submission_.get(), forwarding_.get(), admin_.get(), config_.get()}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return absl::UnavailableError(Cat("cannot listen on ", listen, ": is the port in use?"));
    }
    port_ = static_cast<uint16_t>(port);
    return absl::OkStatus();
  }

  std::string address() const override { return Endpoint{ip_, port_}.ToString(); }

  void Shutdown(Duration patience) override {
    server_->Shutdown(gpr_time_from_micros(patience.us, GPR_TIMESPAN));
    server_->Wait();
  }

 private:
  const IpAddress ip_;
  uint16_t port_ = 0;
  std::unique_ptr<grpc::Service> submission_;
  std::unique_ptr<grpc::Service> forwarding_;
  std::unique_ptr<grpc::Service> admin_;
  std::unique_ptr<grpc::Service> config_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

absl::Status CheckRpcListen(const Endpoint& listen, bool allow_insecure) {
  if (listen.ip.is_unspecified()) {
    return absl::InvalidArgumentError(
        Cat("will not listen on ", listen.ToString(),
            ": other shards are told this address, so it must name one interface"));
  }
  if (listen.ip.is_loopback() || allow_insecure) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Cat("will not listen on ", listen.ToString(),
          ": there is no TLS yet, so only loopback (127.0.0.1, ::1) is allowed; on a private ",
          "network give --allow-insecure-listen"));
}

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(std::string_view listen,
                                                            EventLoop& loop, const RpcHooks& hooks,
                                                            bool allow_insecure) {
  ASSIGN_OR_RETURN(const Endpoint endpoint, Endpoint::Parse(listen));
  RETURN_IF_ERROR(CheckRpcListen(endpoint, allow_insecure));
  auto server = std::make_unique<GrpcServer>(endpoint.ip, loop, hooks);
  RETURN_IF_ERROR(server->Build(endpoint.ToString()));
  return server;
}

}  // namespace convoy::shard
