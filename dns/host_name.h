// Whether a text can be the name of a host.
//
// RFC:       1035 2.3.1 and 2.3.4 (labels, lengths), with underscores, which occur
// Determinism: pure
#pragma once

#include <string_view>

namespace convoy::dns {

// Labels of 1 to 63 letters, digits, hyphens and underscores, together at most 253 octets; no final
// dot. A name that reads as an address is not excluded.
bool IsHostName(std::string_view name);

}  // namespace convoy::dns
