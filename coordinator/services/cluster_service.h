// The gRPC service `Cluster` (proto/cluster.proto) in front of a CoordinatorNode.
//
// A handler translates the request into a value, posts it to the node's loop and returns; the
// answer is finished from the loop. Watches are streams without a thread each.
//
// Thread:    handlers on gRPC's threads, the node only on its loop
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "coordinator/node.h"
#include "runtime/event_loop.h"

namespace convoy::coordinator {

// Loop and node must outlive the server that the service is registered with.
std::unique_ptr<grpc::Service> MakeClusterService(EventLoop& loop, CoordinatorNode& node);

}  // namespace convoy::coordinator
