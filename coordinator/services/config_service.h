// The gRPC services `ConfigAdmin` and `ConfigSource` (proto/config.proto).
//
// Limits:    kConfigDeadline for each shard that is asked what it runs
// Thread:    handlers on gRPC's threads; node and runner only on their loop
#pragma once

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "base/time_types.h"
#include "coordinator/node.h"
#include "coordinator/services/reload_runner.h"
#include "runtime/event_loop.h"

namespace convoy::coordinator {

inline constexpr Duration kConfigDeadline = Seconds(2);

// Loop, node and runner must outlive the server that the services are registered with.
std::unique_ptr<grpc::Service> MakeConfigAdminService(EventLoop& loop, CoordinatorNode& node,
                                                      ReloadRunner& runner);
std::unique_ptr<grpc::Service> MakeConfigSourceService(EventLoop& loop, CoordinatorNode& node);

}  // namespace convoy::coordinator
