// What the <acct-file> sections of a configuration ask of the accounting projector.
//
// Errors:    InvalidArgument: a record type that does not exist
// Determinism: pure
#pragma once

#include "absl/status/statusor.h"
#include "config/model.h"
#include "shard/account/csv_projector.h"

namespace convoy::shard {

absl::StatusOr<CsvProjectorOptions> AccountOptionsFrom(const config::Config& config);

}  // namespace convoy::shard
