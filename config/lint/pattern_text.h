// A regex as a person reads it: enough to say that one covers another, or that it matches nothing.
//
// Only simple ones are understood: literals, '.', escaped punctuation, ^ in front, and .* at either
// end. Of all others nothing is said.
//
//     /421/ covers /^421 4\.7\.0/    every text that the second matches, the first matches too
//
// Determinism: pure
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convoy::config::lint {

struct SimplePattern {
  bool anchored = false;   // ^
  std::vector<int> atoms;  // a lower-case octet, or kAnyOctet
  static constexpr int kAnyOctet = -1;
};
// Nothing if the regex is not simple.
std::optional<SimplePattern> ParseSimple(std::string_view regex);

// True only if `first` matches whatever `second` matches: equal texts, or simple ones.
bool Covers(std::string_view first, std::string_view second);

// The fixed start that a text needs to match, lower case: "550" of /^550[ -]/; "" if there is none.
std::string AnchoredStart(std::string_view regex);

}  // namespace convoy::config::lint
