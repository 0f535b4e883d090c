#include "config/model.h"

#include <algorithm>

#include "base/text.h"
#include "config/config_builder.h"
#include "config/policy_builder.h"

namespace convoy::config {
namespace {

// Sections reached through a macro first, those written out last: the last one wins.
template <typename Rules>
void ApplyAll(const Rules& rules, Policy* policy) {
  for (const bool literal : {false, true}) {
    for (const auto& rule : rules) {
      if (rule.literal != literal) continue;
      for (const Setting& setting : rule.section.settings) ApplySetting(setting, policy);
    }
  }
}

void ApplySource(const Setting& setting, SourceSettings* out) {
  const std::string_view name = setting.row->name;
  const auto yes = [&] { return *ParseBool(setting.first()); };
  if (name == "smtp-service") out->smtp_service = yes();
  if (name == "always-allow-relaying") out->always_allow_relaying = yes();
  if (name == "process-x-virtual-mta") out->process_x_virtual_mta = yes();
  if (name == "retain-x-virtual-mta") out->retain_x_virtual_mta = yes();
  if (name == "process-x-job") out->process_x_job = yes();
  if (name == "retain-x-job") out->retain_x_job = yes();
  if (name == "process-x-envid") out->process_x_envid = yes();
  if (name == "add-received-header") out->add_received_header = yes();
  if (name == "hide-message-source") out->hide_message_source = yes();
  if (name == "add-date-header") out->add_date_header = !EqualsIgnoreCase(setting.first(), "no");
  if (name == "add-message-id-header") out->add_message_id_header = yes();
  if (name == "default-virtual-mta") out->default_virtual_mta = setting.first();
  if (name == "max-message-size") {
    const int64_t size = *ParseSize(setting.first());
    out->max_message_size = size == 0 ? int64_t{1} << 30 : size;
  }
  if (name == "max-rcpt-per-message") {
    out->max_rcpt_per_message = *ParseCount(setting.first(), 10'000);
  }
  if (name == "max-message-hops") out->max_message_hops = *ParseCount(setting.first(), 10'000);
}

void AppendMatching(const std::vector<DomainKeyEntry>& keys, std::string_view from_domain,
                    std::vector<DomainKeyEntry>* out) {
  for (const DomainKeyEntry& key : keys) {
    if (key.domain != "*" && key.domain != from_domain) continue;
    out->push_back(key);
    if (key.domain == "*") out->back().domain = from_domain;
  }
}

}  // namespace

std::shared_ptr<const Config> Config::Build(const Section& root,
                                            const std::vector<SourceFile>& files,
                                            std::vector<Diagnostic>* diagnostics) {
  return ConfigBuilder(diagnostics).Build(root, files);
}

void Config::DomainRules::Apply(std::string_view domain, Policy* policy) const {
  ApplyAll(any, policy);
  // From the shortest suffix to the longest: the more specific later.
  std::vector<std::string> suffixes;
  for (size_t at = 0; at != std::string_view::npos; at = domain.find('.', at)) {
    if (at != 0) ++at;
    suffixes.emplace_back(domain.substr(at));
  }
  std::reverse(suffixes.begin(), suffixes.end());
  for (const std::string& suffix : suffixes) {
    if (const auto found = under_or_equal.find(suffix); found != under_or_equal.end()) {
      ApplyAll(found->second, policy);
    }
  }
  for (const std::string& suffix : suffixes) {
    if (suffix.size() == domain.size()) continue;
    if (const auto found = under.find(suffix); found != under.end()) {
      ApplyAll(found->second, policy);
    }
  }
  if (const auto found = exact.find(std::string(domain)); found != exact.end()) {
    ApplyAll(found->second, policy);
  }
}

Policy Config::PolicyFor(std::string_view domain, std::string_view vmta) const {
  Policy policy;
  const std::string name = Lower(vmta);
  rules_.Apply(domain, &policy);
  // Lists that add up within a scope are replaced by an inner scope as a whole.
  const auto inner = [&](const DomainRules& rules) {
    Policy probe = policy;
    probe.suppress_files.clear();
    probe.backoff_lines.clear();
    rules.Apply(domain, &probe);
    if (probe.suppress_files.empty()) probe.suppress_files = policy.suppress_files;
    if (probe.backoff_lines.empty()) probe.backoff_lines = policy.backoff_lines;
    policy = std::move(probe);
  };
  if (const auto pool = pool_of_vmta_.find(name); pool != pool_of_vmta_.end()) {
    inner(pools_.at(pool->second).rules);
  }
  if (const auto rules = vmta_rules_.find(name); rules != vmta_rules_.end()) inner(rules->second);
  return policy;
}

std::string Config::SiteOf(std::string_view domain) const {
  // Followed to its end, so that mail handed over between shards is queued under the same name
  // again.
  std::string site(domain);
  for (int hops = 0; hops < 8; ++hops) {
    Policy policy;
    rules_.Apply(site, &policy);
    if (policy.queue_to.empty() || policy.queue_to == site) break;
    site = policy.queue_to;
  }
  return site;
}

SourceSettings Config::SourceFor(const IpAddress& client) const {
  SourceSettings settings;
  settings.always_allow_relaying = global_relaying_;
  for (const Source& source : sources_) {
    if (!source.range.Contains(client) && !(source.range.bits == 0)) continue;
    for (const Setting& setting : source.section.settings) ApplySource(setting, &settings);
  }
  return settings;
}

const VirtualMta* Config::FindVmta(std::string_view name) const {
  const auto found = vmtas_.find(Lower(name));
  return found == vmtas_.end() ? nullptr : &found->second;
}

std::vector<std::string> Config::MembersOf(std::string_view name) const {
  const std::string key = Lower(name);
  if (const auto vmta = vmtas_.find(key); vmta != vmtas_.end()) return {vmta->second.name};
  std::vector<std::string> members;
  if (const auto pool = pools_.find(key); pool != pools_.end()) {
    for (const std::string& member : pool->second.members) {
      if (const VirtualMta* vmta = FindVmta(member)) members.push_back(vmta->name);
    }
  }
  return members;
}

std::vector<std::string> Config::VmtaNames() const {
  std::vector<std::string> names;
  for (const auto& [key, vmta] : vmtas_) names.push_back(vmta.name);
  return names;
}

std::vector<DomainKeyEntry> Config::DomainKeysFor(std::string_view vmta,
                                                  std::string_view from_domain) const {
  std::vector<DomainKeyEntry> keys;
  const std::string name = Lower(vmta);
  if (const auto own = vmta_keys_.find(name); own != vmta_keys_.end()) {
    AppendMatching(own->second, from_domain, &keys);
  }
  if (keys.empty()) {
    if (const auto pool = pool_of_vmta_.find(name); pool != pool_of_vmta_.end()) {
      AppendMatching(pools_.at(pool->second).keys, from_domain, &keys);
    }
  }
  if (keys.empty()) AppendMatching(keys_, from_domain, &keys);
  return keys;
}

std::vector<DomainKeyEntry> Config::AllDomainKeys() const {
  std::vector<DomainKeyEntry> all = keys_;
  for (const auto& [name, keys] : vmta_keys_) all.insert(all.end(), keys.begin(), keys.end());
  for (const auto& [name, pool] : pools_) {
    all.insert(all.end(), pool.keys.begin(), pool.keys.end());
  }
  return all;
}

}  // namespace convoy::config
