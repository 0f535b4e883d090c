#include "dkim/tag_list.h"

#include <algorithm>

#include "base/text.h"

namespace convoy::dkim {
namespace {

bool IsTagName(std::string_view name) {
  return !name.empty() && IsAlpha(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return IsAlnum(c) || c == '_'; });
}

}  // namespace

absl::StatusOr<TagList> TagList::Parse(std::string_view text) {
  TagList list;
  std::vector<std::string_view> specs = Split(text, ';');
  if (specs.size() > 1 && Trim(specs.back()).empty()) specs.pop_back();
  if (specs.size() > kTagsMax) {
    return absl::InvalidArgumentError(Cat("more than ", kTagsMax, " tags"));
  }
  for (const std::string_view spec : specs) {
    const size_t equals = spec.find('=');
    const std::string_view name = Trim(spec.substr(0, equals));
    if (equals == std::string_view::npos || !IsTagName(name)) {
      return absl::InvalidArgumentError(
          Cat("'", Escape(Trim(spec).substr(0, 40)), "' is not name=value"));
    }
    if (list.Find(name)) return absl::InvalidArgumentError(Cat("tag ", name, "= stands twice"));
    list.tags_.push_back({name, Trim(spec.substr(equals + 1))});
  }
  return list;
}

std::optional<std::string_view> TagList::Find(std::string_view name) const {
  for (const Tag& tag : tags_) {
    if (tag.name == name) return tag.value;
  }
  return {};
}

std::string_view TagList::Get(std::string_view name, std::string_view fallback) const {
  return Find(name).value_or(fallback);
}

std::string WithoutWhiteSpace(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    if (!IsSpace(c)) out.push_back(c);
  }
  return out;
}

}  // namespace convoy::dkim
