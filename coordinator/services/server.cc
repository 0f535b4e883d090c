#include "coordinator/services/server.h"

#include <grpc/support/time.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>

#include <optional>
#include <utility>

#include "base/ip_address.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "coordinator/services/admin_service.h"
#include "coordinator/services/cluster_service.h"
#include "coordinator/services/config_service.h"
#include "coordinator/services/reload_runner.h"

namespace convoy::coordinator {
namespace {

constexpr int kRequestBytesMax = 4 << 20;

class GrpcServer final : public CoordinatorServer {
 public:
  GrpcServer(std::string host, EventLoop& loop, CoordinatorNode& node, Build build)
      : host_(std::move(host)),
        runner_(loop, node, build.config_file),
        cluster_(MakeClusterService(loop, node)),
        config_admin_(MakeConfigAdminService(loop, node, runner_)),
        config_source_(MakeConfigSourceService(loop, node)),
        admin_(MakeAdminService(loop, node, std::move(build))) {}

  absl::Status Build(std::string_view listen) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(std::string(listen), grpc::InsecureServerCredentials(), &port);
    // Two coordinators on one port must not share it.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    // Shards keep their watches alive with pings.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.SetMaxReceiveMessageSize(kRequestBytesMax);
    for (grpc::Service* service :
         {cluster_.get(), admin_.get(), config_admin_.get(), config_source_.get()}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return absl::UnavailableError(Cat("cannot listen on ", listen, ": is the port in use?"));
    }
    port_ = port;
    return absl::OkStatus();
  }

  std::string address() const override { return Cat(host_, ":", port_); }

  void Shutdown(Duration patience) override {
    server_->Shutdown(gpr_time_from_micros(patience.us, GPR_TIMESPAN));
    server_->Wait();
  }

 private:
  const std::string host_;
  int port_ = 0;
  ReloadRunner runner_;
  std::unique_ptr<grpc::Service> cluster_;
  std::unique_ptr<grpc::Service> config_admin_;
  std::unique_ptr<grpc::Service> config_source_;
  std::unique_ptr<grpc::Service> admin_;
  std::unique_ptr<grpc::Server> server_;
};

// The host of HOST:PORT, brackets kept; nullopt if it is not that.
std::optional<std::string_view> HostOf(std::string_view listen) {
  const size_t colon = listen.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const auto port = ParseUint(listen.substr(colon + 1));
  if (!port.has_value() || *port > 65535) return std::nullopt;
  return listen.substr(0, colon);
}

}  // namespace

absl::Status CheckListen(std::string_view listen, bool allow_insecure) {
  const auto host = HostOf(listen);
  if (!host.has_value()) {
    return absl::InvalidArgumentError(
        Cat("'", Escape(listen), "' is no listening address: expected HOST:PORT"));
  }
  if (allow_insecure || *host == "localhost") return absl::OkStatus();
  std::string_view bare = *host;
  if (bare.starts_with('[') && bare.ends_with(']')) bare = bare.substr(1, bare.size() - 2);
  const absl::StatusOr<IpAddress> ip = IpAddress::Parse(bare);
  if (ip.ok() && ip->is_loopback()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Cat("will not listen on ", Escape(listen),
          ": there is no TLS yet, so only loopback (127.0.0.1, ::1, localhost) is allowed; on a ",
          "private network give --allow-insecure-listen"));
}

absl::StatusOr<std::unique_ptr<CoordinatorServer>> CoordinatorServer::Start(std::string_view listen,
                                                                            EventLoop& loop,
                                                                            CoordinatorNode& node,
                                                                            Build build,
                                                                            bool allow_insecure) {
  RETURN_IF_ERROR(CheckListen(listen, allow_insecure));
  const std::string host(*HostOf(listen));
  auto server = std::make_unique<GrpcServer>(host, loop, node, std::move(build));
  RETURN_IF_ERROR(server->Build(listen));
  return server;
}

}  // namespace convoy::coordinator
