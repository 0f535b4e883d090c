// What a reload leaves as it was until a process starts again; ADR 5 of docs/adr says why.
//
// Determinism: pure
#pragma once

#include <string_view>

namespace convoy::config {

// Of a top-level directive or a section.
bool TakesEffectAtRestart(std::string_view name);

}  // namespace convoy::config
