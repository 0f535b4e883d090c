// xtext: how text with blanks, '=' and '+' is written as the value of an SMTP parameter.
//
//     spring sale=7   <->   spring+20sale+3D7
//
// RFC:       3461 4 (xtext), 3461 4.4 (ENVID: printable US-ASCII, at most 100 characters encoded)
// Determinism: pure
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace convoy::smtp {

inline constexpr size_t kEnvidBytesMax = 100;

// No '=' or blank, '+' only before two upper-case hexadecimal digits.
bool IsXtext(std::string_view text);

std::string EncodeXtext(std::string_view text);
// Nothing if `text` is not xtext.
std::optional<std::string> DecodeXtext(std::string_view text);

// The value of ENVID= for an envelope id; empty when no ENVID can say it, because it is too long or
// is not printable US-ASCII: a message without ENVID is better than none.
std::string EnvidOf(std::string_view envelope_id);

// The opposite: nothing if it is not xtext, or of what RFC 3461 4.4 does not allow.
std::optional<std::string> EnvelopeIdOf(std::string_view envid);

}  // namespace convoy::smtp
