// The part of a difference that is not about queues: the top level and all sections but <domain>.
//
// Determinism: pure
#pragma once

#include <vector>

#include "config/diff/diff.h"

namespace convoy::config {

std::vector<Change> DiffSections(const Survey& before, const Survey& after);

}  // namespace convoy::config
