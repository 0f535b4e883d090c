#include "config/list_builder.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/domain_rules.h"
#include "config/units.h"

namespace convoy::config {

void ListBuilder::Error(const Position& where, Said message, Said hint) {
  diagnostics_->push_back({Severity::kError, where, std::move(message), std::move(hint)});
}

void ListBuilder::Warn(const Position& where, Said message, Said hint) {
  diagnostics_->push_back({Severity::kWarning, where, std::move(message), std::move(hint)});
}

template <typename List>
bool ListBuilder::IsNew(const std::vector<List>& lists, const Section& section) {
  if (section.argument.empty()) return false;  // said already
  for (const List& known : lists) {
    if (!EqualsIgnoreCase(known.name, section.argument)) continue;
    Error(section.where, Say<"a <{}> named '{}' exists already">(section.kind, section.argument),
          Say<"give one of them another name; a and A are one letter">());
    return false;
  }
  return true;
}

void ListBuilder::Read(const Section& section) {
  switch (section.scope) {
    case kSmtpPatternList:
      return ReadReplies(section);
    case kBounceCategories:
      return ReadBounceCategories(section);
    case kMxRollupList:
      return ReadRollups(section);
    case kPatternList:
      if (IsNew(lists_->pattern_lists, section)) {
        lists_->pattern_lists.push_back({section.argument, ReadPatterns(section, false)});
      }
      return;
    case kAddressList:
      return ReadAddresses(section);
    case kRewriteList:
      return ReadRewrites(section);
    case kProcessor:
      for (const Section& child : section.children) Read(child);
      return;
    case kSmtpUser:
      if (IsNew(lists_->smtp_users, section)) ReadUser(section);
      return;
    case kSourceGroup:
      if (IsNew(lists_->source_groups, section)) ReadGroup(section);
      return;
    case kProxy:
      if (IsNew(lists_->proxies, section)) ReadProxy(section);
      return;
    case kSpool:
      return ReadSpool(section);
    case kDns:
      return ReadDns(section);
    default:
      return;
  }
}

RegexPtr ListBuilder::Pattern(const Setting& setting, size_t index) {
  const bool present = index < setting.words.size() && setting.words[index].regex;
  if (!present) {
    Error(setting.place(index), Say<"'{}' needs a regex between slashes">(setting.spelled),
          Say<"{}">(setting.row->help));
    return nullptr;
  }
  const Word& word = setting.words[index];
  const Position where{setting.where.file, word.line, word.column};
  auto regex = Regex::Compile(word.text);
  if (!regex.ok()) {
    Error(where, Say<"{}">(regex.status()));
    return nullptr;
  }
  if ((*regex)->uses_pcre()) {
    Warn(where, Say<"/{}/ cannot be matched in linear time">(word.text),
         Say<"look-around and back references are matched by PCRE2, with a limit on its work">());
  }
  return *std::move(regex);
}

std::vector<std::string> ListBuilder::Actions(const Setting& setting, size_t index) {
  std::string text;
  for (size_t i = index; i < setting.words.size(); ++i) {
    CatTo(&text, i == index ? "" : " ", setting.words[i].text);
  }
  std::vector<std::string> actions;
  for (const std::string_view piece : Split(text, ',')) {
    if (!Trim(piece).empty()) actions.emplace_back(Trim(piece));
  }
  return actions;
}

void ListBuilder::ReadReplies(const Section& section) {
  if (!IsNew(lists_->smtp_pattern_lists, section)) return;
  SmtpPatternList list{section.argument, {}};
  for (const Setting& setting : section.settings) {
    ReplyRule rule;
    rule.where = setting.where;
    rule.pattern = Pattern(setting, 0);
    if (rule.pattern == nullptr) continue;
    const std::vector<std::string> actions = Actions(setting, 1);
    if (actions.empty()) {
      Error(setting.where, Say<"'reply' needs an action behind its regex">(),
            Say<"for example mode=backoff">());
      continue;
    }
    bool good = true;
    for (const std::string& action : actions) good = ReadAction(setting, action, &rule) && good;
    if (!good || !CheckActions(setting, rule)) continue;
    WarnOfIdleActions(setting, rule);
    list.rules.push_back(std::move(rule));
  }
  lists_->smtp_pattern_lists.push_back(std::move(list));
}

bool ListBuilder::ReadFlag(std::string_view name, ReplyRule* rule) {
  const std::pair<std::string_view, bool ReplyRule::*> flags[] = {
      {"skip-mx", &ReplyRule::skip_mx},
      {"bounce-queue", &ReplyRule::bounce_queue},
      {"bounce-rcpt", &ReplyRule::bounce_rcpt},
      {"defer-queue", &ReplyRule::defer_queue},
      {"disable-source-ip", &ReplyRule::disable_source_ip}};
  for (const auto& [known, member] : flags) {
    if (!EqualsIgnoreCase(known, name)) continue;
    rule->*member = true;
    return true;
  }
  return false;
}

bool ListBuilder::ReadAction(const Setting& setting, std::string_view action, ReplyRule* rule) {
  const size_t equal = action.find('=');
  const std::string name = Lower(Trim(action.substr(0, equal)));
  const std::string_view value =
      equal == std::string_view::npos ? std::string_view() : Trim(action.substr(equal + 1));
  if (equal == std::string_view::npos && ReadFlag(name, rule)) return true;
  if (name == "mode") {
    const bool backoff = EqualsIgnoreCase(value, "backoff");
    if (!backoff && !EqualsIgnoreCase(value, "normal")) {
      Error(setting.place(action), Say<"reply: '{}' is no mode of a queue">(value),
            Say<"write mode=backoff or mode=normal; defer-queue and bounce-queue are actions of "
                "their own">());
      return false;
    }
    const auto mode = backoff ? ReplyRule::Mode::kBackoff : ReplyRule::Mode::kNormal;
    if (rule->mode != ReplyRule::Mode::kKeep && rule->mode != mode) {
      Error(setting.place(action),
            Say<"reply: mode=backoff and mode=normal contradict each other">());
      return false;
    }
    rule->mode = mode;
    return true;
  }
  if (name == "backoff-to-normal-after" || name == "reenable-after") {
    const auto time = ParseTime(value);
    if (!time.ok()) {
      Error(setting.place(action), Say<"reply: {}: {}">(name, time.status()));
      return false;
    }
    (name == "reenable-after" ? rule->reenable_after : rule->backoff_to_normal_after) = *time;
    return true;
  }
  const std::string nearest =
      Nearest(name, {"mode", "backoff-to-normal-after", "reenable-after", "skip-mx", "bounce-queue",
                     "bounce-rcpt", "defer-queue", "disable-source-ip"});
  Error(setting.place(action), Say<"reply: '{}' is no action">(action),
        nearest.empty() ? Say<"for example mode=backoff">() : Say<"did you mean '{}'?">(nearest));
  return false;
}

bool ListBuilder::CheckActions(const Setting& setting, const ReplyRule& rule) {
  const auto refuse = [&](Said message) {
    Error(setting.where, std::move(message));
    return false;
  };
  if (rule.backoff_to_normal_after.has_value() && rule.mode != ReplyRule::Mode::kBackoff) {
    return refuse(Say<"reply: backoff-to-normal-after=TIME goes with mode=backoff only">());
  }
  if (rule.reenable_after.has_value() && !rule.disable_source_ip) {
    return refuse(Say<"reply: reenable-after=TIME goes with disable-source-ip only">());
  }
  if (rule.skip_mx && rule.bounce_queue) {
    return refuse(
        Say<"reply: skip-mx keeps the mail and bounce-queue does not: write one of them">());
  }
  if (rule.defer_queue && rule.bounce_queue) {
    return refuse(
        Say<"reply: defer-queue keeps the mail and bounce-queue does not: write one of them">());
  }
  return true;
}

void ListBuilder::WarnOfIdleActions(const Setting& setting, const ReplyRule& rule) {
  const auto warn = [&](bool wanted, std::string_view action, std::string_view instead) {
    if (!wanted) return;
    Warn(setting.where, Say<"reply: {} has no effect yet: {}">(action, instead));
  };
  warn(rule.skip_mx, "skip-mx", "the next MX is tried up to EHLO only");
  warn(rule.bounce_queue, "bounce-queue", "the recipient's own reply decides");
  warn(rule.disable_source_ip, "disable-source-ip", "the source address stays in use");
}

void ListBuilder::ReadBounceCategories(const Section& section) {
  for (const Setting& setting : section.settings) {
    RegexPtr pattern = Pattern(setting, 0);
    if (pattern == nullptr) continue;
    if (setting.words.size() != 2) {
      Error(setting.where, Say<"a bounce category is one word behind the regex">(),
            Say<"for example /mailbox full/ quota-issues">());
      continue;
    }
    lists_->bounce_categories.push_back({std::move(pattern), setting.words[1].text, setting.where});
  }
}

void ListBuilder::ReadRollups(const Section& section) {
  for (const Setting& setting : section.settings) {
    const std::vector<Word>& words = setting.words;
    const bool by_ip = words.size() == 3 && EqualsIgnoreCase(words[2].text, "rollup-by-ip");
    if (words.size() != 2 && !by_ip) {
      Error(setting.where,
            Say<"mx takes a host pattern and a name, and rollup-by-ip if that is meant">(),
            Say<"for example 'mx *.pphosted.com proofpoint.rollup'">());
      continue;
    }
    MxRollup rollup{Lower(words[0].text), Lower(words[1].text), by_ip, setting.where};
    const std::string_view host =
        std::string_view(rollup.pattern).substr(rollup.pattern.starts_with("*.") ? 2 : 0);
    if (host.empty() || host.find('*') != std::string_view::npos) {
      Error(setting.place(0), Say<"mx: '{}' is no host name or *.suffix">(words[0].text),
            Say<"for example 'mx *.pphosted.com proofpoint.rollup'">());
    } else if (!rollup.name.ends_with(".rollup") || rollup.name.size() == 7) {
      Error(setting.place(1), Say<"mx: the name '{}' is not NAME.rollup">(words[1].text),
            Say<"the name of a rollup ends in .rollup">());
    } else {
      lists_->mx_rollups.push_back(std::move(rollup));
    }
  }
}

void ListBuilder::ReadAddresses(const Section& section) {
  AddressList list;
  list.name = section.argument;
  list.where = section.where;
  for (const Setting& setting : section.settings) {
    const std::string_view name = setting.row->name;
    if (name == "address-file") {
      list.files.push_back(ResolvePath(setting.where.file, setting.first()));
    } else if (name == "domain") {
      for (const std::string& item : Actions(setting, 0)) {
        for (std::string& one : macros_->Expand(Lower(item), setting.place(item))) {
          if (const auto pattern = ParseDomainPattern(one); !pattern.ok()) {
            Error(setting.place(item), Say<"{}">(pattern.status()));
            break;
          }
          list.domains.push_back(std::move(one));
        }
      }
    } else if (setting.words.size() == 1 && setting.words[0].regex) {
      if (RegexPtr pattern = Pattern(setting, 0)) list.patterns.push_back(std::move(pattern));
    } else if (setting.words.size() != 1 || setting.first().find('@') == std::string_view::npos) {
      Error(setting.place(0), Say<"address takes one address or /regex/">(),
            Say<"for example 'address info@example.com'">());
    } else {
      list.addresses.emplace_back(setting.first());
    }
  }
  lists_->address_lists.push_back(std::move(list));
}

void ListBuilder::ReadRewrites(const Section& section) {
  if (!IsNew(lists_->rewrite_lists, section)) return;
  RewriteList list{section.argument, {}};
  for (const Setting& setting : section.settings) {
    if (setting.words.size() != 2 || setting.words[0].regex) {
      Error(setting.where, Say<"'{}' takes what is written now and what to write">(setting.spelled),
            Say<"for example 'mail-from old@example.com new@example.com'">());
      continue;
    }
    RewriteRule rule;
    rule.subject = setting.row->name == "rcpt-to"       ? RewriteRule::Subject::kRcptTo
                   : setting.row->name == "from-domain" ? RewriteRule::Subject::kFromDomain
                                                        : RewriteRule::Subject::kMailFrom;
    rule.from = setting.words[0].text;
    rule.to = setting.words[1].text;
    rule.where = setting.where;
    list.rules.push_back(std::move(rule));
  }
  lists_->rewrite_lists.push_back(std::move(list));
}

}  // namespace convoy::config
