// mta.v1.Submission: unary and streaming submission over gRPC's callback interface.
//
// gRPC's threads only hand events to the loop; all state of a stream lives there.
//
//   high path: kUnansweredMax messages of a stream unanswered, or the store congested ->
//              no StartRead
//   low path:  an answer, or a look after kCongestedPause -> StartRead
//
// Thread:    made on any thread; its reactors work on the loop
#pragma once

#include <grpcpp/impl/codegen/service_type.h>

#include <memory>

#include "runtime/event_loop.h"
#include "shard/rpc/rpc_hooks.h"

namespace convoy::shard {

constexpr uint32_t kUnansweredMax = 512;
constexpr Duration kCongestedPause = Milliseconds(10);

// `loop` and `hooks` outlive the service.
std::unique_ptr<grpc::Service> MakeSubmissionService(EventLoop& loop, const RpcHooks& hooks);

}  // namespace convoy::shard
