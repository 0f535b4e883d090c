// <pattern-list> of ListBuilder: which virtual MTA and priority a message gets.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "config/list_builder.h"
#include "config/units.h"

namespace convoy::config {
namespace {

Said Results() {
  return Say<
      "write virtual-mta=NAME, recipient-priority=N, call-to:LIST or a nested <pattern-list>">();
}

}  // namespace

std::vector<PatternRule> ListBuilder::ReadPatterns(const Section& section, bool nested) {
  std::vector<PatternRule> rules;
  for (const Setting& setting : section.settings) {
    PatternRule rule;
    rule.where = setting.where;
    size_t result = 0;
    if (!ReadPattern(setting, nested, &rule, &result)) continue;
    std::string text;
    for (size_t i = result; i < setting.words.size(); ++i) {
      CatTo(&text, text.empty() ? "" : " ", setting.words[i].text);
    }
    if (setting.child >= 0) {
      rule.nested = ReadPatterns(section.children[static_cast<size_t>(setting.child)], true);
      if (!text.empty()) {
        Error(setting.where, Say<"'{}' has a result and a nested list">(setting.spelled),
              Say<"remove one of them">());
        continue;
      }
    } else if (!ReadResult(setting, text, &rule)) {
      continue;
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

// `*result` is the word at which the result begins.
bool ListBuilder::ReadPattern(const Setting& setting, bool nested, PatternRule* rule,
                              size_t* result) {
  const std::string_view name = setting.row->name;
  if (name == "*") {
    if (nested) return true;
    Error(setting.where, Say<"'*' stands in a nested <pattern-list> only">(),
          Say<"default-virtual-mta is for what no line matches">());
    return false;
  }
  *result = 1;
  if (name == "header") {
    rule->subject = PatternRule::Subject::kHeader;
    if (setting.words.empty() || setting.words[0].regex) {
      Error(setting.where, Say<"'header' needs the name of a field in front of the regex">(),
            Say<"for example 'header X-Stream /news/ virtual-mta=bulk'">());
      return false;
    }
    rule->header = Lower(setting.words[0].text);
    if (rule->header.ends_with(':')) rule->header.pop_back();
    *result = 2;
  } else {
    rule->subject =
        name == "rcpt-to" ? PatternRule::Subject::kRcptTo : PatternRule::Subject::kMailFrom;
  }
  rule->pattern = Pattern(setting, *result - 1);
  return rule->pattern != nullptr;
}

bool ListBuilder::ReadResult(const Setting& setting, const std::string& text, PatternRule* rule) {
  if (text.empty()) {
    Error(setting.where, Say<"'{}' has no result">(setting.spelled), Results());
    return false;
  }
  if (StartsWithIgnoreCase(text, "call-to:")) {
    rule->call_to = Lower(Trim(std::string_view(text).substr(8)));
    if (!rule->call_to.empty()) return true;
  }
  for (const std::string_view piece : Split(text, ',')) {
    const size_t equal = piece.find('=');
    const std::string name = Lower(Trim(piece.substr(0, equal)));
    const std::string value(equal == std::string_view::npos ? std::string_view()
                                                            : Trim(piece.substr(equal + 1)));
    if (name == "virtual-mta" && !value.empty()) {
      rule->virtual_mta = value;
      used_vmtas_.emplace_back(value, setting.place(Trim(piece)));
    } else if (name == "recipient-priority") {
      const auto priority = ParseInt(value);
      if (!priority.has_value() || *priority < 0 || *priority > 100) {
        Error(setting.place(Trim(piece)),
              Say<"recipient-priority: '{}' is not between 0 and 100">(value));
        return false;
      }
      rule->recipient_priority = *priority;
    } else {
      Error(setting.place(Trim(piece)), Say<"'{}' is no result of a pattern">(Trim(piece)),
            Results());
      return false;
    }
  }
  return true;
}

namespace {

using CallMap = std::map<std::string, std::vector<const PatternRule*>>;

void CollectCalls(const std::vector<PatternRule>& rules, std::vector<const PatternRule*>* out) {
  for (const PatternRule& rule : rules) {
    if (!rule.call_to.empty()) out->push_back(&rule);
    CollectCalls(rule.nested, out);
  }
}

// The call that leads from `name` back to `name`; null if there is none.
const PatternRule* FindCircle(const CallMap& calls, const std::string& name) {
  std::vector<std::string> open = {name};
  std::map<std::string, bool> seen;
  while (!open.empty()) {
    const std::string next = open.back();
    open.pop_back();
    const auto list = calls.find(next);
    if (list == calls.end()) continue;
    for (const PatternRule* rule : list->second) {
      if (rule->call_to == name) return rule;
      if (!seen[rule->call_to]) open.push_back(rule->call_to);
      seen[rule->call_to] = true;
    }
  }
  return nullptr;
}

}  // namespace

void ListBuilder::CheckCalls() {
  CallMap calls;
  std::vector<std::string_view> names;
  for (const PatternList& list : lists_->pattern_lists) {
    CollectCalls(list.rules, &calls[Lower(list.name)]);
    names.push_back(list.name);
  }
  for (const auto& [name, rules] : calls) {
    for (const PatternRule* rule : rules) {
      if (calls.contains(rule->call_to)) continue;
      const std::string nearest = Nearest(rule->call_to, names);
      Error(rule->where, Say<"no <pattern-list> is named '{}'">(rule->call_to),
            nearest.empty() ? Say<"define it, or remove the name here">()
                            : Say<"did you mean '{}'?">(nearest));
    }
  }
  for (const auto& [name, rules] : calls) {
    if (const PatternRule* rule = FindCircle(calls, name)) {
      Error(rule->where, Say<"<pattern-list {}> calls itself">(name),
            Say<"remove one of the calls of the circle">());
      return;
    }
  }
}

}  // namespace convoy::config
