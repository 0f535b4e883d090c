// Virtual MTAs, pools and names of ConfigBuilder.
#include <algorithm>

#include "base/text.h"
#include "config/config_builder.h"

namespace convoy::config {
namespace {

constexpr size_t kVmtaNameMax = 128;

// A host name of RFC 1123, with '_' for those that are there and work, or an address literal.
bool IsHelloName(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) return text.size() > 2;
  if (text.size() > 253) return false;
  for (const std::string_view label : Split(text, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    const bool fits = std::all_of(label.begin(), label.end(),
                                  [](char c) { return IsAlnum(c) || c == '-' || c == '_'; });
    if (!fits) return false;
  }
  return true;
}

bool LooksLikeIp(std::string_view text) { return IpAddress::Parse(text).ok(); }

}  // namespace

bool ConfigBuilder::IsNewName(const Section& section) {
  if (section.argument.empty()) return false;  // said already
  const bool shown = std::all_of(section.argument.begin(), section.argument.end(),
                                 [](char c) { return c >= ' ' && c < 0x7f && c != '/'; });
  if (!shown || section.argument.size() > kVmtaNameMax) {
    Error(section.where, Say<"'{}' cannot be the name of a virtual MTA or pool">(section.argument),
          Say<"at most {} letters, digits and signs other than '/'">(kVmtaNameMax));
    return false;
  }
  const std::string key = Lower(section.argument);
  if (!config_->vmtas_.contains(key) && !config_->pools_.contains(key)) return true;
  Error(section.where, Say<"a virtual MTA or pool named '{}' exists already">(section.argument),
        Say<"give one of them another name; a and A are one letter">());
  return false;
}

void ConfigBuilder::ReadVmta(const Section& section) {
  VirtualMta vmta;
  vmta.name = section.argument;
  if (!IsNewName(section)) return;
  std::vector<DomainKeyEntry> keys;
  for (const Setting& setting : section.settings) {
    const std::string_view name = setting.row == nullptr ? "" : setting.row->name;
    if (name == "smtp-source-host") ReadSourceHost(setting, &vmta.hosts);
    if (name == "host-name") {
      vmta.host_name = setting.first();
      CheckHelloName(setting.first(), setting.place(0));
    }
    if (name == "max-smtp-out") vmta.max_smtp_out = *ParseCount(setting.first(), 0);
    if (name == "max-smtp-msg-rate") vmta.max_smtp_msg_rate = *ParseRate(setting.first());
    if (name == "domain-key") ReadDomainKey(setting, &keys);
  }
  const std::string key = Lower(vmta.name);
  for (const Section& child : section.children) {
    if (child.scope == kDomain) ReadDomain(child, &config_->vmta_rules_[key]);
  }
  config_->vmta_keys_[key] = std::move(keys);
  config_->vmtas_.emplace(key, std::move(vmta));
}

void ConfigBuilder::ReadPool(const Section& section) {
  Config::Pool pool;
  pool.name = section.argument;
  if (!IsNewName(section)) return;
  for (const Setting& setting : section.settings) {
    const std::string_view name = setting.row == nullptr ? "" : setting.row->name;
    if (name == "virtual-mta") {
      const bool twice = std::any_of(
          pool.members.begin(), pool.members.end(),
          [&](const std::string& member) { return EqualsIgnoreCase(member, setting.first()); });
      if (twice) Warn(setting.place(0), Say<"'{}' is in this pool already">(setting.first()));
      if (!twice) pool.members.emplace_back(setting.first());
      member_uses_.push_back({std::string(setting.first()), setting.place(0)});
    }
    if (name == "domain-key") ReadDomainKey(setting, &pool.keys);
  }
  for (const Section& child : section.children) {
    if (child.scope == kDomain) ReadDomain(child, &pool.rules);
  }
  if (pool.members.empty()) {
    Error(section.where, Say<"pool '{}' has no members">(pool.name),
          Say<"add 'virtual-mta NAME' lines">());
  }
  const std::string key = Lower(pool.name);
  pool_places_[key] = section.where;
  config_->pools_.emplace(key, std::move(pool));
}

// A virtual MTA may be in many pools, and only one of them may say what its queues do.
void ConfigBuilder::FindPools() {
  for (const auto& [key, pool] : config_->pools_) {
    for (const std::string& member : pool.members) {
      std::vector<std::string>& pools = config_->pools_of_vmta_[Lower(member)];
      const bool first_has_rules =
          !pools.empty() && !config_->pools_.at(pools.front()).rules.empty();
      if (pool.rules.empty()) {
        pools.push_back(key);
      } else if (!first_has_rules) {
        pools.insert(pools.begin(), key);
      } else {
        Error(pool_places_.at(key),
              Say<"virtual MTA '{}' is in two pools with <domain> sections: '{}' and '{}'">(
                  member, config_->pools_.at(pools.front()).name, pool.name),
              Say<"move the sections into the virtual MTA">());
      }
    }
  }
}

void ConfigBuilder::CheckHelloName(std::string_view name, const Position& where) {
  if (IsHelloName(name)) return;
  Error(where, Say<"'{}' is no host name: receivers would refuse it at EHLO">(name),
        Say<"letters, digits, '-' and '.', for example mail.example.com">());
}

void ConfigBuilder::ReadSourceHost(const Setting& setting, std::vector<SourceHostEntry>* hosts) {
  if (setting.words.size() != 2) {
    return Error(setting.where, Say<"smtp-source-host takes an IP address and a host name">(),
                 Say<"for example 'smtp-source-host 192.0.2.1 mail.example.com'">());
  }
  const std::string& ip = setting.words[0].text;
  const std::string& name = setting.words[1].text;
  const auto address = IpAddress::Parse(ip);
  if (!address.ok()) {
    const bool swapped = LooksLikeIp(name);
    return Error(setting.place(0), Say<"smtp-source-host: '{}' is not an IP address">(ip),
                 swapped
                     ? Say<"the arguments are swapped: write 'smtp-source-host {} {}'">(name, ip)
                     : Say<"for example 'smtp-source-host 192.0.2.1 mail.example.com'">());
  }
  CheckHelloName(name, setting.place(1));
  hosts->push_back({*address, name});
}

void ConfigBuilder::ReadDomainKey(const Setting& setting, std::vector<DomainKeyEntry>* keys) {
  const std::string value(setting.value());
  const std::vector<std::string_view> fields = Split(value, ',');
  const bool four = fields.size() == 4 && Trim(fields[1]).empty();
  if (fields.size() != 3 && !four) {
    return Error(setting.where,
                 Say<"domain-key is SELECTOR,DOMAIN,FILE or SELECTOR,,$domain,FILE">(),
                 Say<"commas are required">());
  }
  if (Trim(fields.back()).starts_with("{vault}")) {
    return Error(setting.where, Say<"domain-key: {vault} is not supported">(),
                 Say<"name a file">());
  }
  DomainKeyEntry key;
  key.selector = Trim(fields[0]);
  key.domain = Lower(Trim(fields[fields.size() - 2]));
  key.file = ResolvePath(setting.where.file, Trim(fields.back()));
  key.where = setting.where;
  if (key.selector.empty() || key.domain.empty() || Trim(fields.back()).empty()) {
    return Error(setting.where, Say<"domain-key: selector, domain and file must not be empty">(),
                 Say<"for example 'domain-key s1,example.com,s1.pem'">());
  }
  if (key.domain == "$domain") key.domain = "*";
  for (std::string& domain : macros_.Expand(key.domain, setting.place(0))) {
    DomainKeyEntry one = key;
    one.domain = std::move(domain);
    keys->push_back(std::move(one));
  }
}

void ConfigBuilder::CheckUses(const std::vector<Use>& uses, std::string_view what,
                              const std::vector<std::string_view>& names) {
  for (const Use& use : uses) {
    const bool known = std::any_of(names.begin(), names.end(), [&](std::string_view name) {
      return EqualsIgnoreCase(name, use.name);
    });
    if (known) continue;
    const std::string nearest = Nearest(use.name, names);
    Error(use.where, Say<"no {} is named '{}'">(what, use.name),
          nearest.empty() ? Say<"define it, or remove the name here">()
                          : Say<"did you mean '{}'?">(nearest));
  }
}

namespace {

template <typename List>
std::vector<std::string_view> NamesOf(const std::vector<List>& lists) {
  std::vector<std::string_view> names;
  for (const List& list : lists) names.push_back(list.name);
  return names;
}

}  // namespace

void ConfigBuilder::CheckNames() {
  std::vector<std::string_view> names;
  for (const auto& [key, vmta] : config_->vmtas_) names.push_back(vmta.name);
  for (const Use& use : member_uses_) {
    if (!config_->pools_.contains(Lower(use.name))) continue;
    Error(use.where, Say<"'{}' is a pool">(use.name), Say<"a pool holds virtual MTAs only">());
  }
  std::erase_if(member_uses_,
                [&](const Use& use) { return config_->pools_.contains(Lower(use.name)); });
  CheckUses(member_uses_, "virtual MTA", names);
  for (const auto& [key, pool] : config_->pools_) names.push_back(pool.name);
  for (const auto& [name, where] : lists_.used_vmtas()) vmta_uses_.push_back({name, where});
  CheckUses(vmta_uses_, "virtual MTA or pool", names);
  const Lists& lists = config_->lists_;
  CheckUses(reply_list_uses_, "<smtp-pattern-list>", NamesOf(lists.smtp_pattern_lists));
  CheckUses(pattern_list_uses_, "<pattern-list>", NamesOf(lists.pattern_lists));
  CheckUses(address_list_uses_, "<address-list>", NamesOf(lists.address_lists));
  CheckUses(rewrite_list_uses_, "<rewrite-list>", NamesOf(lists.rewrite_lists));
  CheckUses(group_uses_, "<source-group>", NamesOf(lists.source_groups));
  CheckUses(proxy_uses_, "<proxy>", NamesOf(lists.proxies));
  std::vector<std::string_view> sources = {"{pickup}", "{auth}", "{transmissions-api}"};
  for (const Config::Source& source : config_->sources_) sources.push_back(source.name);
  CheckUses(source_uses_, "<source>", sources);
}

}  // namespace convoy::config
