// L101 to L106: <domain> sections and settings that never hold.
#include "config/domain_rules.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "config/lint/rules.h"

namespace convoy::config::lint {
namespace {

// Several lines of it add up, or it is read another way.
bool LastCounts(const Setting& setting) {
  return setting.row != nullptr && !setting.row->repeatable &&
         setting.row->effect != Effect::kNoEffect && setting.row->name != "include";
}

// Those that merge with each other when they have one name.
bool Merges(const Section& section) { return section.scope == kDomain || section.scope == kSource; }

bool OneValueEach(const Section& section) {
  constexpr uint32_t kScopes = kGlobal | kSource | kDomain | kVirtualMta | kPool | kAcctFile;
  return (section.scope & kScopes) != 0;
}

void Overwritten(const Setting& first, const Setting& last, Findings* out) {
  const std::string line = first.where.file == last.where.file
                               ? Cat("line ", last.where.line)
                               : Cat(last.where.file, ":", last.where.line);
  const bool same = Meaning(*first.row, first) == Meaning(*last.row, last);
  out->push_back({"L101", first.where,
                  Cat("'", first.spelled, " ", first.row->secret ? "(hidden)" : first.value(),
                      same ? "' is written twice: " : "' never holds: ", line,
                      same ? " says the same" : " sets it again for the same section"),
                  "keep one of the two lines"});
}

// The name of a section that is for one domain, written out.
std::optional<std::string> ExactName(const Section& domain) {
  if (domain.argument.find('$') != std::string::npos) return std::nullopt;
  const auto pattern = ParseDomainPattern(Lower(domain.argument));
  if (!pattern.ok() || pattern->kind != DomainPattern::Kind::kExact) return std::nullopt;
  return pattern->name;
}

// Exact names a section holds for; nothing if it also holds for others.
std::vector<std::string> OnlyExact(const Section& domain, const MacroDomains& macros) {
  std::vector<std::string> names = {Lower(domain.argument)};
  if (const auto all = macros.find(names[0]); all != macros.end()) names = all->second;
  for (std::string& name : names) {
    const auto pattern = ParseDomainPattern(name);
    if (!pattern.ok() || pattern->kind != DomainPattern::Kind::kExact) return {};
    name = pattern->name;
  }
  return names;
}

}  // namespace

void SetAgain(const Survey& survey, Findings* out) {
  std::map<std::pair<const Section*, std::string>, std::map<std::string_view, const Setting*>> last;
  EachSection(survey.root, nullptr, [&](const Section& section, const Section* around) {
    if (!OneValueEach(section)) return;
    const bool merges = Merges(section);
    auto& settings = last[{merges ? around : &section,
                           merges ? Cat(section.kind, ' ', Lower(section.argument)) : ""}];
    for (const Setting& setting : section.settings) {
      if (!LastCounts(setting)) continue;
      const auto [known, added] = settings.try_emplace(setting.row->name, &setting);
      if (added) continue;
      Overwritten(*known->second, setting, out);
      known->second = &setting;
    }
  });
}

void SetForEveryDomain(const Survey& survey, Findings* out) {
  const MacroDomains macros = AllMacroDomains(survey.root);
  // Container -> name -> directives that a section written out for that name sets.
  std::map<const Section*, std::map<std::string, std::map<std::string_view, int>>> written;
  EachSection(survey.root, nullptr, [&](const Section& section, const Section* around) {
    if (section.scope != kDomain) return;
    const auto name = ExactName(section);
    if (!name.has_value()) return;
    for (const Setting& setting : section.settings) {
      if (LastCounts(setting)) written[around][*name][setting.row->name] = setting.where.line;
    }
  });
  EachSection(survey.root, nullptr, [&](const Section& section, const Section* around) {
    if (section.scope != kDomain || section.argument.find('$') == std::string::npos) return;
    const std::vector<std::string> names = OnlyExact(section, macros);
    const auto& here = written[around];
    for (const Setting& setting : section.settings) {
      if (!LastCounts(setting) || names.empty()) continue;
      const bool hidden = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
        const auto own = here.find(name);
        return own != here.end() && own->second.contains(setting.row->name);
      });
      if (!hidden) continue;
      out->push_back({"L102", setting.where,
                      Cat("'", setting.spelled, "' never holds: each of the ", names.size(),
                          " domains of ", section.argument, " has a <domain> section that sets it"),
                      "a section with the domain written out comes before one with a macro; remove "
                      "one of them"});
    }
  });
}

void QueuedElsewhere(const Survey& survey, Findings* out) {
  const MacroDomains macros = AllMacroDomains(survey.root);
  EachSection(survey.root, nullptr, [&](const Section& section, const Section* around) {
    if (section.scope != kDomain) return;
    const std::vector<std::string> names = OnlyExact(section, macros);
    const bool away = std::all_of(names.begin(), names.end(), [&](const std::string& name) {
      return survey.config->SiteOf(name) != name;
    });
    if (names.empty() || !away) return;
    const bool top = around != nullptr && around->scope == kGlobal;
    for (const Setting& setting : section.settings) {
      const std::string_view name = setting.row == nullptr ? "" : setting.row->name;
      // These two are looked up under the recipient's own domain.
      if (top && (name == "queue-to" || name == "suppress-file")) continue;
      const std::string site = survey.config->SiteOf(names.front());
      out->push_back({"L103", setting.where,
                      Cat("'", setting.spelled, "' never holds: mail for ", names.front(),
                          names.size() > 1 ? Cat(" and ", names.size() - 1, " more") : "",
                          " is queued as ", site),
                      Cat("write it into <domain ", site, ">")});
      return;  // one for the section is enough
    }
  });
}

void NotInThisScope(const Survey& survey, Findings* out) {
  EachSection(survey.root, nullptr, [&](const Section& section, const Section* around) {
    const bool inner = around != nullptr && (around->scope & (kVirtualMta | kPool)) != 0;
    if (section.scope != kDomain || !inner) return;
    for (const std::string_view name : {"queue-to", "suppress-file"}) {
      const Setting* setting = FindSetting(section, name);
      if (setting == nullptr || setting->first().empty()) continue;
      out->push_back(
          {"L104", setting->where,
           Cat("'", name, "' has no effect in ", ScopeText(around->scope), ": ",
               name == "queue-to" ? "the name of a queue" : "whether a recipient is suppressed",
               " is decided before the virtual MTA"),
           "write it into a <domain> section at the top level"});
    }
  });
}

void OddDomainNames(const Survey& survey, Findings* out) {
  const MacroDomains macros = AllMacroDomains(survey.root);
  EachSection(survey.root, nullptr, [&](const Section& section, const Section*) {
    if (section.scope != kDomain || section.argument.empty()) return;
    std::vector<std::string> names = {Lower(section.argument)};
    if (const auto all = macros.find(names[0]); all != macros.end()) names = all->second;
    for (const std::string& name : names) {
      const bool front = name.starts_with('.');
      const bool empty_label = name.find("..") != std::string::npos;
      if (!front && !empty_label) continue;
      out->push_back(
          {"L106", section.where,
           Cat("<domain ", section.argument, "> never matches: no domain is called '", name, "'"),
           front ? Cat("for every name below it write *", name) : "remove one dot"});
      return;
    }
  });
}

}  // namespace convoy::config::lint
