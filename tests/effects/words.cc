#include "tests/effects/words.h"

#include "base/check.h"
#include "base/text.h"
#include "config/units.h"

namespace convoy::effects {

Words::Words(std::string_view line) {
  for (const std::string_view word : Split(line, ' ')) {
    if (word.empty()) continue;
    all_.emplace_back(word);
    const size_t equal = word.find('=');
    if (equal == std::string_view::npos || equal == 0) {
      list.emplace_back(word);
    } else {
      settings[std::string(word.substr(0, equal))] = std::string(word.substr(equal + 1));
    }
  }
}

std::string Words::From(size_t index) const {
  std::string text;
  for (size_t i = index; i < all_.size(); ++i) CatTo(&text, text.empty() ? "" : " ", all_[i]);
  return text;
}

std::string Words::Setting(const std::string& key, std::string_view otherwise) const {
  const auto found = settings.find(key);
  return found == settings.end() ? std::string(otherwise) : found->second;
}

Duration ParseDuration(std::string_view text) {
  if (text.ends_with("ms")) {
    return Milliseconds(ParseInt(text.substr(0, text.size() - 2)).value_or(0));
  }
  const auto time = config::ParseTime(text);
  CHECK(time.ok());
  return *time;
}

std::string FormatDuration(Duration d) {
  const int64_t tenths = d.millis() / 100;
  const int64_t hours = tenths / 36000;
  const int64_t minutes = tenths / 600 % 60;
  const int64_t seconds = tenths / 10 % 60;
  std::string text;
  if (hours > 0) CatTo(&text, hours, "h");
  if (minutes > 0) CatTo(&text, minutes, "m");
  if (tenths % 600 != 0 || text.empty()) {
    CatTo(&text, seconds);
    if (tenths % 10 != 0) CatTo(&text, ".", tenths % 10);
    CatTo(&text, "s");
  }
  return text;
}

}  // namespace convoy::effects
