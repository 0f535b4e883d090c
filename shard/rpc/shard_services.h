// mta.v1.Forwarding and mta.v1.ShardAdmin: each call is carried to the loop and answered from
// there.
//
// Thread:    made on any thread
#pragma once

#include <grpcpp/impl/codegen/service_type.h>

#include <memory>

#include "runtime/event_loop.h"
#include "shard/rpc/rpc_hooks.h"

namespace convoy::shard {

// `loop` and `hooks` outlive the services.
std::unique_ptr<grpc::Service> MakeForwardingService(EventLoop& loop, const RpcHooks& hooks);
std::unique_ptr<grpc::Service> MakeShardAdminService(EventLoop& loop, const RpcHooks& hooks);

}  // namespace convoy::shard
