#include "smtp/xtext.h"

#include <algorithm>

#include "base/text.h"

namespace convoy::smtp {
namespace {

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

bool IsXtext(std::string_view text) { return DecodeXtext(text).has_value(); }

std::string EncodeXtext(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c < '!' || c > '~' || c == '+' || c == '=') {
      CatTo(&out, '+', Upper(HexEncode(std::string_view(&c, 1))));
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::optional<std::string> DecodeXtext(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c < '!' || c > '~' || c == '=') return std::nullopt;
    if (c != '+') {
      out.push_back(c);
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    const auto octet = HexDecode(digits);
    if (!octet.has_value() || octet->size() != 1 || digits != Upper(digits)) return std::nullopt;
    out.append(*octet);
    i += 2;
  }
  return out;
}

std::string EnvidOf(std::string_view envelope_id) {
  if (!IsPrintable(envelope_id)) return "";
  std::string envid = EncodeXtext(envelope_id);
  return envid.size() <= kEnvidBytesMax ? envid : "";
}

std::optional<std::string> EnvelopeIdOf(std::string_view envid) {
  std::optional<std::string> id = DecodeXtext(envid);
  if (!id.has_value() || !IsPrintable(*id)) return std::nullopt;
  return id;
}

}  // namespace convoy::smtp
