// What must be true of a run when it is over, judged by the evidence and the disks.
//
//     conservation   every acknowledged recipient was taken by a receiver, or has a bounce record,
//                    or is queued; nothing is queued twice
//     duplicates     a receiver took a mail twice only if an earlier outcome was lost: the shard
//                    was killed before it was on disk, or the connection ended before the reply;
//                    or a keyed message was repeated while its slot changed hands
//     records        every mail taken has its d record, or its outcome was lost as above; a d
//                    record never stands for nothing
//     retry          no attempt earlier than the policy's interval after a recorded deferral
//     liveness       nothing is left in a queue or in an offer
//     disk           what spool_audit.h finds
//
// Determinism: pure
#pragma once

#include <string>
#include <vector>

#include "sim/evidence.h"
#include "sim/policies.h"
#include "sim/shard_process.h"

namespace convoy::sim {

struct RunCounts {
  uint64_t acknowledged = 0;
  uint64_t taken = 0;
  uint64_t bounced = 0;
  uint64_t duplicates = 0;
  uint64_t windows_crash = 0;       // outcomes lost by a kill
  uint64_t windows_connection = 0;  // outcomes lost with a connection
  uint64_t over_owners = 0;         // keyed recipients that more than one shard took in
};

// The broken invariants; empty when all is well. `disks` are at rest.
std::vector<std::string> CheckEnd(const Evidence& evidence, std::vector<ShardDisk>& disks,
                                  const PolicyTable& policies, RunCounts* counts);

// Rows and offers left on a disk.
uint64_t LeftOn(const ShardDisk& disk);

}  // namespace convoy::sim
