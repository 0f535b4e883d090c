#include "config/diagnostic.h"

#include <algorithm>

#include "base/text.h"

namespace convoy::config {
namespace {

constexpr size_t kWordMax = 64;  // longer ones are no misspelling

// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`, or some number from
// `enough` on if they are that many. Both have at most kWordMax octets.
size_t Distance(std::string_view a, std::string_view b, size_t enough) {
  size_t rows[3][kWordMax + 1];  // row i of the table is rows[i % 3]
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  size_t least_above = 0;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t* row = rows[i % 3];
    const size_t* above = rows[(i - 1) % 3];
    row[0] = i;
    size_t least = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replace = above[j - 1] + (LowerChar(a[i - 1]) == LowerChar(b[j - 1]) ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], rows[(i - 2) % 3][j - 2] + 1);
      }
      least = std::min(least, row[j]);
    }
    // A swap reaches over one row, and no further.
    if (least >= enough && least_above >= enough) return enough;
    least_above = least;
  }
  return rows[a.size() % 3][b.size()];
}

// Length of the UTF-8 character at the front of `text`; 0 if there is none.
size_t CharacterLength(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t length = first < 0x80                    ? 1
                        : first >= 0xc2 && first < 0xe0 ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  if (length < 3) return length;
  const auto second = static_cast<unsigned char>(text[1]);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool too_large = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

}  // namespace

std::string Printable(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  while (!text.empty()) {
    const auto octet = static_cast<unsigned char>(text[0]);
    const size_t length = CharacterLength(text);
    if (length == 0 || octet < 0x20 || octet == 0x7f) {
      CatTo(&out, "\\x", kHex[octet >> 4], kHex[octet & 15]);
      text.remove_prefix(1);
    } else {
      out.append(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
  return out;
}

std::string_view SeverityText(Severity severity) {
  switch (severity) {
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
    case Severity::kNote:
      return "note";
  }
  return "";
}

std::string Position::ToString() const {
  if (line == 0) return file;
  return column == 0 ? Cat(file, ':', line) : Cat(file, ':', line, ':', column);
}

std::string Diagnostic::ToString() const {
  const std::string place = where.ToString();
  return Printable(Cat(place, place.empty() ? "" : ": ", SeverityText(severity), ": ",
                       message.text(), hint.empty() ? "" : Cat(" (", hint.text(), ")")));
}

bool HasErrors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

std::string Nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
  if (word.size() > kWordMax) return "";
  size_t best = (word.size() < 4 ? 1 : std::max<size_t>(2, word.size() / 3)) + 1;
  std::string_view found;
  for (const std::string_view candidate : candidates) {
    const size_t longer = std::max(candidate.size(), word.size());
    if (longer > kWordMax || 2 * longer - candidate.size() - word.size() >= best) continue;
    const size_t distance = Distance(word, candidate, best);
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return std::string(found);
}

}  // namespace convoy::config
