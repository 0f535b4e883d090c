#include "shard/rpc/config_service.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "proto/config.grpc.pb.h"

namespace convoy::shard {
namespace {

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

// A protobuf string is UTF-8, and a file may hold anything.
void Fill(const config::Diagnostic& diagnostic, mta::v1::ConfigDiagnostic* out) {
  out->set_error(diagnostic.severity == config::Severity::kError);
  out->set_file(config::Printable(diagnostic.where.file));
  out->set_line(static_cast<uint32_t>(diagnostic.where.line));
  out->set_column(static_cast<uint32_t>(diagnostic.where.column));
  out->set_message(config::Printable(diagnostic.message.text()));
  out->set_hint(config::Printable(diagnostic.hint.text()));
}

class ConfigTargetService final : public mta::v1::ConfigTarget::CallbackService {
 public:
  ConfigTargetService(EventLoop& loop, const RpcHooks& hooks) : loop_(loop), hooks_(hooks) {}

  grpc::ServerUnaryReactor* PrepareConfig(grpc::CallbackServerContext* context,
                                          const mta::v1::PrepareConfigRequest* request,
                                          mta::v1::PrepareConfigResponse* out) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    ConfigVersion version{.version = request->config().version(),
                          .digest = request->config().digest(),
                          .bundle = request->config().bundle()};
    loop_.Post(
        [this, reactor, out, epoch = request->epoch(), version = std::move(version)]() mutable {
          if (const absl::Status fenced = hooks_.fenced(epoch); !fenced.ok()) {
            return reactor->Finish(ToGrpc(fenced));
          }
          hooks_.prepare_config(std::move(version), [reactor, out](const PreparedConfig& prepared) {
            out->set_ok(prepared.ok);
            for (const config::Diagnostic& d : prepared.diagnostics)
              Fill(d, out->add_diagnostics());
            reactor->Finish(grpc::Status::OK);
          });
        });
    return reactor;
  }

  grpc::ServerUnaryReactor* CommitConfig(grpc::CallbackServerContext* context,
                                         const mta::v1::CommitConfigRequest* request,
                                         mta::v1::CommitConfigResponse*) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, asked = *request] {
      if (const absl::Status fenced = hooks_.fenced(asked.epoch()); !fenced.ok()) {
        return reactor->Finish(ToGrpc(fenced));
      }
      hooks_.commit_config(asked.version(), asked.digest(), [reactor](const absl::Status& status) {
        reactor->Finish(ToGrpc(status));
      });
    });
    return reactor;
  }

  grpc::ServerUnaryReactor* AbortConfig(grpc::CallbackServerContext* context,
                                        const mta::v1::CommitConfigRequest* request,
                                        mta::v1::AbortConfigResponse*) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, asked = *request] {
      const absl::Status fenced = hooks_.fenced(asked.epoch());
      if (fenced.ok()) hooks_.abort_config(asked.version(), asked.digest());
      reactor->Finish(ToGrpc(fenced));
    });
    return reactor;
  }

  grpc::ServerUnaryReactor* GetConfig(grpc::CallbackServerContext* context,
                                      const mta::v1::GetConfigRequest*,
                                      mta::v1::RunningConfig* out) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, out] {
      const RunningConfig running = hooks_.running_config();
      out->set_version(running.version);
      out->set_fingerprint(running.fingerprint);
      out->set_since_unix_ms(running.since_ms);
      out->set_problem(config::Printable(running.problem));
      for (const std::string& name : running.pending_restart) out->add_pending_restart(name);
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

 private:
  EventLoop& loop_;
  const RpcHooks& hooks_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeConfigTargetService(EventLoop& loop, const RpcHooks& hooks) {
  return std::make_unique<ConfigTargetService>(loop, hooks);
}

}  // namespace convoy::shard
