#include "shard/backoff/reply_lines.h"

#include <utility>

#include "base/text.h"

namespace convoy::shard {
namespace {

// Without blanks at the ends; a run of them inside is one.
std::string Collapsed(std::string_view text) {
  std::string out;
  for (const char c : Trim(text)) {
    if (!IsSpace(c)) {
      out.push_back(c);
    } else if (out.back() != ' ') {
      out.push_back(' ');
    }
  }
  return out;
}

// `glob` is in lower case. Time is the product of the lengths at worst: `*` is tried again only
// from the last one.
bool GlobMatches(std::string_view glob, std::string_view text) {
  size_t g = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = t;
    } else if (g < glob.size() && glob[g] == LowerChar(text[t])) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace

ReplyLines::ReplyLines(int reply_code, std::string_view enhanced,
                       const std::vector<std::string>& lines)
    : code(reply_code) {
  std::string joined;
  const auto add = [&](std::string_view line) {
    forms.push_back(Collapsed(line));
    if (enhanced.empty() || !line.starts_with(enhanced)) return;
    forms.push_back(Collapsed(line.substr(enhanced.size())));
  };
  for (const std::string& line : lines) {
    add(line);
    coded.push_back(Cat(code, ' ', line));
    const bool again = !joined.empty() && !enhanced.empty() && line.starts_with(enhanced);
    const std::string_view rest = std::string_view(line).substr(again ? enhanced.size() : 0);
    CatTo(&joined, joined.empty() ? "" : " ", Trim(rest));
  }
  if (lines.size() > 1) add(joined);
  whole = Cat(code, ' ', Collapsed(joined));
}

absl::StatusOr<std::shared_ptr<const BackoffPattern>> BackoffPattern::Make(std::string_view text) {
  const std::string all = Lower(Collapsed(text));
  const bool has_code =
      all.size() > 4 && IsDigit(all[0]) && IsDigit(all[1]) && IsDigit(all[2]) && all[3] == ' ';
  if (!has_code) {
    return absl::InvalidArgumentError(
        Cat("'", Escape(text), "' is no reply pattern: expected CODE TEXT, such as 421 RP-001 *"));
  }
  std::shared_ptr<BackoffPattern> pattern(new BackoffPattern(text));
  pattern->code_ = static_cast<int>(*ParseInt(std::string_view(all).substr(0, 3)));
  pattern->glob_ = all.substr(4);
  return pattern;
}

bool BackoffPattern::Matches(const ReplyLines& reply) const {
  if (reply.code != code_) return false;
  const std::string_view glob = glob_;
  for (const std::string& form : reply.forms) {
    if (GlobMatches(glob, form)) return true;
    if (glob.ends_with(" *") && GlobMatches(glob.substr(0, glob.size() - 2), form)) return true;
  }
  return false;
}

RegexPattern::RegexPattern(std::shared_ptr<const config::Regex> regex)
    : regex_(std::move(regex)), text_(Cat('/', regex_->pattern(), '/')) {}

bool RegexPattern::Matches(const ReplyLines& reply) const {
  for (const std::string& line : reply.coded) {
    if (regex_->Matches(line)) return true;
  }
  return reply.coded.size() > 1 && regex_->Matches(reply.whole);
}

}  // namespace convoy::shard
