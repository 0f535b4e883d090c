// Answers of the cluster as text for people. The layout follows PowerMTA's commands.
//
// Determinism: pure; `now` is only for "in 12m"
#pragma once

#include <string>

#include "base/time_types.h"
#include "proto/admin.pb.h"
#include "proto/submission.pb.h"

namespace convoy::cli {

std::string RenderStatus(const mta::v1::ShowStatusResponse& status);
// Direct mode: one shard, asked without the coordinator.
std::string RenderShardStatus(const mta::v1::ShardStatus& status, WallTime now);
std::string RenderShards(const mta::v1::ShowShardsResponse& shards);
std::string RenderQueues(const mta::v1::ShowQueuesResponse& queues, WallTime now);
std::string RenderAssignment(const mta::v1::ShowAssignmentResponse& assignment);
// `verb`: "paused" or "resumed".
std::string RenderChange(std::string_view verb, std::string_view queue,
                         const mta::v1::ChangeQueueResponse& change);
std::string RenderSubmit(const mta::v1::SubmitResponse& answer);

// "shard-2 did not answer: ..." one line each; for standard error.
std::string RenderUnreachable(
    const google::protobuf::RepeatedPtrField<mta::v1::ShardError>& unreachable);

}  // namespace convoy::cli
