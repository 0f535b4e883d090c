#include "mail/utf8.h"

#include <cstddef>
#include <cstdint>

namespace convoy::mail {
namespace {

// Octets after the leading one; -1 if `lead` cannot start a character.
int ContinuationCount(unsigned char lead) {
  if (lead < 0x80) return 0;
  if (lead >= 0xc2 && lead <= 0xdf) return 1;
  if (lead >= 0xe0 && lead <= 0xef) return 2;
  if (lead >= 0xf0 && lead <= 0xf4) return 3;
  return -1;
}

constexpr uint32_t kSmallestOf[] = {0, 0xa0, 0x800, 0x10000};

}  // namespace

bool IsValidUtf8(std::string_view s) {
  for (size_t i = 0; i < s.size(); ++i) {
    const unsigned char lead = static_cast<unsigned char>(s[i]);
    const int count = ContinuationCount(lead);
    if (count < 0 || i + static_cast<size_t>(count) >= s.size()) return false;
    if (count == 0) continue;
    uint32_t code = lead & (0x3fu >> count);
    for (int k = 0; k < count; ++k) {
      const unsigned char next = static_cast<unsigned char>(s[++i]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3f);
    }
    if (code < kSmallestOf[count] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      return false;
    }
  }
  return true;
}

}  // namespace convoy::mail
