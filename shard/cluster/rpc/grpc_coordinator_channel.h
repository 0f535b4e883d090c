// CoordinatorChannel over gRPC (proto/cluster.proto).
//
// Calls run on gRPC's own threads and post their answers to the loop as plain values. The channel
// reconnects by itself; a call made while it is down fails at its deadline at the latest.
//
// Thread:    loop-affine; answers arrive on the loop. The loop must outlive the channel and gRPC's
//            shutdown: after the destructor nothing is posted any more
#pragma once

#include <memory>
#include <string>

#include "runtime/event_loop.h"
#include "shard/cluster/coordinator_channel.h"

namespace convoy::shard {

struct GrpcCoordinatorChannelOptions {
  std::string address;        // HOST:PORT of the coordinator
  uint64_t request_seed = 0;  // for request ids; EntropySeed() in daemons
};

std::unique_ptr<CoordinatorChannel> MakeGrpcCoordinatorChannel(
    EventLoop& loop, GrpcCoordinatorChannelOptions options);

}  // namespace convoy::shard
