// Asks every member the same thing at once and gathers the answers, each within a deadline.
//
//     FanOut<ShardStatus>(channels, members, &ShardAdminAsync::GetStatus, request, deadline,
//                         [](Gathered<ShardStatus> g) { ... });
//
// A shard that does not answer in time, or refuses, becomes a ShardError with its name and address;
// the others' answers are kept.
//
// Limits:    one call for each member; answers of at most 16 MiB
// Thread:    thread-safe; `done` runs once, on a thread of gRPC's (or the caller's, without
//            members)
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/time_types.h"
#include "proto/admin.grpc.pb.h"

namespace convoy::coordinator {

// The calls of the service with a callback.
using ShardAdminAsync = mta::v1::ShardAdmin::StubInterface::async_interface;

struct ShardAddress {
  std::string name;
  std::string rpc_address;
};

// One channel for each address, kept: gRPC reconnects them.
class ShardChannels {
 public:
  std::shared_ptr<mta::v1::ShardAdmin::Stub> Stub(const std::string& rpc_address);
  // Drops the channels of addresses that no member has any more.
  void Keep(const std::vector<ShardAddress>& members);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<mta::v1::ShardAdmin::Stub>> stubs_;
};

template <typename Response>
struct Gathered {
  std::vector<std::pair<std::string, Response>> answers;  // (shard, answer), by name
  std::vector<mta::v1::ShardError> errors;                // by name
};

// For people: what went wrong, and where.
mta::v1::ShardError ToShardError(const ShardAddress& shard, const grpc::Status& status);
void SetDeadline(grpc::ClientContext* context, Duration deadline);

namespace fanout_internal {

template <typename Response>
struct Call {
  ShardAddress shard;
  std::shared_ptr<mta::v1::ShardAdmin::Stub> stub;
  grpc::ClientContext context;
  Response response;
  grpc::Status status;
};

// Alive until the last call has answered.
template <typename Request, typename Response>
struct Round {
  Request request;
  std::vector<std::unique_ptr<Call<Response>>> calls;
  absl::AnyInvocable<void(Gathered<Response>)> done;
  std::mutex mutex;
  size_t open = 0;  // guarded by mutex

  void Finish() {
    Gathered<Response> gathered;
    for (auto& call : calls) {
      if (call->status.ok()) {
        gathered.answers.emplace_back(call->shard.name, std::move(call->response));
      } else {
        gathered.errors.push_back(ToShardError(call->shard, call->status));
      }
    }
    done(std::move(gathered));
  }
};

}  // namespace fanout_internal

template <typename Response, typename Request>
void FanOut(ShardChannels& channels, const std::vector<ShardAddress>& members,
            void (ShardAdminAsync::*method)(grpc::ClientContext*, const Request*, Response*,
                                            std::function<void(grpc::Status)>),
            Request request, Duration deadline, absl::AnyInvocable<void(Gathered<Response>)> done) {
  auto round = std::make_shared<fanout_internal::Round<Request, Response>>();
  round->request = std::move(request);
  round->done = std::move(done);
  if (members.empty()) return round->Finish();
  for (const ShardAddress& member : members) {
    auto call = std::make_unique<fanout_internal::Call<Response>>();
    call->shard = member;
    call->stub = channels.Stub(member.rpc_address);
    SetDeadline(&call->context, deadline);
    round->calls.push_back(std::move(call));
  }
  round->open = round->calls.size();
  for (auto& owned : round->calls) {
    fanout_internal::Call<Response>* call = owned.get();
    ShardAdminAsync* async = call->stub->async();
    (async->*method)(&call->context, &round->request, &call->response,
                     [round, call](const grpc::Status& status) {
                       call->status = status;
                       {
                         const std::lock_guard lock(round->mutex);
                         if (--round->open > 0) return;
                       }
                       round->Finish();
                     });
  }
}

}  // namespace convoy::coordinator
