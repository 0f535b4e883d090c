// Every directive the reader knows: one row each, and everything else is checked against the rows.
// A name has several rows when its effect differs between sections; their scopes do not overlap.
//
// A row says where the directive may stand, what its value is, what it does (`effective`), or that
// it is accepted without effect, or not supported yet. A directive without a row is an error.
//
// Thread:    immutable
// Determinism: pure
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace convoy::config {

enum Scope : uint32_t {
  kGlobal = 1,
  kSource = 2,
  kDomain = 4,
  kVirtualMta = 8,
  kPool = 16,
  kAcctFile = 32,
  kOtherSection = 64,  // sections that are read but have no effect yet
};

enum class ValueKind : uint8_t {
  kBool,
  kCount,  // a number, or unlimited
  kTime,
  kTimeList,
  kRate,
  kSize,
  kText,   // one word
  kWords,  // one or more words
  kAny,    // whatever follows
};

enum class Effect : uint8_t {
  kEffective,
  kNoEffect,  // accepted: it means nothing here, and nothing is lost by that
  kNotYet,    // accepted with a warning: it would mean something
};

struct DirectiveRow {
  std::string_view name;
  uint32_t scopes;
  ValueKind kind;
  Effect effect;
  std::string_view default_text;  // as explain shows it
  std::string_view help;
  std::string_view alias_of;  // another spelling of this directive; "" if none
};

const std::vector<DirectiveRow>& DirectiveTable();
// In any case; null if there is none. A row for one of `scopes` is preferred to any other.
const DirectiveRow* FindDirective(std::string_view name, uint32_t scopes = ~0u);
// Names allowed in a scope, for suggestions.
std::vector<std::string_view> DirectiveNames(uint32_t scope);
// "<domain>", "<source>", "the top level", ...
std::string_view ScopeText(uint32_t scope);

}  // namespace convoy::config
