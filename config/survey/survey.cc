#include "config/survey/survey.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "config/macros.h"

namespace convoy::config {
namespace {

void AddProbes(const std::string& pattern, std::set<std::string>* probes) {
  const auto parsed = ParseDomainPattern(pattern);
  if (!parsed.ok()) return;
  switch (parsed->kind) {
    case DomainPattern::Kind::kAny:
      return;
    case DomainPattern::Kind::kUnderOrEqual:
      probes->insert(parsed->name);
      probes->insert(Cat("*.", parsed->name));
      return;
    case DomainPattern::Kind::kUnder:
      probes->insert(Cat("*.", parsed->name));
      return;
    case DomainPattern::Kind::kRange:
      probes->insert(Cat("[", parsed->range.network.ToLiteral(), "]"));
      return;
    case DomainPattern::Kind::kExact:
      probes->insert(parsed->name);
      return;
  }
}

bool HasDomains(const Section& section) {
  return std::any_of(section.children.begin(), section.children.end(),
                     [](const Section& child) { return child.scope == kDomain; });
}

// Calls `f` with each <domain> section, wherever it stands.
template <typename F>
void EachDomain(const Section& section, const F& f) {
  for (const Section& child : section.children) {
    if (child.scope == kDomain) f(child);
    EachDomain(child, f);
  }
}

std::vector<std::string> Expanded(Macros* macros, const Section& domain) {
  const std::string text = Lower(domain.argument);
  if (text.find('$') == std::string::npos) return {text};
  return macros->Expand(text, domain.where);
}

void FindProbes(Survey* survey) {
  std::vector<Diagnostic> said;  // by the builder already
  Macros macros(&said);
  macros.Read(survey->root);
  std::set<std::string> probes = {"*"};
  std::set<std::string> done;
  EachDomain(survey->root, [&](const Section& domain) {
    if (!done.insert(Lower(domain.argument)).second) return;
    for (const std::string& one : Expanded(&macros, domain)) AddProbes(one, &probes);
  });
  survey->probes.assign(probes.begin(), probes.end());
}

void FindVmtas(Survey* survey) {
  std::set<std::string> names = {""};
  for (const Section& section : survey->root.children) {
    if (!HasDomains(section)) continue;
    if (section.scope == kVirtualMta) names.insert(section.argument);
    if (section.scope != kPool) continue;
    for (const Setting& setting : section.settings) {
      if (setting.row->name == "virtual-mta") names.emplace(setting.first());
    }
  }
  survey->vmtas.assign(names.begin(), names.end());
}

void Hold(const std::vector<const Section*>& sections, Holdings* out) {
  std::set<std::string_view> fresh;  // directives that this scope has set: they add up
  for (const Section* section : sections) {
    for (const Setting& setting : section->settings) {
      const std::string_view name = setting.row == nullptr ? "" : setting.row->name;
      std::vector<Holding>& held = (*out)[name];
      const bool adds_up = setting.row == nullptr || setting.row->repeatable;
      if (!adds_up || fresh.insert(name).second) held.clear();
      if (name == "suppress-file" && setting.first().empty()) {
        held.clear();
        continue;
      }
      held.push_back({&setting, section});
    }
  }
}

template <typename List>
std::string Joined(const List& list) {
  std::string text;
  for (const auto& one : list) CatTo(&text, text.empty() ? "" : ",", one);
  return text;
}

std::string MeaningOf(const DirectiveRow& row, std::string_view text) {
  using enum ValueKind;
  switch (row.kind) {
    case kBool:
      if (const auto yes = ParseBool(text); yes.ok()) return *yes ? "yes" : "no";
      break;
    case kCount:
      if (const auto count = ParseCount(text, -1); count.ok()) {
        return *count < 0 ? "unlimited" : Cat(*count);
      }
      break;
    case kTime:
    case kTimeOrNever:
      if (const auto time = ParseTime(text); time.ok()) return Cat(time->us);
      break;
    case kTimeList:
      if (const auto times = ParseTimeList(text); times.ok()) {
        std::vector<int64_t> us;
        for (const Duration one : *times) us.push_back(one.us);
        return Joined(us);
      }
      break;
    case kRate:
      if (const auto rate = ParseRate(text); rate.ok()) {
        return Cat(rate->count, "/", rate->interval.us);
      }
      break;
    case kVolumeRate:
      if (const auto rate = ParseVolumeRate(text); rate.ok()) {
        return Cat(rate->bytes, "/", rate->interval.us);
      }
      break;
    case kSize:
      if (const auto size = ParseSize(text); size.ok()) return Cat(*size);
      break;
    case kChoice:
      if (const auto yes = ParseBool(text); yes.ok()) return *yes ? "yes" : "no";
      return Lower(text);
    default:
      break;
  }
  return std::string(text);
}

}  // namespace

Survey SurveyConfig(const std::string& path, const FileAccess& access, const ReadOptions& options) {
  Survey survey;
  survey.root = ReadSections(path, access, &survey.files, &survey.diagnostics, options);
  survey.config = Config::Build(survey.root, survey.files, &survey.diagnostics);
  if (survey.config == nullptr) return survey;
  FindProbes(&survey);
  FindVmtas(&survey);
  return survey;
}

MacroDomains AllMacroDomains(const Section& root) {
  std::vector<Diagnostic> said;
  Macros macros(&said);
  macros.Read(root);
  MacroDomains all;
  EachDomain(root, [&](const Section& domain) {
    const std::string text = Lower(domain.argument);
    if (text.find('$') == std::string::npos) return;
    const auto [place, added] = all.try_emplace(text);
    if (added) place->second = macros.Expand(text, domain.where);
  });
  return all;
}

Holdings HoldingsOf(const PolicyPath& path) {
  Holdings holdings;
  Hold(path.global, &holdings);
  Hold(path.pool, &holdings);
  Hold(path.vmta, &holdings);
  return holdings;
}

std::string Meaning(const DirectiveRow& row, const Setting& setting) {
  if (row.secret) return setting.secret.empty() ? setting.value() : setting.secret;
  return MeaningOf(row, setting.value());
}

std::string DefaultMeaning(const DirectiveRow& row) {
  return row.default_text.empty() ? "" : MeaningOf(row, row.default_text);
}

}  // namespace convoy::config
