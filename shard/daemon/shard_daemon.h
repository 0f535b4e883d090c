// The program convoy-shard as a function: command line, signals, one node on one loop.
//
// Exit codes: 0 after SIGTERM, 1 could not start or the store failed, 2 wrong arguments.
// Thread:    the main thread; returns when the process may end
#pragma once

#include "shard/node/shard_node.h"

namespace convoy::shard {

// `options` holds what the command line does not set.
int RunShardDaemon(int argc, char** argv, ShardOptions options = {});

}  // namespace convoy::shard
