#include "config/model.h"

#include <algorithm>

#include "base/text.h"
#include "config/config_builder.h"
#include "config/policy_builder.h"

namespace convoy::config {
namespace {

bool Sets(const std::vector<const Section*>& sections, std::string_view name) {
  for (const Section* section : sections) {
    for (const Setting& setting : section->settings) {
      if (setting.row != nullptr && setting.row->name == name) return true;
    }
  }
  return false;
}

void ApplyAll(const std::vector<const Section*>& sections, Policy* policy) {
  for (const Section* section : sections) {
    for (const Setting& setting : section->settings) ApplySetting(setting, policy);
  }
}

// Lists that add up within a scope are replaced by an inner scope as a whole.
void ApplyInner(const std::vector<const Section*>& sections, Policy* policy) {
  if (sections.empty()) return;
  std::vector<std::string> files = std::move(policy->suppress_files);
  std::vector<BackoffLine> lines = std::move(policy->backoff_lines);
  policy->suppress_files.clear();
  policy->backoff_lines.clear();
  ApplyAll(sections, policy);
  if (policy->suppress_files.empty() && !Sets(sections, "suppress-file")) {
    policy->suppress_files = std::move(files);
  }
  if (policy->backoff_lines.empty()) policy->backoff_lines = std::move(lines);
}

void ApplySource(const Setting& setting, SourceSettings* out) {
  const std::string_view name = setting.row->name;
  const auto yes = [&] { return *ParseBool(setting.first()); };
  if (name == "require-auth") out->require_auth = yes();
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
  if (name == "default-virtual-mta") {
    const bool by_ip = EqualsIgnoreCase(setting.first(), "by-smtp-source-ip");
    out->default_virtual_mta = by_ip || setting.first().empty() ? "{default}" : setting.first();
  }
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
    if (key.domain == from_domain) out->push_back(key);
  }
  for (const DomainKeyEntry& key : keys) {
    if (key.domain != "*") continue;
    out->push_back(key);
    out->back().domain = from_domain;
  }
}

}  // namespace

std::shared_ptr<const Config> Config::Build(const Section& root,
                                            const std::vector<SourceFile>& files,
                                            std::vector<Diagnostic>* diagnostics) {
  return ConfigBuilder(diagnostics).Build(root, files);
}

PolicyPath Config::PathFor(std::string_view domain, std::string_view vmta) const {
  PolicyPath path;
  const std::string name = Lower(vmta);
  rules_.Match(domain, &path.global);
  if (const auto pools = pools_of_vmta_.find(name); pools != pools_of_vmta_.end()) {
    pools_.at(pools->second.front()).rules.Match(domain, &path.pool);
  }
  if (const auto rules = vmta_rules_.find(name); rules != vmta_rules_.end()) {
    rules->second.Match(domain, &path.vmta);
  }
  return path;
}

Policy Config::PolicyOf(const PolicyPath& path) {
  Policy policy;
  ApplyAll(path.global, &policy);
  ApplyInner(path.pool, &policy);
  ApplyInner(path.vmta, &policy);
  return policy;
}

Policy Config::PolicyFor(std::string_view domain, std::string_view vmta) const {
  return PolicyOf(PathFor(domain, vmta));
}

std::string SiteName(std::string_view written) {
  if (written.ends_with('.')) written.remove_suffix(1);
  return Lower(written);
}

std::string Config::NextSite(std::string_view domain) const {
  std::vector<const Section*> sections;
  rules_.Match(domain, &sections);
  std::string_view next;
  for (const Section* section : sections) {
    for (const Setting& setting : section->settings) {
      if (setting.row != nullptr && setting.row->name == "queue-to") next = setting.first();
    }
  }
  return next.empty() ? std::string(domain) : SiteName(next);
}

// Followed to its end, so that mail handed over between shards is queued under the same name again.
// There is an end: a configuration in which queue-to leads in a circle is not loaded.
std::string Config::SiteOf(std::string_view domain) const {
  std::string site(domain);
  for (std::string next = NextSite(site); next != site; next = NextSite(site)) {
    site = std::move(next);
  }
  return site;
}

void Config::ApplySources(const IpAddress& client, SourceSettings* settings) const {
  for (const Source& source : sources_) {
    if (!source.range.has_value()) continue;
    if (!source.range->Contains(client) && source.range->bits != 0) continue;
    for (const Setting& setting : source.section->settings) ApplySource(setting, settings);
  }
}

SourceSettings Config::SourceFor(const IpAddress& client) const {
  SourceSettings settings;
  settings.always_allow_relaying = global_relaying_;
  ApplySources(client, &settings);
  if (settings.require_auth) settings.always_allow_relaying = false;
  return settings;
}

SourceSettings Config::SourceFor(const IpAddress& client, std::string_view name) const {
  SourceSettings settings;
  settings.always_allow_relaying = global_relaying_;
  ApplySources(client, &settings);
  for (const Source& source : sources_) {
    if (source.range.has_value() || !EqualsIgnoreCase(source.name, name)) continue;
    for (const Setting& setting : source.section->settings) ApplySource(setting, &settings);
  }
  if (settings.require_auth) settings.always_allow_relaying = false;
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
  if (const auto pools = pools_of_vmta_.find(name); pools != pools_of_vmta_.end()) {
    for (const std::string& pool : pools->second) {
      if (keys.empty()) AppendMatching(pools_.at(pool).keys, from_domain, &keys);
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

const SmtpPatternList* Config::FindSmtpPatternList(std::string_view name) const {
  for (const SmtpPatternList& list : lists_.smtp_pattern_lists) {
    if (EqualsIgnoreCase(list.name, name)) return &list;
  }
  return nullptr;
}

}  // namespace convoy::config
