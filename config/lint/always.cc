#include "config/lint/always.h"

#include <set>
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "base/text.h"

namespace convoy::config::lint {
namespace {

// Those without <domain> sections of their own: what holds for one holds for all.
std::vector<std::string> Others(const Survey& survey) {
  std::set<std::string> own;
  for (const std::string& name : survey.vmtas) own.insert(Lower(name));
  std::vector<std::string> others;
  for (const std::string& name : survey.config->VmtaNames()) {
    if (!own.contains(Lower(name))) others.push_back(name);
  }
  return others;
}

auto PlaceOf(const Setting& setting) {
  return std::tie(setting.where.file, setting.where.line, setting.where.column);
}

}  // namespace

const Setting* Queue::Find(std::string_view directive) const {
  const auto found = holdings.find(directive);
  return found == holdings.end() || found->second.empty() ? nullptr : found->second.back().setting;
}

void EachQueue(const Survey& survey, const std::function<void(const Queue&)>& f) {
  const std::vector<std::string> others = Others(survey);
  for (const std::string& vmta : survey.vmtas) {
    absl::flat_hash_set<PolicyPath> done;
    for (const std::string& probe : survey.probes) {
      // Mail is never queued under a name whose mail goes to another queue.
      if (!probe.starts_with('*') && survey.config->SiteOf(probe) != probe) continue;
      const PolicyPath path = survey.config->PathFor(probe, vmta);
      if (!done.insert(path).second) continue;
      f(Queue{.domain = probe,
              .vmta = vmta,
              .vmtas = vmta.empty() ? others : std::vector<std::string>{vmta},
              .policy = Config::PolicyOf(path),
              .holdings = HoldingsOf(path)});
    }
  }
}

bool Always::ByPlace::operator()(const Setting* a, const Setting* b) const {
  return PlaceOf(*a) < PlaceOf(*b);
}

void Always::See(const Setting* first, const Setting* second, bool bad, const std::string& message,
                 const std::string& fix) {
  SeeOne(first, second, bad, message, fix);
  SeeOne(second, first, bad, message, fix);
}

void Always::SeeOne(const Setting* setting, const Setting* partner, bool bad,
                    const std::string& message, const std::string& fix) {
  if (setting == nullptr) return;
  Seen& seen = seen_[setting];
  seen.bad = seen.bad && bad;
  if (!bad || !seen.message.empty()) return;
  seen.message = message;
  seen.fix = fix;
  seen.partner = partner;
}

void Always::Report(std::vector<Finding>* findings) const {
  for (const auto& [setting, seen] : seen_) {
    if (!seen.bad) continue;
    // Of two that are wrong together only the later one is named.
    const auto partner = seen.partner == nullptr ? seen_.end() : seen_.find(seen.partner);
    if (partner != seen_.end() && partner->second.bad && ByPlace()(setting, partner->first)) {
      continue;
    }
    findings->push_back({id_, setting->where, seen.message, seen.fix});
  }
}

}  // namespace convoy::config::lint
