// Small text operations on std::string_view (ASCII rules, locale-free).
//
// Debian's Abseil has a string_view type of its own, so its string functions do not take
// std::string_view; this file is what the project needs of them.
//
// Determinism: pure
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace convoy {

namespace text_internal {
inline void Append(std::string* out, std::string_view piece) { out->append(piece); }
inline void Append(std::string* out, const char* piece) { out->append(piece); }
inline void Append(std::string* out, const std::string& piece) { out->append(piece); }
inline void Append(std::string* out, char piece) { out->push_back(piece); }
template <std::integral T>
  requires(!std::same_as<T, char> && !std::same_as<T, bool>)
void Append(std::string* out, T piece) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, piece);
  out->append(buffer, end.ptr);
}
}  // namespace text_internal

// Concatenates strings, characters and integers.
template <typename... Pieces>
std::string Cat(const Pieces&... pieces) {
  std::string out;
  (text_internal::Append(&out, pieces), ...);
  return out;
}
template <typename... Pieces>
void CatTo(std::string* out, const Pieces&... pieces) {
  (text_internal::Append(out, pieces), ...);
}

constexpr char LowerChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool IsBlank(char c) { return c == ' ' || c == '\t'; }
constexpr bool IsSpace(char c) {
  return IsBlank(c) || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}
constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsAlpha(char c) { return LowerChar(c) >= 'a' && LowerChar(c) <= 'z'; }
constexpr bool IsAlnum(char c) { return IsDigit(c) || IsAlpha(c); }

std::string Lower(std::string_view s);
std::string Upper(std::string_view s);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
bool StartsWithIgnoreCase(std::string_view s, std::string_view prefix);
// Without leading and trailing white space.
std::string_view Trim(std::string_view s);
// Pieces between separators, untrimmed; "" gives one empty piece.
std::vector<std::string_view> Split(std::string_view s, char separator);
std::string Join(const std::vector<std::string>& pieces, std::string_view separator);
// The whole of `s` as a decimal number; nullopt if it is empty, has other characters or overflows.
std::optional<int64_t> ParseInt(std::string_view s);
std::optional<uint64_t> ParseUint(std::string_view s);
std::string HexEncode(std::string_view bytes);
std::optional<std::string> HexDecode(std::string_view hex);
// Control characters and non-ASCII bytes as \xNN, backslash doubled: what a remote peer said may be
// shown in logs and files only through this.
std::string Escape(std::string_view s);

}  // namespace convoy
