#include "coordinator/services/config_targets.h"

#include "coordinator/services/shard_fanout.h"

namespace convoy::coordinator {
namespace {

constexpr size_t kStubsMax = 4096;

}  // namespace

ConfigTargets::~ConfigTargets() {
  for (grpc::ClientContext* context : *open_) context->TryCancel();
  for (int now = owed_->load(); now > 0; now = owed_->load()) owed_->wait(now);
}

std::shared_ptr<ConfigTargets::Stub> ConfigTargets::StubFor(const std::string& address) {
  if (stubs_.size() >= kStubsMax) stubs_.clear();
  std::shared_ptr<Stub>& stub = stubs_[address];
  if (stub == nullptr) {
    grpc::ChannelArguments arguments;
    // A restarted shard is asked again soon, not after gRPC's two minutes.
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    stub = mta::v1::ConfigTarget::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  }
  return stub;
}

void ConfigTargets::Begin(grpc::ClientContext* context, Duration deadline) {
  SetDeadline(context, deadline);
  open_->insert(context);
  owed_->fetch_add(1);
}

void ConfigTargets::Release(Owed& owed) {
  owed.fetch_sub(1);
  owed.notify_all();
}

}  // namespace convoy::coordinator
