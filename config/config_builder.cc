#include "config/config_builder.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/stable_hash.h"
#include "base/text.h"
#include "config/policy_builder.h"

namespace convoy::config {
namespace {

constexpr int kMacroDepthMax = 16;
constexpr size_t kExpansionMax = 100'000;

std::string SystemHostName() {
  char name[256] = "localhost";
  gethostname(name, sizeof name - 1);
  return name;
}

bool IsMacroChar(char c) { return IsAlnum(c) || c == '_'; }

bool LooksLikeIp(std::string_view text) { return IpAddress::Parse(text).ok(); }

}  // namespace

void ConfigBuilder::Error(const Position& where, std::string message, std::string hint) {
  diagnostics_->push_back({Severity::kError, where, std::move(message), std::move(hint)});
}

void ConfigBuilder::Warn(const Position& where, std::string message, std::string hint) {
  diagnostics_->push_back({Severity::kWarning, where, std::move(message), std::move(hint)});
}

std::shared_ptr<const Config> ConfigBuilder::Build(const Section& root,
                                                   const std::vector<SourceFile>& files) {
  config_->host_name_ = SystemHostName();
  ReadMacros(root);
  for (const Setting& setting : root.settings) ReadGlobal(setting);
  for (const Section& section : root.children) {
    if (section.scope == kSource) ReadSource(section);
    if (section.scope == kVirtualMta) ReadVmta(section);
    if (section.scope == kPool) ReadPool(section);
    if (section.scope == kDomain) ReadDomain(section, &config_->rules_);
    if (section.scope == kAcctFile) ReadAcctFile(section);
  }
  std::stable_sort(config_->sources_.begin(), config_->sources_.end(),
                   [](const auto& a, const auto& b) { return a.range.bits < b.range.bits; });
  VirtualMta fallback;
  fallback.name = "{default}";
  fallback.hosts = global_hosts_;
  config_->vmtas_.try_emplace("{default}", std::move(fallback));
  CheckNames();
  uint64_t hash = 0;
  for (const SourceFile& file : files) hash = StableHash(Cat(hash, '\n', file.text));
  config_->fingerprint_ = Cat(hash);
  return HasErrors(*diagnostics_) ? nullptr : config_;
}

void ConfigBuilder::ReadMacros(const Section& root) {
  for (const Setting& setting : root.settings) {
    if (setting.row->name != "domain-macro") continue;
    const std::string name = Lower(setting.first());
    if (name.empty() || !std::all_of(name.begin(), name.end(), IsMacroChar)) {
      Error(setting.where, Cat("'", name, "' is no name for a macro"),
            "letters, digits and _ only");
      continue;
    }
    std::vector<std::string>& list = macros_[name];
    const std::string_view rest = Trim(std::string_view(setting.rest).substr(name.size()));
    for (const std::string_view piece : Split(rest, ',')) {
      if (!Trim(piece).empty()) list.push_back(Lower(Trim(piece)));
    }
    if (list.empty()) Error(setting.where, Cat("macro '", name, "' has no domains"));
  }
}

std::vector<std::string> ConfigBuilder::Expand(std::string_view text, const Position& where,
                                               int depth) {
  const size_t dollar = text.find('$');
  if (dollar == std::string_view::npos) return {std::string(text)};
  if (depth > kMacroDepthMax) {
    Error(where, Cat("macros in '", text, "' refer to each other in a loop"));
    return {};
  }
  size_t end = dollar + 1;
  while (end < text.size() && IsMacroChar(text[end])) ++end;
  const std::string name = Lower(text.substr(dollar + 1, end - dollar - 1));
  const auto macro = macros_.find(name);
  if (macro == macros_.end()) {
    std::vector<std::string_view> names;
    for (const auto& [known, list] : macros_) names.push_back(known);
    const std::string nearest = Nearest(name, names);
    Error(where, Cat("no domain-macro is named '", name, "'"),
          nearest.empty() ? "define it with 'domain-macro NAME LIST'"
                          : Cat("did you mean $", nearest, "?"));
    return {};
  }
  std::vector<std::string> expanded;
  for (const std::string& item : macro->second) {
    const std::string replaced = Cat(text.substr(0, dollar), item, text.substr(end));
    for (std::string& one : Expand(replaced, where, depth + 1)) expanded.push_back(std::move(one));
    if (expanded.size() > kExpansionMax) {
      Error(where, Cat("'", text, "' stands for more than ", kExpansionMax, " domains"));
      return {};
    }
  }
  return expanded;
}

void ConfigBuilder::ReadGlobal(const Setting& setting) {
  const std::string_view name = setting.row->name;
  if (name == "host-name") config_->host_name_ = setting.first();
  if (name == "always-allow-relaying") config_->global_relaying_ = *ParseBool(setting.first());
  if (name == "total-max-smtp-out") {
    config_->total_max_smtp_out_ = *ParseCount(setting.first(), UINT32_MAX - 1);
  }
  if (name == "total-max-smtp-in") {
    config_->total_max_smtp_in_ = *ParseCount(setting.first(), UINT32_MAX - 1);
  }
  if (name == "name-server") ReadListener(setting, 53, &config_->name_servers_);
  if (name == "smtp-listener") ReadListener(setting, 25, &config_->smtp_listeners_);
  if (name == "grpc-listener") {
    std::vector<Endpoint> one;
    ReadListener(setting, 0, &one);
    if (!one.empty()) config_->grpc_listener_ = one.front();
  }
  if (name == "domain-key") ReadDomainKey(setting, &config_->keys_);
  if (name == "smtp-source-host") ReadSourceHost(setting, &global_hosts_);
}

void ConfigBuilder::ReadListener(const Setting& setting, uint16_t default_port,
                                 std::vector<Endpoint>* out) {
  const std::string_view text = setting.first();
  if (const auto endpoint = Endpoint::Parse(text); endpoint.ok()) {
    out->push_back(*endpoint);
  } else if (const auto ip = IpAddress::Parse(text); ip.ok() && default_port != 0) {
    out->push_back({*ip, default_port});
  } else {
    Error(setting.where, Cat(setting.spelled, ": '", text, "' is not IP:PORT"),
          "for example 127.0.0.1:2525 or [::1]:2525");
  }
}

void ConfigBuilder::ReadSource(const Section& section) {
  const auto range = ParseCidr(section.argument);
  if (range.ok()) {
    config_->sources_.push_back({*range, section});
  } else if (section.argument.empty()) {
    return;  // said already
  } else if (!IsDigit(section.argument.front())) {
    Warn(section.where,
         Cat("<source ", section.argument, "> is named, not an address: it has no ", "effect yet"));
  } else {
    Error(section.where, Cat("<source>: ", std::string(range.status().message())));
  }
  for (const Setting& setting : section.settings) {
    if (setting.row != nullptr && setting.row->name == "default-virtual-mta") {
      used_vmtas_.emplace_back(setting.first(), setting.where);
    }
  }
}

void ConfigBuilder::ReadVmta(const Section& section) {
  VirtualMta vmta;
  vmta.name = section.argument;
  std::vector<DomainKeyEntry> keys;
  for (const Setting& setting : section.settings) {
    const std::string_view name = setting.row == nullptr ? "" : setting.row->name;
    if (name == "smtp-source-host") ReadSourceHost(setting, &vmta.hosts);
    if (name == "host-name") vmta.host_name = setting.first();
    if (name == "max-smtp-out") vmta.max_smtp_out = *ParseCount(setting.first(), 0);
    if (name == "max-smtp-msg-rate") vmta.max_smtp_msg_rate = *ParseRate(setting.first());
    if (name == "domain-key") ReadDomainKey(setting, &keys);
  }
  for (const Section& child : section.children) {
    if (child.scope == kDomain) ReadDomain(child, &config_->vmta_rules_[Lower(vmta.name)]);
  }
  const std::string key = Lower(vmta.name);
  if (config_->vmtas_.contains(key) || config_->pools_.contains(key)) {
    return Error(section.where,
                 Cat("a virtual MTA or pool named '", vmta.name, "' exists already"));
  }
  config_->vmta_keys_[key] = std::move(keys);
  config_->vmtas_.emplace(key, std::move(vmta));
}

void ConfigBuilder::ReadPool(const Section& section) {
  Config::Pool pool;
  pool.name = section.argument;
  for (const Setting& setting : section.settings) {
    const std::string_view name = setting.row == nullptr ? "" : setting.row->name;
    if (name == "virtual-mta") {
      pool.members.emplace_back(setting.first());
      used_vmtas_.emplace_back(setting.first(), setting.where);
    }
    if (name == "domain-key") ReadDomainKey(setting, &pool.keys);
  }
  for (const Section& child : section.children) {
    if (child.scope == kDomain) ReadDomain(child, &pool.rules);
  }
  if (pool.members.empty()) {
    Error(section.where, Cat("pool '", pool.name, "' has no members"),
          "add 'virtual-mta NAME' lines");
  }
  const std::string key = Lower(pool.name);
  if (config_->vmtas_.contains(key) || config_->pools_.contains(key)) {
    return Error(section.where,
                 Cat("a virtual MTA or pool named '", pool.name, "' exists already"));
  }
  const bool has_rules = !section.children.empty();
  for (const std::string& member : pool.members) {
    const auto [known, added] = config_->pool_of_vmta_.try_emplace(Lower(member), key);
    if (!added && (has_rules || !config_->pools_.at(known->second).rules.any.empty())) {
      Error(section.where,
            Cat("virtual MTA '", member, "' is in two pools with <domain> sections: '",
                known->second, "' and '", pool.name, "'"));
    }
  }
  config_->pools_.emplace(key, std::move(pool));
}

void ConfigBuilder::ReadSourceHost(const Setting& setting, std::vector<SourceHostEntry>* hosts) {
  if (setting.words.size() != 2) {
    return Error(setting.where, "smtp-source-host takes an IP address and a host name",
                 "for example 'smtp-source-host 192.0.2.1 mail.example.com'");
  }
  const std::string& ip = setting.words[0].text;
  const std::string& name = setting.words[1].text;
  const auto address = IpAddress::Parse(ip);
  if (!address.ok()) {
    const bool swapped = LooksLikeIp(name);
    return Error(
        setting.where, Cat("smtp-source-host: '", ip, "' is not an IP address"),
        swapped ? Cat("the arguments are swapped: write 'smtp-source-host ", name, ' ', ip, "'")
                : "");
  }
  hosts->push_back({*address, name});
}

void ConfigBuilder::ReadDomainKey(const Setting& setting, std::vector<DomainKeyEntry>* keys) {
  const std::vector<std::string_view> fields = Split(setting.rest, ',');
  const bool four = fields.size() == 4 && Trim(fields[1]).empty();
  if (fields.size() != 3 && !four) {
    return Error(setting.where, "domain-key is SELECTOR,DOMAIN,FILE or SELECTOR,,$domain,FILE",
                 "commas are required");
  }
  DomainKeyEntry key;
  key.selector = Trim(fields[0]);
  key.domain = Lower(Trim(fields[fields.size() - 2]));
  key.file = ResolvePath(setting.where.file, Trim(fields.back()));
  key.where = setting.where;
  if (key.selector.empty() || key.domain.empty() || Trim(fields.back()).empty()) {
    return Error(setting.where, "domain-key: selector, domain and file must not be empty");
  }
  if (key.domain == "$domain") key.domain = "*";
  for (std::string& domain : Expand(key.domain, setting.where)) {
    DomainKeyEntry one = key;
    one.domain = std::move(domain);
    keys->push_back(std::move(one));
  }
}

void ConfigBuilder::ReadDomain(const Section& section, Config::DomainRules* rules) {
  for (const Setting& setting : section.settings) {
    if (setting.row == nullptr) {
      if (const auto line = ParseBackoffLine(setting); !line.ok()) {
        Error(setting.where, std::string(line.status().message()));
      }
    } else if (setting.row->name == "backoff-to-normal-after") {
      if (const auto time = ParseTimeOrNever(setting.first()); !time.ok()) {
        Error(setting.where, Cat("backoff-to-normal-after: ", std::string(time.status().message()),
                                 ", or never"));
      }
    } else if (setting.row->name == "suppress-file") {
      config_->suppress_files_.emplace(ResolvePath(setting.where.file, setting.first()),
                                       setting.where);
    } else if (setting.row->name == "queue-to" && setting.first().find('/') != std::string::npos) {
      Error(setting.where, "queue-to takes the name of a queue's domain, without '/'");
    }
  }
  const bool literal = section.argument.find('$') == std::string::npos;
  for (const std::string& pattern : Expand(Lower(section.argument), section.where)) {
    AddRule(pattern, {section, literal}, rules);
  }
}

void ConfigBuilder::AddRule(std::string_view pattern, Config::DomainRules::Rule rule,
                            Config::DomainRules* rules) {
  if (pattern == "*") {
    rules->any.push_back(std::move(rule));
  } else if (pattern.starts_with("[*.]")) {
    rules->under_or_equal[std::string(pattern.substr(4))].push_back(std::move(rule));
  } else if (pattern.starts_with("*.")) {
    rules->under[std::string(pattern.substr(2))].push_back(std::move(rule));
  } else if (pattern.find('*') != std::string_view::npos) {
    Error(rule.section.where, Cat("<domain ", pattern, ">: '*' stands alone or in front"),
          "write *.example.com, [*.]example.com or *");
  } else {
    rules->exact[std::string(pattern)].push_back(std::move(rule));
  }
}

void ConfigBuilder::ReadAcctFile(const Section& section) {
  AcctFile file;
  file.path = ResolvePath(section.where.file, section.argument);
  if (section.argument.starts_with('|')) {
    return Warn(section.where, "accounting pipes have no effect yet", "name a file");
  }
  for (const Setting& setting : section.settings) {
    const std::string_view name = setting.row == nullptr ? "" : setting.row->name;
    if (name == "max-size") file.max_size = *ParseSize(setting.first());
    if (name == "records") {
      file.records.clear();
      for (const std::string_view type : Split(setting.rest, ',')) {
        file.records.emplace_back(Trim(type));
      }
    }
  }
  config_->acct_files_.push_back(std::move(file));
}

void ConfigBuilder::CheckNames() {
  for (const auto& [name, where] : used_vmtas_) {
    if (!config_->MembersOf(name).empty()) continue;
    std::vector<std::string_view> names;
    for (const auto& [key, vmta] : config_->vmtas_) names.push_back(vmta.name);
    const std::string nearest = Nearest(name, names);
    Error(where, Cat("no virtual MTA or pool is named '", name, "'"),
          nearest.empty() ? "" : Cat("did you mean '", nearest, "'?"));
  }
}

}  // namespace convoy::config
