#include "coordinator/services/shard_fanout.h"

#include <grpc/support/time.h>

#include <set>

#include "base/text.h"

namespace convoy::coordinator {
namespace {

constexpr int kAnswerBytesMax = 16 << 20;

}  // namespace

std::shared_ptr<mta::v1::ShardAdmin::Stub> ShardChannels::Stub(const std::string& rpc_address) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<mta::v1::ShardAdmin::Stub>& stub = stubs_[rpc_address];
  if (stub == nullptr) {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
    // A restarted shard is asked again soon, not after gRPC's two minutes.
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    stub = mta::v1::ShardAdmin::NewStub(
        grpc::CreateCustomChannel(rpc_address, grpc::InsecureChannelCredentials(), arguments));
  }
  return stub;
}

void ShardChannels::Keep(const std::vector<ShardAddress>& members) {
  std::set<std::string> addresses;
  for (const ShardAddress& member : members) addresses.insert(member.rpc_address);
  const std::lock_guard lock(mutex_);
  std::erase_if(stubs_, [&](const auto& entry) { return !addresses.contains(entry.first); });
}

mta::v1::ShardError ToShardError(const ShardAddress& shard, const grpc::Status& status) {
  mta::v1::ShardError error;
  error.set_shard(shard.name);
  error.set_code(status.error_code());
  const bool silent = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
  error.set_message(
      Cat(shard.rpc_address, ": ", silent ? "no answer in time" : Escape(status.error_message())));
  return error;
}

void SetDeadline(grpc::ClientContext* context, Duration deadline) {
  // A time span is counted from when the call starts.
  context->set_deadline(gpr_time_from_micros(deadline.us, GPR_TIMESPAN));
}

}  // namespace convoy::coordinator
