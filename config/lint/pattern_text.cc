#include "config/lint/pattern_text.h"

#include <algorithm>

#include "base/text.h"

namespace convoy::config::lint {
namespace {

constexpr std::string_view kSpecial = "\\^$.|?*+()[]{}";

// True if `pattern` matches from `at` on in every text that the atoms of `subject` stand for.
bool MatchesAt(const std::vector<int>& pattern, const std::vector<int>& subject, size_t at) {
  if (at + pattern.size() > subject.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != SimplePattern::kAnyOctet && pattern[i] != subject[at + i]) return false;
  }
  return true;
}

}  // namespace

std::optional<SimplePattern> ParseSimple(std::string_view regex) {
  SimplePattern pattern;
  if (regex.starts_with('^')) {
    pattern.anchored = true;
    regex.remove_prefix(1);
  }
  if (regex.starts_with(".*")) {
    pattern.anchored = false;
    regex.remove_prefix(2);
  }
  const bool open_end =
      regex.ends_with(".*") && (regex.size() < 3 || regex[regex.size() - 3] != '\\');
  if (open_end) regex.remove_suffix(2);
  for (size_t i = 0; i < regex.size(); ++i) {
    const char c = regex[i];
    if (c == '\\') {
      // \d, \b and the like are classes; an escaped sign is itself.
      if (++i == regex.size() || IsAlnum(regex[i])) return std::nullopt;
      pattern.atoms.push_back(static_cast<unsigned char>(regex[i]));
    } else if (c == '.') {
      pattern.atoms.push_back(SimplePattern::kAnyOctet);
    } else if (kSpecial.find(c) != std::string_view::npos) {
      return std::nullopt;
    } else {
      pattern.atoms.push_back(static_cast<unsigned char>(LowerChar(c)));
    }
  }
  return pattern;
}

bool Covers(std::string_view first, std::string_view second) {
  if (first == second) return true;
  const auto wide = ParseSimple(first);
  const auto narrow = ParseSimple(second);
  if (!wide.has_value() || !narrow.has_value()) return false;
  if (wide->anchored) return narrow->anchored && MatchesAt(wide->atoms, narrow->atoms, 0);
  for (size_t at = 0; at <= narrow->atoms.size(); ++at) {
    if (MatchesAt(wide->atoms, narrow->atoms, at)) return true;
  }
  return false;
}

std::string AnchoredStart(std::string_view regex) {
  if (!regex.starts_with('^') || regex.find('|') != std::string_view::npos) return "";
  std::string start;
  for (size_t i = 1; i < regex.size(); ++i) {
    if (kSpecial.find(regex[i]) != std::string_view::npos) {
      // What follows may make the last one optional.
      if (!start.empty() && std::string_view("?*{").find(regex[i]) != std::string_view::npos) {
        start.pop_back();
      }
      break;
    }
    start.push_back(LowerChar(regex[i]));
  }
  return start;
}

}  // namespace convoy::config::lint
