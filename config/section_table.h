// The sections of the language: where each may stand and what its argument is.
//
// Thread:    immutable
// Determinism: pure
#pragma once

#include <string_view>
#include <vector>

#include "config/directive_table.h"

namespace convoy::config {

enum class Argument : uint8_t {
  kNone,
  kOptional,
  kName,  // exactly one word
  kText,  // everything up to '>'
};

struct SectionKind {
  std::string_view name;
  std::string_view text;  // "<domain>"
  Scope scope;
  uint32_t inside;  // scopes it may stand in
  Argument argument;
  Effect effect;         // of the section as a whole
  std::string_view why;  // of an effect other than kEffective
};

const std::vector<SectionKind>& SectionKinds();
// In any case; null if there is none.
const SectionKind* FindSection(std::string_view name);

}  // namespace convoy::config
