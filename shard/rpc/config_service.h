// The gRPC service `ConfigTarget` (proto/config.proto): the shard's side of a reload.
//
// Thread:    handlers on gRPC's threads, the hooks on the loop
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "runtime/event_loop.h"
#include "shard/rpc/rpc_hooks.h"

namespace convoy::shard {

// Loop and hooks must outlive the server that the service is registered with.
std::unique_ptr<grpc::Service> MakeConfigTargetService(EventLoop& loop, const RpcHooks& hooks);

}  // namespace convoy::shard
