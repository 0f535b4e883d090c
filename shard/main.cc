// convoy-shard: one shard of a cluster: queues, outbound SMTP workers, submission.

#include "shard/daemon/shard_daemon.h"

int main(int argc, char** argv) { return convoy::shard::RunShardDaemon(argc, argv); }
