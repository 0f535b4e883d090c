// L201 to L204: regexes over replies.
#include <algorithm>

#include "base/text.h"
#include "config/lint/pattern_text.h"
#include "config/lint/rules.h"

namespace convoy::config::lint {
namespace {

// All that the later line asks for, the earlier one has decided: the first that matches counts.
bool LeavesNothing(const ReplyRule& first, const ReplyRule& later) {
  if (later.mode != ReplyRule::Mode::kKeep && first.mode == ReplyRule::Mode::kKeep) return false;
  const bool more =
      (later.skip_mx && !first.skip_mx && !first.bounce_queue) ||
      (later.bounce_queue && !first.bounce_queue && !first.skip_mx && !first.defer_queue) ||
      (later.bounce_rcpt && !first.bounce_rcpt) ||
      (later.defer_queue && !first.defer_queue && !first.bounce_queue) ||
      (later.disable_source_ip && !first.disable_source_ip);
  return !more;
}

std::string Slashes(const RegexPtr& regex) { return Cat("/", regex->pattern(), "/"); }

std::string CoveredText(const RegexPtr& later, const RegexPtr& first, int line) {
  const bool same = later->pattern() == first->pattern();
  return Cat(Slashes(later), " never decides: ", Slashes(first), " of line ", line,
             same ? " is the same" : " matches everything that it matches");
}

// Every regex over a reply, with the text it is matched against.
template <typename F>
void EachReplyRegex(const Survey& survey, const F& f) {
  EachSection(survey.root, nullptr, [&](const Section& section, const Section*) {
    if ((section.scope & (kSmtpPatternList | kBounceCategories)) == 0) return;
    for (const Setting& setting : section.settings) {
      for (const Word& word : setting.words) {
        if (word.regex) {
          f(word.text, Position{setting.where.file, word.line, word.column},
            section.scope == kSmtpPatternList);
        }
      }
    }
  });
}

// "[TS01]": what providers put into replies, and a class of five characters as a regex.
std::string BareTag(std::string_view regex) {
  for (size_t at = regex.find('['); at != std::string_view::npos; at = regex.find('[', at + 1)) {
    if (at > 0 && regex[at - 1] == '\\') continue;
    const size_t end = regex.find(']', at);
    if (end == std::string_view::npos) return "";
    const std::string_view inside = regex.substr(at + 1, end - at - 1);
    const size_t letters = inside.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (letters == std::string_view::npos || letters < 2) continue;
    const std::string_view digits = inside.substr(letters);
    if (std::all_of(digits.begin(), digits.end(), IsDigit)) return std::string(inside);
  }
  return "";
}

// A letter or digit and then '*' at the end: a shell's pattern, not a regex.
bool EndsLikeAGlob(std::string_view regex) {
  if (regex.size() < 3 || !regex.ends_with('*')) return false;
  return IsAlnum(regex[regex.size() - 2]) && regex[regex.size() - 3] != '\\';
}

}  // namespace

void CoveredReplies(const Survey& survey, Findings* out) {
  for (const SmtpPatternList& list : survey.config->lists().smtp_pattern_lists) {
    for (size_t later = 1; later < list.rules.size(); ++later) {
      const ReplyRule& rule = list.rules[later];
      const auto first =
          std::find_if(list.rules.begin(), list.rules.begin() + static_cast<std::ptrdiff_t>(later),
                       [&](const ReplyRule& one) {
                         return Covers(one.pattern->pattern(), rule.pattern->pattern()) &&
                                LeavesNothing(one, rule);
                       });
      if (first == list.rules.begin() + static_cast<std::ptrdiff_t>(later)) continue;
      out->push_back({"L201", rule.where,
                      CoveredText(rule.pattern, first->pattern, first->where.line),
                      "put the more exact pattern first, or remove it"});
    }
  }
}

void CoveredCategories(const Survey& survey, Findings* out) {
  const auto& rules = survey.config->lists().bounce_categories;
  for (size_t later = 1; later < rules.size(); ++later) {
    const auto end = rules.begin() + static_cast<std::ptrdiff_t>(later);
    const auto first = std::find_if(rules.begin(), end, [&](const BounceCategoryRule& one) {
      return Covers(one.pattern->pattern(), rules[later].pattern->pattern());
    });
    if (first == end) continue;
    out->push_back({"L202", rules[later].where,
                    CoveredText(rules[later].pattern, first->pattern, first->where.line),
                    "put the more exact pattern first, or remove it"});
  }
}

void NeverAReply(const Survey& survey, Findings* out) {
  EachReplyRegex(survey, [&](const std::string& regex, const Position& where, bool reply) {
    const std::string start = AnchoredStart(regex);
    if (!reply) {
      // "5.1.1;text": a digit and a dot.
      const bool odd =
          (!start.empty() && !IsDigit(start[0])) || (start.size() > 1 && start[1] != '.');
      if (odd) {
        out->push_back({"L203", where,
                        Cat("/", regex, "/ matches nothing: it is compared with ",
                            "'STATUS;TEXT', such as '5.1.1;550 no such user'"),
                        "leave out the ^"});
      }
      return;
    }
    const bool only_code = regex.size() == 5 && regex.ends_with('$') && start.size() == 3 &&
                           std::all_of(start.begin(), start.end(), IsDigit);
    if (only_code) {
      out->push_back({"L203", where,
                      Cat("/", regex, "/ matches only a reply without any text, never '", start,
                          " 5.1.1 ...'"),
                      Cat("write /^", start, "/")});
    } else if (!start.empty() && (start[0] < '2' || start[0] > '5')) {
      out->push_back({"L203", where,
                      Cat("/", regex, "/ matches no reply: a reply begins with its code"),
                      "leave out the ^, or begin with the code"});
    }
  });
}

void OddRegexes(const Survey& survey, Findings* out) {
  EachReplyRegex(survey, [&](const std::string& regex, const Position& where, bool) {
    if (const std::string tag = BareTag(regex); !tag.empty()) {
      out->push_back({"L204", where,
                      Cat("[", tag, "] is any one of these characters: /", regex,
                          "/ matches nearly every reply"),
                      Cat("write \\[", tag, "\\]")});
    } else if (EndsLikeAGlob(regex)) {
      const char last = regex[regex.size() - 2];
      out->push_back({"L204", where,
                      Cat("'", last, "*' is any number of '", last, "', and none: /", regex,
                          "/ matches without it"),
                      "a regex matches anywhere in the reply: leave out the *"});
    } else if (regex.find("\\\\[") != std::string::npos ||
               regex.find("\\\\]") != std::string::npos ||
               regex.find("\\\\.") != std::string::npos) {
      out->push_back({"L204", where,
                      Cat("/", regex, "/ looks for a backslash: the sign is escaped twice"),
                      "one backslash escapes a sign"});
    }
  });
}

}  // namespace convoy::config::lint
