// "name=value; name=value": the syntax of a DKIM signature and of a DKIM key record.
//
// RFC:       6376 3.2 (tag lists), 8616 (UTF-8 in values)
// Limits:    kTagsMax tags
// Errors:    InvalidArgument for a bad name, a repeated name, an empty tag in the middle
// Determinism: pure
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace convoy::dkim {

inline constexpr size_t kTagsMax = 64;

class TagList {
 public:
  // `text` must outlive the list, which refers to it.
  static absl::StatusOr<TagList> Parse(std::string_view text);

  // The value without white space at its ends; white space inside (folding) is kept. nullopt: no
  // such tag.
  std::optional<std::string_view> Find(std::string_view name) const;
  // The value, or `fallback`.
  std::string_view Get(std::string_view name, std::string_view fallback) const;

 private:
  struct Tag {
    std::string_view name;
    std::string_view value;
  };
  std::vector<Tag> tags_;
};

// Without any white space: for b=, bh=, h= and other values that may be folded anywhere.
std::string WithoutWhiteSpace(std::string_view value);

}  // namespace convoy::dkim
