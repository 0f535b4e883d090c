#include "config/config_builder.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/stable_hash.h"
#include "base/text.h"

namespace convoy::config {
namespace {

std::string SystemHostName() {
  char name[256] = "localhost";
  gethostname(name, sizeof name - 1);
  return name;
}

std::string_view NameOf(const Setting& setting) {
  return setting.row == nullptr ? std::string_view() : setting.row->name;
}

}  // namespace

void ConfigBuilder::Error(const Position& where, Said message, Said hint) {
  diagnostics_->push_back({Severity::kError, where, std::move(message), std::move(hint)});
}

void ConfigBuilder::Warn(const Position& where, Said message, Said hint) {
  diagnostics_->push_back({Severity::kWarning, where, std::move(message), std::move(hint)});
}

std::shared_ptr<const Config> ConfigBuilder::Build(const Section& root,
                                                   const std::vector<SourceFile>& files) {
  config_->host_name_ = SystemHostName();
  macros_.Read(root);
  for (const Setting& setting : root.settings) ReadGlobal(setting);
  NoteUses(root);
  for (const Section& section : root.children) {
    if (section.scope != kDomain) NoteUses(section);
    if (section.scope == kSource) ReadSource(section);
    if (section.scope == kVirtualMta) ReadVmta(section);
    if (section.scope == kPool) ReadPool(section);
    if (section.scope == kDomain) ReadDomain(section, &config_->rules_);
    if (section.scope == kAcctFile) ReadAcctFile(section);
    if (section.scope == kDomainKeyList) ReadKeyList(section);
    if (section.scope == kSmtpListener && !section.argument.empty()) {
      ReadListener(section.where.file, "<smtp-listener>",
                   {{section.argument, section.where.line, section.where.column}});
    }
    lists_.Read(section);
  }
  std::stable_sort(config_->sources_.begin(), config_->sources_.end(),
                   [](const auto& a, const auto& b) {
                     return (a.range ? a.range->bits : -1) < (b.range ? b.range->bits : -1);
                   });
  VirtualMta fallback;
  fallback.name = "{default}";
  fallback.hosts = global_hosts_;
  config_->vmtas_.try_emplace("{default}", std::move(fallback));
  FindPools();
  CheckNames();
  lists_.CheckCalls();
  CheckSites();
  uint64_t hash = 0;
  for (const SourceFile& file : files) hash = StableHash(Cat(hash, '\n', file.text));
  config_->fingerprint_ = Cat(hash);
  return HasErrors(*diagnostics_) ? nullptr : config_;
}

void ConfigBuilder::ReadGlobal(const Setting& setting) {
  const std::string_view name = setting.row->name;
  if (name == "host-name") {
    if (has_host_name_) {
      Warn(setting.where,
           Say<"a second 'host-name' has no effect yet: the first one is our name">());
    } else {
      config_->host_name_ = setting.first();
      CheckHelloName(setting.first(), setting.place(0));
    }
    has_host_name_ = true;
  }
  if (name == "always-allow-relaying") config_->global_relaying_ = *ParseBool(setting.first());
  if (name == "total-max-smtp-out") {
    config_->total_max_smtp_out_ = *ParseCount(setting.first(), UINT32_MAX - 1);
  }
  if (name == "total-max-smtp-in") {
    config_->total_max_smtp_in_ = *ParseCount(setting.first(), UINT32_MAX - 1);
  }
  if (name == "name-server") ReadNameServer(setting);
  if (name == "smtp-listener") ReadListener(setting.where.file, "smtp-listener", setting.words);
  if (name == "grpc-listener") config_->grpc_listener_ = *Endpoint::Parse(setting.first());
  if (name == "domain-key") ReadDomainKey(setting, &config_->keys_);
  if (name == "smtp-source-host") ReadSourceHost(setting, &global_hosts_);
}

void ConfigBuilder::ReadNameServer(const Setting& setting) {
  const std::string_view text = setting.first();
  if (const auto endpoint = Endpoint::Parse(text); endpoint.ok()) {
    config_->name_servers_.push_back(*endpoint);
  } else if (const auto ip = IpAddress::Parse(text); ip.ok()) {
    config_->name_servers_.push_back({*ip, 53});
  } else {
    Error(setting.place(0), Say<"name-server: '{}' is not an IP or IP:PORT">(text),
          Say<"for example 127.0.0.53 or [::1]:53">());
  }
}

void ConfigBuilder::ReadListener(const std::string& file, std::string_view what,
                                 const std::vector<Word>& words) {
  const auto place = [&](const Word& word) { return Position{file, word.line, word.column}; };
  std::string text = words[0].text;
  if (text.starts_with("0/0")) text.replace(0, 3, "0.0.0.0");
  if (const auto endpoint = Endpoint::Parse(text); endpoint.ok()) {
    config_->smtp_listeners_.push_back(*endpoint);
  } else if (const auto ip = IpAddress::Parse(text); ip.ok()) {
    config_->smtp_listeners_.push_back({*ip, 25});
  } else if (text.find('/') != std::string::npos) {
    Error(place(words[0]), Say<"{}: the range '{}' is not supported">(what, text),
          Say<"write one listener for each address, or 0/0:PORT for all">());
  } else {
    Error(place(words[0]), Say<"{}: '{}' is not IP:PORT">(what, text),
          Say<"for example 127.0.0.1:2525 or [::1]:2525">());
  }
  for (size_t i = 1; i < words.size(); ++i) {
    if (StartsWithIgnoreCase(words[i].text, "source=")) {
      source_uses_.push_back({words[i].text.substr(7), place(words[i])});
      Warn(place(words[i]),
           Say<"{}: source=NAME has no effect yet: the client's address decides">(what));
    } else if (StartsWithIgnoreCase(words[i].text, "tls=")) {
      Warn(place(words[i]),
           Say<"{}: tls= has no effect yet: TLS is not offered to clients yet">(what),
           Say<"its new name is immediate-tls in <smtp-listener IP:PORT>">());
    } else {
      Error(place(words[i]), Say<"{}: '{}' is not source=NAME">(what, words[i].text));
    }
  }
}

void ConfigBuilder::ReadSource(const Section& section) {
  if (section.argument.empty()) return;  // said already
  auto shared = std::make_shared<const Section>(section);
  const auto range = ParseCidr(section.argument);
  if (range.ok()) {
    config_->sources_.push_back({*range, "", std::move(shared)});
    return;
  }
  const bool address = IsDigit(section.argument.front()) ||
                       section.argument.find_first_of(":/") != std::string::npos;
  if (address) {
    return Error(section.where, Say<"<source>: {}">(range.status()));
  }
  config_->sources_.push_back({std::nullopt, Lower(section.argument), std::move(shared)});
  Warn(section.where,
       Say<"<source {}> has no effect yet: listeners and users choose no source by name">(
           section.argument));
}

void ConfigBuilder::NoteUses(const Section& section) {
  const auto add = [](std::string_view text, const Setting& setting, std::vector<Use>* uses) {
    for (const std::string_view piece : Split(text, ',')) {
      if (!Trim(piece).empty())
        uses->push_back({std::string(Trim(piece)), setting.place(Trim(piece))});
    }
  };
  for (const Setting& setting : section.settings) {
    const std::string_view name = NameOf(setting);
    const bool vmta = name == "cold-virtual-mta" || name == "reroute-to-virtual-mta" ||
                      name == "backoff-reroute-to-virtual-mta" ||
                      name == "invalid-virtual-mta-fallback";
    if (vmta) add(setting.first(), setting, &vmta_uses_);
    if (name == "default-virtual-mta") {
      if (EqualsIgnoreCase(setting.first(), "by-smtp-source-ip")) {
        Warn(setting.where,
             Say<"'default-virtual-mta by-smtp-source-ip' has no effect yet: {default} is used">());
      } else {
        add(setting.first(), setting, &vmta_uses_);
      }
    }
    if (name == "smtp-pattern-list") add(setting.first(), setting, &reply_list_uses_);
    if (name == "pattern-list") add(setting.first(), setting, &pattern_list_uses_);
    if (name == "rewrite-list") add(setting.first(), setting, &rewrite_list_uses_);
    if (name == "suppression-lists") add(setting.value(), setting, &address_list_uses_);
    if (name == "source") add(setting.first(), setting, &source_uses_);
    if (name == "source-group") add(setting.first(), setting, &group_uses_);
    if (name == "use-proxy") add(setting.value(), setting, &proxy_uses_);
  }
}

void ConfigBuilder::ReadKeyList(const Section& section) {
  std::vector<DomainKeyEntry> keys;  // checked, and used by nothing yet
  for (const Setting& setting : section.settings) {
    if (NameOf(setting) == "domain-key") ReadDomainKey(setting, &keys);
  }
}

void ConfigBuilder::ReadRecords(const Setting& setting, AcctFile* file) {
  const std::pair<std::string_view, std::string_view> types[] = {
      {"d", "delivery"},         {"b", "bounce"},       {"t", "transient"},
      {"tq", "transient-queue"}, {"r", "receipt"},      {"rb", "remote-bounce"},
      {"rs", "remote-status"},   {"f", "feedback-loop"}};
  file->records.clear();
  const std::string value = setting.value();
  for (const std::string_view piece : Split(value, ',')) {
    const std::string_view wanted = Trim(piece);
    const auto known = std::find_if(std::begin(types), std::end(types), [&](const auto& type) {
      return EqualsIgnoreCase(type.first, wanted) || EqualsIgnoreCase(type.second, wanted);
    });
    if (known == std::end(types)) {
      Error(setting.place(wanted), Say<"records: '{}' is no record type">(wanted),
            Say<"d, b, t, tq, r, rb, rs and f are">());
    } else if (known - std::begin(types) >= 5) {
      Warn(setting.place(wanted),
           Say<"records: '{}' has no effect yet: bounces and complaints are not taken in yet">(
               wanted));
    } else {
      file->records.emplace_back(known->first);
    }
  }
}

void ConfigBuilder::ReadAcctFile(const Section& section) {
  AcctFile file;
  file.path = ResolvePath(section.where.file, section.argument);
  if (section.argument.starts_with('|')) {
    return Warn(section.where,
                Say<"accounting pipes have no effect yet: records are written to files">(),
                Say<"name a file">());
  }
  for (const Setting& setting : section.settings) {
    if (NameOf(setting) == "max-size") file.max_size = *ParseSize(setting.first());
    if (NameOf(setting) == "records") ReadRecords(setting, &file);
  }
  if (!file.records.empty()) config_->acct_files_.push_back(std::move(file));
}

}  // namespace convoy::config
