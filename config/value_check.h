// Whether a setting's value has the form that its row asks for.
//
// Determinism: pure
#pragma once

#include "absl/status/status.h"
#include "config/section.h"

namespace convoy::config {

// InvalidArgument that says what is wrong with the value; never with a secret in it.
absl::Status CheckValue(const Setting& setting);
// The word that CheckValue refuses, or else 0.
size_t WordAtFault(const Setting& setting);
// "" in quotes takes an inherited value back: for other than text, the row's default is put in its
// place. False when the row has no default that can be written.
bool PutDefault(Setting* setting);

}  // namespace convoy::config
