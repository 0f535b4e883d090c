#include "shard/suppress/fold.h"

#include <cstdint>

#include "base/text.h"

namespace convoy::shard {
namespace {

// Capitals in [first, last], every `step`th of them, are `distance` below their small letters.
struct Range {
  uint32_t first;
  uint32_t last;
  uint32_t step;
  uint32_t distance;
};
constexpr Range kRanges[] = {
    {0x00C0, 0x00D6, 1, 32}, {0x00D8, 0x00DE, 1, 32},                           // Latin-1
    {0x0100, 0x012E, 2, 1},  {0x0132, 0x0136, 2, 1},  {0x0139, 0x0147, 2, 1},   // Extended-A
    {0x014A, 0x0176, 2, 1},  {0x0179, 0x017D, 2, 1},                            // Extended-A
    {0x0386, 0x0386, 1, 38}, {0x0388, 0x038A, 1, 37}, {0x038C, 0x038C, 1, 64},  // Greek, accented
    {0x038E, 0x038F, 1, 63}, {0x0391, 0x03A1, 1, 32}, {0x03A3, 0x03AB, 1, 32},  // Greek
    {0x0400, 0x040F, 1, 80}, {0x0410, 0x042F, 1, 32}, {0x0460, 0x0480, 2, 1},   // Cyrillic
    {0x048A, 0x04BE, 2, 1},  {0x04D0, 0x052E, 2, 1},                            // Cyrillic
};
constexpr uint32_t kCapitalYWithDiaeresis = 0x0178;
constexpr uint32_t kSmallYWithDiaeresis = 0x00FF;
constexpr uint32_t kFinalSigma = 0x03C2;
constexpr uint32_t kSigma = 0x03C3;

uint32_t Folded(uint32_t letter) {
  if (letter == kCapitalYWithDiaeresis) return kSmallYWithDiaeresis;
  if (letter == kFinalSigma) return kSigma;
  for (const Range& range : kRanges) {
    if (letter < range.first || letter > range.last) continue;
    return (letter - range.first) % range.step == 0 ? letter + range.distance : letter;
  }
  return letter;
}

}  // namespace

std::string FoldCase(std::string_view text) {
  std::string out = Lower(text);
  // All these letters have two octets, large and small.
  for (size_t i = 0; i + 1 < out.size(); ++i) {
    const auto lead = static_cast<unsigned char>(out[i]);
    if (lead < 0xC0 || lead > 0xDF) continue;
    const uint32_t letter =
        Folded((lead & 0x1Fu) << 6 | (static_cast<unsigned char>(out[i + 1]) & 0x3Fu));
    out[i] = static_cast<char>(0xC0 | letter >> 6);
    out[++i] = static_cast<char>(0x80 | (letter & 0x3F));
  }
  return out;
}

}  // namespace convoy::shard
