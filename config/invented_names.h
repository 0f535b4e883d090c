// Names that are in no PowerMTA, yet in many texts about it, and what their authors mean.
//
// Thread:    immutable
// Determinism: pure
#pragma once

#include <string_view>

namespace convoy::config {

// What to write instead of an unknown directive; "" if the name is not known as invented.
std::string_view HintForDirective(std::string_view name);
// The same for the name of a section.
std::string_view HintForSection(std::string_view name);

}  // namespace convoy::config
