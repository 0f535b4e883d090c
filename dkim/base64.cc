#include "dkim/base64.h"

#include <cstddef>
#include <cstdint>

#include "base/text.h"

namespace convoy::dkim {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int ValueOf(char c) {
  const size_t at = kAlphabet.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

}  // namespace

std::string Base64Encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view group = bytes.substr(i, 3);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) {
      out.push_back(k <= group.size() ? kAlphabet[bits >> (18 - 6 * k) & 63] : '=');
    }
  }
  return out;
}

std::optional<std::string> Base64Decode(std::string_view text) {
  std::string packed;
  packed.reserve(text.size());
  for (const char c : text) {
    if (!IsSpace(c)) packed.push_back(c);
  }
  if (packed.size() % 4 != 0) return {};
  const size_t padding = packed.ends_with("==") ? 2 : packed.ends_with('=') ? 1 : 0;
  std::string out;
  out.reserve(packed.size() / 4 * 3);
  for (size_t i = 0; i < packed.size(); i += 4) {
    const size_t pad = i + 4 == packed.size() ? padding : 0;
    uint32_t bits = 0;
    for (size_t k = 0; k < 4; ++k) {
      const int value = k < 4 - pad ? ValueOf(packed[i + k]) : 0;
      if (value < 0) return {};
      bits = bits << 6 | static_cast<uint32_t>(value);
    }
    if ((bits & ((1u << (8 * pad)) - 1)) != 0) return {};
    for (size_t k = 0; k < 3 - pad; ++k) out.push_back(static_cast<char>(bits >> (16 - 8 * k)));
  }
  return out;
}

}  // namespace convoy::dkim
