// A reply as patterns see it, and the pattern of a backoff line.
//
// A pattern is `CODE GLOB`, for example `421 RP-001 *`:
//   CODE  three digits, equal to the code of the reply
//   GLOB  `*` stands for any characters, also none; everything else for itself, in any case. A run
//         of blanks matches any run of blanks, and the blank before a final `*` also the end: the
//         pattern above matches `421 RP-001` and `421 RP-001 (X) slow down`, not `421 RP-0012`.
//         The glob covers the whole text: without a final `*` nothing may follow.
// The text is tried in these forms, and one match is enough:
//   - each line of the reply, without the code and what separates it
//   - all lines joined by a blank
//   - both without a leading enhanced code (RFC 2034), so that `421 RP-001 *` also matches
//     `421 4.7.0 RP-001 ...`; with it, `421 4.3.2 *` matches `421 4.3.2 busy`
//
// A regular expression (<smtp-pattern-list>) is searched in each line and in all of them joined,
// with the code in front: `421 4.7.0 RP-001 slow down`.
//
// RFC:       5321 4.2.1 (multi-line replies), 2034 4 (enhanced codes)
// Errors:    BackoffPattern::Make: InvalidArgument that names the pattern
// Thread:    immutable
// Determinism: pure
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/regex.h"

namespace convoy::shard {

// Blanks are collapsed but in `coded`; case is kept.
struct ReplyLines {
  // `enhanced` may be empty; `lines` are the texts after the code, as they came.
  ReplyLines(int code, std::string_view enhanced, const std::vector<std::string>& lines);

  const int code;
  std::string whole;               // "421 4.7.0 RP-001 slow down", lines joined by a blank
  std::vector<std::string> forms;  // as above, without the code
  std::vector<std::string> coded;  // each line as it came, with the code in front
};

class ReplyPattern {
 public:
  virtual ~ReplyPattern() = default;
  // False: no reply with this code matches, so that none has to be looked at.
  virtual bool MayMatch([[maybe_unused]] int code) const { return true; }
  virtual bool Matches(const ReplyLines& reply) const = 0;
  // As it was written, for logs and `show`.
  virtual std::string_view text() const = 0;
};

class BackoffPattern final : public ReplyPattern {
 public:
  static absl::StatusOr<std::shared_ptr<const BackoffPattern>> Make(std::string_view text);
  bool MayMatch(int code) const override { return code == code_; }
  bool Matches(const ReplyLines& reply) const override;
  std::string_view text() const override { return text_; }

 private:
  explicit BackoffPattern(std::string_view text) : text_(text) {}
  const std::string text_;
  int code_ = 0;
  std::string glob_;  // lower case, blanks collapsed
};

class RegexPattern final : public ReplyPattern {
 public:
  explicit RegexPattern(std::shared_ptr<const config::Regex> regex);
  bool Matches(const ReplyLines& reply) const override;
  std::string_view text() const override { return text_; }  // between slashes

 private:
  const std::shared_ptr<const config::Regex> regex_;
  const std::string text_;
};

}  // namespace convoy::shard
