// Base64 as DKIM tags use it.
//
// RFC:       4648 4 (alphabet), 6376 2.10 (white space inside is ignored)
// Determinism: pure
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace convoy::dkim {

// With padding, without line ends.
std::string Base64Encode(std::string_view bytes);
// nullopt for other characters, a wrong length, wrong padding or stray bits in the last character.
// White space is skipped.
std::optional<std::string> Base64Decode(std::string_view text);

}  // namespace convoy::dkim
