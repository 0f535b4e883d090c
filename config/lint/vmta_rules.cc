// L401 to L404: virtual MTAs and their addresses.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "config/lint/rules.h"

namespace convoy::config::lint {
namespace {

bool ChoosesByHeader(const Survey& survey) {
  bool any = false;
  EachSection(survey.root, nullptr, [&](const Section& section, const Section*) {
    if (section.scope != kSource) return;
    const Setting* setting = FindSetting(section, "process-x-virtual-mta");
    any = any || (setting != nullptr && ParseBool(setting->first()).value_or(false));
  });
  return any;
}

void AddResults(const std::vector<PatternRule>& rules, std::set<std::string>* names) {
  for (const PatternRule& rule : rules) {
    if (!rule.virtual_mta.empty()) names->insert(Lower(rule.virtual_mta));
    AddResults(rule.nested, names);
  }
}

// Virtual MTAs and pools that some line names as a choice, lower case.
std::set<std::string> NamedChoices(const Survey& survey) {
  std::set<std::string> names = {"{default}"};
  EachSection(survey.root, nullptr, [&](const Section& section, const Section*) {
    for (const Setting& setting : section.settings) {
      const std::string_view name = setting.row == nullptr ? "" : setting.row->name;
      const bool names_vmta = name == "default-virtual-mta" || name == "cold-virtual-mta" ||
                              name == "reroute-to-virtual-mta" ||
                              name == "backoff-reroute-to-virtual-mta" ||
                              name == "invalid-virtual-mta-fallback";
      if (!names_vmta) continue;
      for (const std::string_view piece : Split(setting.first(), ',')) {
        names.insert(Lower(Trim(piece)));
      }
    }
  });
  for (const PatternList& list : survey.config->lists().pattern_lists) {
    AddResults(list.rules, &names);
  }
  return names;
}

bool HasSources(const Survey& survey) {
  return std::any_of(survey.root.children.begin(), survey.root.children.end(),
                     [](const Section& section) { return section.scope == kSource; });
}

}  // namespace

Position ValuePlace(const Setting& setting) {
  if (setting.words.empty()) return setting.where;
  return {setting.where.file, setting.words[0].line, setting.words[0].column};
}

const Setting* FindSetting(const Section& section, std::string_view name) {
  const Setting* found = nullptr;
  for (const Setting& setting : section.settings) {
    if (setting.row != nullptr && setting.row->name == name) found = &setting;
  }
  return found;
}

bool IsSet(const Section& section, std::string_view name) {
  return FindSetting(section, name) != nullptr;
}

std::set<std::string> UsableVmtas(const Survey& survey) {
  std::set<std::string> usable;
  if (ChoosesByHeader(survey) || !HasSources(survey)) {
    for (const std::string& name : survey.config->VmtaNames()) usable.insert(Lower(name));
    return usable;
  }
  for (const std::string& name : NamedChoices(survey)) {
    for (const std::string& member : survey.config->MembersOf(name)) usable.insert(Lower(member));
  }
  return usable;
}

void NobodyChooses(const Survey& survey, Findings* out) {
  if (ChoosesByHeader(survey) || !HasSources(survey)) return;
  const std::set<std::string> named = NamedChoices(survey);
  const std::set<std::string> usable = UsableVmtas(survey);
  for (const Section& section : survey.root.children) {
    const std::string name = Lower(section.argument);
    const bool unused = (section.scope == kVirtualMta && !usable.contains(name)) ||
                        (section.scope == kPool && !named.contains(name));
    if (!unused) continue;
    out->push_back({"L401", section.where,
                    Cat("no submission by SMTP can choose <", section.kind, " ", section.argument,
                        ">: nothing names it, and no <source> has process-x-virtual-mta yes"),
                    Cat("write 'default-virtual-mta ", section.argument,
                        "' into a <source>, or allow x-virtual-mta there; submissions by gRPC may "
                        "name it")});
  }
}

void NoSourceHost(const Survey& survey, Findings* out) {
  if (IsSet(survey.root, "smtp-source-host") || IsSet(survey.root, "smtp-proxy-source-host")) {
    return;
  }
  const auto has = [](const Section& section) {
    return IsSet(section, "smtp-source-host") || IsSet(section, "smtp-proxy-source-host");
  };
  const auto& all = survey.root.children;
  const bool any = std::any_of(all.begin(), all.end(), [&](const Section& section) {
    return section.scope == kVirtualMta && has(section);
  });
  for (const Section& section : all) {
    if (!any || section.scope != kVirtualMta || has(section)) continue;
    if (EqualsIgnoreCase(section.argument, "{default}")) continue;
    out->push_back({"L402", section.where,
                    Cat("<virtual-mta ", section.argument,
                        "> has no smtp-source-host, others "
                        "have: its mail leaves from whatever "
                        "address the system picks"),
                    "write 'smtp-source-host IP HOST'"});
  }
}

void SharedAddress(const Survey& survey, Findings* out) {
  struct Use {
    const Section* vmta;
    int line;
  };
  std::map<std::string, Use> uses;
  for (const Section& section : survey.root.children) {
    if (section.scope != kVirtualMta) continue;
    for (const Setting& setting : section.settings) {
      if (setting.row == nullptr || setting.row->name != "smtp-source-host") continue;
      const auto ip = IpAddress::Parse(setting.first());
      if (!ip.ok()) continue;
      const auto [first, added] =
          uses.try_emplace(ip->ToString(), Use{&section, setting.where.line});
      if (added || first->second.vmta == &section) continue;
      out->push_back({"L403", ValuePlace(setting),
                      Cat(ip->ToString(), " is the address of virtual MTA ",
                          first->second.vmta->argument, " too (line ", first->second.line,
                          "): each has its own limits, receivers see one sender"),
                      "give each virtual MTA an address of its own"});
    }
  }
}

void OddHostName(const Survey& survey, Findings* out) {
  EachSection(survey.root, nullptr, [&](const Section& section, const Section*) {
    if ((section.scope & (kGlobal | kVirtualMta)) == 0) return;
    for (const Setting& setting : section.settings) {
      if (setting.row == nullptr || setting.row->name != "smtp-source-host" ||
          setting.words.size() != 2) {
        continue;
      }
      const Word& name = setting.words[1];
      const bool address = IpAddress::Parse(name.text).ok();
      if (!address && name.text.find('.') != std::string::npos) continue;
      out->push_back(
          {"L404", Position{setting.where.file, name.line, name.column},
           Cat("EHLO name '", name.text, "' is ", address ? "an address" : "no full host name",
               ": many receivers refuse it"),
           Cat("write the name that ", setting.first(), " has in DNS")});
    }
  });
}

}  // namespace convoy::config::lint
