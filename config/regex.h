// A regular expression of the configuration, as PowerMTA writes them between slashes.
//
// RE2 matches in time linear in the subject. What it cannot express (look-around, back references,
// atomic groups) is compiled by PCRE2, whose work per match is bounded; uses_pcre() tells, so that
// a warning can name the pattern. Both ignore case unless the pattern says (?-i), search anywhere
// in the subject, and take octets as they come.
//
// Limits:    kPatternBytesMax; kSubjectBytesMax (a longer subject is cut); kMemoryMax for RE2's
//            program; kPcreMatchMax steps and kPcreDepthMax levels of PCRE2, without JIT
// Errors:    InvalidArgument with the place and reason
// Thread:    immutable, shared
// Determinism: pure
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace convoy::config {

class Regex {
 public:
  static constexpr size_t kPatternBytesMax = 4096;
  static constexpr size_t kSubjectBytesMax = size_t{64} << 10;
  static constexpr int64_t kMemoryMax = int64_t{1} << 20;
  static constexpr uint32_t kPcreMatchMax = 100'000;
  static constexpr uint32_t kPcreDepthMax = 1'000;

  // kTooComplex: PCRE2 gave up at one of its limits; count it as no match.
  enum class Outcome { kNo, kYes, kTooComplex };

  static absl::StatusOr<std::shared_ptr<const Regex>> Compile(std::string_view pattern);
  virtual ~Regex() = default;

  virtual Outcome Match(std::string_view subject) const = 0;
  bool Matches(std::string_view subject) const { return Match(subject) == Outcome::kYes; }
  virtual bool uses_pcre() const = 0;
  const std::string& pattern() const { return pattern_; }

 protected:
  explicit Regex(std::string_view pattern) : pattern_(pattern) {}

 private:
  const std::string pattern_;
};

}  // namespace convoy::config
