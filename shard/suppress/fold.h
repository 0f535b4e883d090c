// Case folding of the letters that local parts are written with.
//
// ASCII, Latin-1, Latin Extended-A, Greek and Cyrillic letters become lower case; everything else
// stays as it is. That is Unicode's simple folding for these blocks, with the dotted and the
// dotless I left alone: which of them is the other's case depends on the language.
//
// Limits:    no other script, and no normalisation: a letter written with a combining accent is not
//            the precomposed letter
// Determinism: pure
#pragma once

#include <string>
#include <string_view>

namespace convoy::shard {

// `text` is well-formed UTF-8 (mail::IsValidUtf8).
std::string FoldCase(std::string_view text);

}  // namespace convoy::shard
