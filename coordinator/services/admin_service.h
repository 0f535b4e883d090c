// The gRPC service `Admin` (proto/admin.proto): answers from the node, and from all shards at once.
//
// Limits:    kShardDeadline for each shard
// Thread:    handlers on gRPC's threads, the node only on its loop
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "base/time_types.h"
#include "coordinator/node.h"
#include "coordinator/services/admin_rows.h"
#include "runtime/event_loop.h"

namespace convoy::coordinator {

inline constexpr Duration kShardDeadline = Seconds(2);

// Loop and node must outlive the server that the service is registered with.
std::unique_ptr<grpc::Service> MakeAdminService(EventLoop& loop, CoordinatorNode& node,
                                                Build build);

}  // namespace convoy::coordinator
