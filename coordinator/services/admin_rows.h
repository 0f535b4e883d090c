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
  // Of the coordinator's configuration while the node has no version of it; empty = none.
  std::string config_fingerprint;
  // What a reload reads; empty: there is nothing to reload.
  std::string config_file = {};
};

// `shards` may be empty: then problems that only shards can tell are missing.
void FillStatus(const NodeStatus& node, const Build& build, mta::v1::CoordinatorStatus* out);
void FillShards(const NodeStatus& node, const Build& build, mta::v1::ShowShardsResponse* out);
// All groups in runs of slots, or one slot of each if `site` is not empty.
void FillAssignment(const AssignmentTable& table, std::string_view site,
                    mta::v1::ShowAssignmentResponse* out);

}  // namespace convoy::coordinator
