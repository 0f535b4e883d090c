// Between proto/cluster.proto and the coordinator's own values.
//
// Errors:    InvalidArgument where a message lacks what it must have; contents are checked by the
//            core
// Determinism: pure
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "coordinator/node.h"
#include "proto/cluster.pb.h"

namespace convoy::coordinator {

grpc::Status ToGrpc(const absl::Status& status);

ShardIncarnation FromWire(const mta::v1::ShardIncarnation& in);
Announcement FromWire(const mta::v1::RegisterRequest& in);
absl::StatusOr<LeaveMode> FromWire(mta::v1::LeaveMode in);

void ToWire(const LeaseAnswer& lease, mta::v1::LeaseGrant* out);
// `fence` goes with the table so that a shard knows its mode when it restarts alone.
void ToWire(const AssignmentTable& table, bool fence, mta::v1::AssignmentSnapshot* out);

}  // namespace convoy::coordinator
