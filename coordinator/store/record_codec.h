// Members, the table and configurations as bytes (proto/cluster_stored.proto).
//
// Errors:    DataLoss for bytes that are no record of a known format
// Thread:    thread-safe
// Determinism: pure
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "coordinator/assignment/table.h"
#include "coordinator/membership/member.h"
#include "coordinator/reload/config_record.h"

namespace convoy::coordinator {

std::string EncodeMember(const MemberRecord& member);
absl::StatusOr<MemberRecord> DecodeMember(std::string_view bytes);

std::string EncodeTable(const AssignmentTable& table);
absl::StatusOr<AssignmentTable> DecodeTable(std::string_view bytes);

std::string EncodeConfig(const ConfigRecord& record);
absl::StatusOr<ConfigRecord> DecodeConfig(std::string_view bytes);

}  // namespace convoy::coordinator
