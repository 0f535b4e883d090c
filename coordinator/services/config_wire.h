// Between proto/config.proto and the coordinator's own values.
//
// Determinism: pure
#pragma once

#include "config/diagnostic.h"
#include "coordinator/reload/config_record.h"
#include "proto/config.pb.h"

namespace convoy::coordinator {

void ToWire(const config::Diagnostic& diagnostic, mta::v1::ConfigDiagnostic* out);
// Never the content.
void ToWire(const ConfigRecord& record, uint64_t current, mta::v1::ConfigEntry* out);

}  // namespace convoy::coordinator
