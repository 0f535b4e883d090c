// L107 to L109: names that are written where nothing leads to them.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/lint/rules.h"

namespace convoy::config::lint {

void RollupWithoutHosts(const Survey& survey, Findings* out) {
  for (const MxRollup& rollup : survey.config->lists().mx_rollups) {
    if (!rollup.pattern.starts_with("*.") || rollup.by_ip) continue;
    if (!survey.config->PolicyFor(rollup.name, "").smtp_hosts.empty()) continue;
    out->push_back({"L107", rollup.where,
                    Cat("the rollup ", rollup.name, " has no hosts to deliver to: ", rollup.pattern,
                        " names none"),
                    Cat("add rollup-by-ip, or <domain ", rollup.name, "> with smtp-hosts")});
  }
}

void NameWithoutMail(const Survey& survey, Findings* out) {
  std::set<std::string> targets = {"localhost"};
  for (const MxRollup& rollup : survey.config->lists().mx_rollups) targets.insert(rollup.name);
  EachSection(survey.root, nullptr, [&](const Section& section, const Section*) {
    if (section.scope != kDomain) return;
    for (const Setting& setting : section.settings) {
      if (setting.row != nullptr && setting.row->name == "queue-to") {
        targets.insert(Lower(setting.first()));
      }
    }
  });
  EachSection(survey.root, nullptr, [&](const Section& section, const Section*) {
    if (section.scope != kDomain) return;
    const std::string name = Lower(section.argument);
    const bool plain = !name.empty() && name.find_first_of("*$[]{") == std::string::npos;
    if (!plain || targets.contains(name)) return;
    const bool rollup = name.ends_with(".rollup");
    if (!rollup && name.find('.') != std::string::npos) return;
    out->push_back({"L108", section.where,
                    Cat("<domain ", section.argument, "> never matches: ",
                        rollup ? "no line of <mx-rollup-list> has this name"
                               : "it is no full name, and no queue-to leads to it"),
                    rollup ? Cat("write 'mx HOST ", name, "' into <mx-rollup-list>")
                           : Cat("write the domains it is meant for, for example ", name,
                                 ".com, or 'queue-to ", name, "' in their sections")});
  });
}

// Names of hosts and domains are compared without the dot of the root.
void FinalDots(const Survey& survey, Findings* out) {
  EachSection(survey.root, nullptr, [&](const Section& section, const Section*) {
    for (const Setting& setting : section.settings) {
      const std::string_view directive = setting.row == nullptr ? "" : setting.row->name;
      std::string name;
      if (directive == "mx") name = setting.first();
      if (directive == "domain-key") {
        const std::string value = setting.value();
        const std::vector<std::string_view> fields = Split(value, ',');
        if (fields.size() >= 3) name = Trim(fields[fields.size() - 2]);
      }
      if (name.size() < 2 || !name.ends_with('.')) continue;
      out->push_back({"L109", setting.where,
                      Cat("'", directive, "' never matches: '", name,
                          "' ends in a dot, and the names it is compared with do not"),
                      Cat("write ", name.substr(0, name.size() - 1))});
    }
  });
}

}  // namespace convoy::config::lint
