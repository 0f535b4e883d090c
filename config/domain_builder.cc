// <domain> sections of ConfigBuilder.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/config_builder.h"
#include "config/policy_builder.h"

namespace convoy::config {

void ConfigBuilder::ReadDomain(const Section& section, DomainRules* rules) {
  if (section.argument.empty()) return;  // said already
  CheckDomain(section, rules == &config_->rules_);
  auto shared = std::make_shared<const Section>(section);
  const std::string text = Lower(section.argument);
  if (text.find('$') == std::string::npos) {
    return AddPattern(text, section.where, rules, shared);
  }
  if (auto domains = DomainsOf(text, section.where)) rules->Add(std::move(domains), shared);
}

void ConfigBuilder::AddPattern(std::string_view text, const Position& where, DomainRules* rules,
                               const SectionPtr& section) {
  const auto pattern = ParseDomainPattern(text);
  if (!pattern.ok()) {
    return Error(where, Say<"<domain>: {}">(pattern.status()));
  }
  const bool ascii = std::all_of(pattern->name.begin(), pattern->name.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (!ascii) {
    Warn(where, Say<"<domain {}> never matches: queues have the ASCII form of a name">(text),
         Say<"write it as xn--...">());
  }
  rules->Add(*pattern, section);
}

// Each text is expanded once, however many sections have it.
std::shared_ptr<const DomainSet> ConfigBuilder::DomainsOf(const std::string& text,
                                                          const Position& where) {
  const auto [known, added] = domain_sets_.try_emplace(text);
  if (!added) return known->second;
  auto set = std::make_shared<DomainSet>();
  for (const std::string& one : macros_.Expand(text, where)) {
    const auto pattern = ParseDomainPattern(one);
    if (!pattern.ok()) {
      Error(where, Say<"<domain {}>: {}">(text, pattern.status()));
      return nullptr;
    }
    set->Add(*pattern);
  }
  known->second = std::move(set);
  return known->second;
}

void ConfigBuilder::CheckDomain(const Section& section, bool top_level) {
  NoteUses(section);
  for (const Setting& setting : section.settings) {
    if (setting.row == nullptr) {
      if (const auto line = ParseBackoffLine(setting); !line.ok()) {
        Error(setting.where, Say<"{}">(line.status()));
      }
    } else if (setting.row->name == "suppress-file" && !setting.first().empty()) {
      config_->suppress_files_.emplace(ResolvePath(setting.where.file, setting.first()),
                                       setting.where);
    } else if (setting.row->name == "queue-to") {
      if (setting.first().find('/') != std::string::npos) {
        Error(setting.place(0), Say<"queue-to takes the name of a queue's domain, without '/'">());
      }
      if (!top_level) {
        Warn(setting.where, Say<"'queue-to' has no effect yet within a virtual MTA or pool">(),
             Say<"write it in a <domain> at the top level; it holds for all virtual MTAs">());
      }
      if (top_level) sites_.push_back({SiteName(setting.first()), setting.place(0)});
    }
  }
}

// Every domain of a circle is named by some queue-to, so it is enough to follow those.
void ConfigBuilder::CheckSites() {
  std::set<std::string> done;  // they lead to an end, or in a circle that was reported
  for (const Use& use : sites_) {
    std::vector<std::string> path;
    std::string site = use.name;
    while (done.insert(site).second) {
      path.push_back(site);
      site = config_->NextSite(site);
    }
    const auto start = std::find(path.begin(), path.end(), site);
    if (path.end() - start < 2) continue;
    std::string circle;
    for (auto one = start; one != path.end(); ++one) CatTo(&circle, *one, " -> ");
    Error(use.where, Say<"queue-to leads in a circle: {}{}">(circle, site),
          Say<"one of these domains must have a queue of its own">());
  }
}

}  // namespace convoy::config
