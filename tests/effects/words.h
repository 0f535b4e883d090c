// One line of a scenario: words, and key=value settings among them.
//
// Determinism: pure
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time_types.h"

namespace convoy::effects {

struct Words {
  explicit Words(std::string_view line);

  // "" beyond the end.
  std::string At(size_t index) const { return index < list.size() ? list[index] : std::string(); }
  // The words from this one on, as written.
  std::string From(size_t index) const;
  std::string Setting(const std::string& key, std::string_view otherwise = "") const;

  std::vector<std::string> list;
  std::map<std::string, std::string> settings;

 private:
  std::vector<std::string> all_;  // words and settings
};

// "250ms", "1.5s", "30m", "1h30m"; the test fails on anything else.
Duration ParseDuration(std::string_view text);
// To a tenth of a second: "0s", "1.5s", "30m", "1h0.2s".
std::string FormatDuration(Duration d);

}  // namespace convoy::effects
