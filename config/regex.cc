#include "config/regex.h"

#include <pcre2.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"
#include "config/say.h"

namespace convoy::config {
namespace {

std::string_view Cut(std::string_view subject) {
  return subject.substr(0, Regex::kSubjectBytesMax);
}

class Re2Regex final : public Regex {
 public:
  static RE2::Options Settings() {
    RE2::Options options(RE2::Latin1);
    options.set_case_sensitive(false);
    options.set_log_errors(false);
    options.set_never_capture(true);
    options.set_max_mem(kMemoryMax);
    return options;
  }

  explicit Re2Regex(std::string_view pattern)
      : Regex(pattern), re_(re2::StringPiece(pattern.data(), pattern.size()), Settings()) {}

  bool ok() const { return re_.ok(); }
  const std::string& error() const { return re_.error(); }
  bool uses_pcre() const override { return false; }

  Outcome Match(std::string_view subject) const override {
    const std::string_view cut = Cut(subject);
    return RE2::PartialMatch(re2::StringPiece(cut.data(), cut.size()), re_) ? Outcome::kYes
                                                                            : Outcome::kNo;
  }

 private:
  const RE2 re_;
};

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeMatchContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeCompileContext {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};

class PcreRegex final : public Regex {
 public:
  explicit PcreRegex(std::string_view pattern) : Regex(pattern) {
    const std::unique_ptr<pcre2_compile_context, FreeCompileContext> limits(
        pcre2_compile_context_create(nullptr));
    pcre2_set_max_pattern_length(limits.get(), kPatternBytesMax);
    pcre2_set_parens_nest_limit(limits.get(), 100);
    code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                              PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &error_, &error_at_,
                              limits.get()));
  }

  bool ok() const { return code_ != nullptr; }
  bool uses_pcre() const override { return true; }

  std::string error() const {
    PCRE2_UCHAR text[256];
    if (pcre2_get_error_message(error_, text, sizeof text) < 0) return "it cannot be compiled";
    return Cat(reinterpret_cast<const char*>(text), " at its octet ", error_at_ + 1);
  }

  Outcome Match(std::string_view subject) const override {
    const std::string_view cut = Cut(subject);
    const std::unique_ptr<pcre2_match_context, FreeMatchContext> limits(
        pcre2_match_context_create(nullptr));
    const std::unique_ptr<pcre2_match_data, FreeMatch> data(pcre2_match_data_create(1, nullptr));
    pcre2_set_match_limit(limits.get(), kPcreMatchMax);
    pcre2_set_depth_limit(limits.get(), kPcreDepthMax);
    pcre2_set_heap_limit(limits.get(), kMemoryMax / 1024);
    const int rc = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(cut.data()), cut.size(), 0,
                               0, data.get(), limits.get());
    if (rc >= 0) return Outcome::kYes;
    return rc == PCRE2_ERROR_NOMATCH ? Outcome::kNo : Outcome::kTooComplex;
  }

 private:
  std::unique_ptr<pcre2_code, FreeCode> code_;
  int error_ = 0;
  PCRE2_SIZE error_at_ = 0;
};

}  // namespace

absl::StatusOr<std::shared_ptr<const Regex>> Regex::Compile(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) {
    return Invalid(Say<"the regex has more than {} octets">(kPatternBytesMax));
  }
  auto linear = std::make_shared<const Re2Regex>(pattern);
  if (linear->ok()) return linear;
  auto backtracking = std::make_shared<const PcreRegex>(pattern);
  if (backtracking->ok()) return backtracking;
  return Invalid(Say<"/{}/ is not a regex: {}">(pattern, backtracking->error()));
}

}  // namespace convoy::config
