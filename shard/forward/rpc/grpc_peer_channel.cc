#include "shard/forward/rpc/grpc_peer_channel.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "proto/forward.grpc.pb.h"
#include "shard/forward/rpc/forward_codec.h"

namespace convoy::shard {

class GrpcPeerChannel::Peer {
 public:
  explicit Peer(const std::string& address) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxSendMessageSize(kMessageBytesMax);
    arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
    // A peer that restarts should be found again at once, not after gRPC's 20 s of backoff.
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    stub_ = mta::v1::Forwarding::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }
  mta::v1::Forwarding::Stub& stub() { return *stub_; }

 private:
  std::unique_ptr<mta::v1::Forwarding::Stub> stub_;
};

namespace {

struct Call {
  grpc::ClientContext context;
  mta::v1::ForwardBatch request;
  mta::v1::ForwardAck answer;
  ForwardDone done;
};

}  // namespace

GrpcPeerChannel::GrpcPeerChannel(EventLoop& loop)
    : loop_(loop), alive_(std::make_shared<bool>(true)) {}

GrpcPeerChannel::~GrpcPeerChannel() { *alive_ = false; }

void GrpcPeerChannel::Forward(const std::string& address, std::shared_ptr<const ForwardBatch> batch,
                              Duration deadline, ForwardDone done) {
  std::shared_ptr<Peer>& peer = peers_[address];
  if (peer == nullptr) peer = std::make_shared<Peer>(address);
  auto call = std::make_shared<Call>();
  call->done = std::move(done);
  ToProto(*batch, &call->request);
  call->context.set_deadline(
      gpr_time_from_micros((loop_.WallNow() + deadline).us, GPR_CLOCK_REALTIME));
  peer->stub().async()->Forward(
      &call->context, &call->request, &call->answer,
      [call, peer, &loop = loop_, alive = alive_](const grpc::Status& status) {
        absl::Status result(static_cast<absl::StatusCode>(status.error_code()),
                            status.error_message());
        loop.Post([call, alive, result = std::move(result)] {
          if (!*alive) return;
          const auto& repeated = call->answer.repeated_recipients();
          auto done = std::exchange(call->done, nullptr);
          if (!result.ok()) return done(result);
          done(ForwardAnswer{{repeated.begin(), repeated.end()}});
        });
      });
}

}  // namespace convoy::shard
