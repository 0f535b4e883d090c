// The part of a difference that is about queues: <domain> sections by what they give.
//
// Determinism: pure
#pragma once

#include <vector>

#include "config/diff/diff.h"

namespace convoy::config {

std::vector<Change> DiffPolicies(const Survey& before, const Survey& after);

}  // namespace convoy::config
