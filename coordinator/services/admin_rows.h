// What the coordinator knows by itself, as messages of proto/admin.proto.
//
// Determinism: pure
#pragma once

#include <string>
#include <string_view>

#include "coordinator/node.h"
#include "proto/admin.pb.h"

namespace convoy::coordinator {

struct Build {
  std::string version;
  std::string config_fingerprint;  // of the coordinator's own configuration file; empty = none
};

// `shards` may be empty: then problems that only shards can tell are missing.
void FillStatus(const NodeStatus& node, const Build& build, mta::v1::CoordinatorStatus* out);
void FillShards(const NodeStatus& node, const Build& build, mta::v1::ShowShardsResponse* out);
// All groups in runs of slots, or one slot of each if `site` is not empty.
void FillAssignment(const AssignmentTable& table, std::string_view site,
                    mta::v1::ShowAssignmentResponse* out);

}  // namespace convoy::coordinator
