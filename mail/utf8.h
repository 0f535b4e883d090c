// UTF-8 well-formedness.
//
// RFC:       6532 3.1 (UTF-8 in headers and addresses)
// Determinism: pure
#pragma once

#include <string_view>

namespace convoy::mail {

// True if `s` is well-formed UTF-8: shortest forms only, no surrogates, nothing above U+10FFFF, and
// no C1 control characters (U+0080 to U+009F), which no address or header may show.
bool IsValidUtf8(std::string_view s);

}  // namespace convoy::mail
