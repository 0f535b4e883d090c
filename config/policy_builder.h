// Applies one setting of a <domain> section to a policy.
//
// Determinism: pure
#pragma once

#include "config/policy.h"
#include "config/section.h"

namespace convoy::config {

// The setting's form has been checked (section.h).
void ApplySetting(const Setting& setting, Policy* policy);
// InvalidArgument when a backoff line is not `CODE PATTERN, TIME, CONNECTIONS, MESSAGES`.
absl::StatusOr<BackoffLine> ParseBackoffLine(const Setting& setting);

}  // namespace convoy::config
