// The assignment table as bytes, for the shard's `meta` column family.
//
// A mta.v1.StoredAssignment (proto/cluster_stored.proto) with a format number; unknown formats are
// refused, so that an older binary never misreads a newer table.
//
// Errors:    DataLoss for bytes that are not a table of a known format
// Thread:    thread-safe
// Determinism: pure
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "shard/cluster/assignment_table.h"

namespace convoy::shard {

std::string EncodeTable(const AssignmentTable& table);
absl::StatusOr<AssignmentTable> DecodeTable(std::string_view bytes);

}  // namespace convoy::shard
