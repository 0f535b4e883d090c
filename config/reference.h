// The directive table for people: a page of Markdown, and the help of one directive.
//
// Determinism: pure
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace convoy::config {

// docs/reference/directives.md
std::string ReferencePage();
// NotFound, with the nearest name, when there is no such directive.
absl::StatusOr<std::string> DirectiveHelp(std::string_view name, bool json);
// Every name that help is given for, without families, each once in the order of the alphabet.
std::vector<std::string_view> AllDirectiveNames();

}  // namespace convoy::config
