// Users, groups, proxies, spools and DNS of ListBuilder.
#include "base/text.h"
#include "config/list_builder.h"
#include "config/units.h"

namespace convoy::config {

void ListBuilder::ReadUser(const Section& section) {
  SmtpUser user;
  user.name = section.argument;
  user.where = section.where;
  for (const Setting& setting : section.settings) {
    const std::string_view name = setting.row->name;
    if (name == "password") user.password = setting.secret;
    if (name == "source") user.source = Lower(setting.first());
    if (name == "tls-certificate") {
      user.certificate_file = ResolvePath(setting.where.file, setting.first());
    }
    if (name == "authentication-method") {
      user.method = EqualsIgnoreCase(setting.first(), "password") ? SmtpUser::Method::kPassword
                    : EqualsIgnoreCase(setting.first(), "system") ? SmtpUser::Method::kSystem
                                                                  : SmtpUser::Method::kCertificate;
    }
  }
  lists_->smtp_users.push_back(std::move(user));
}

void ListBuilder::ReadGroup(const Section& section) {
  SourceGroup group;
  group.name = section.argument;
  for (const Setting& setting : section.settings) {
    const int64_t count = *ParseCount(setting.first(), -1);
    if (setting.row->name == "max-smtp-in" && count >= 0) group.max_smtp_in = count;
    if (setting.row->name == "reserved-smtp-in" && count >= 0) group.reserved_smtp_in = count;
  }
  lists_->source_groups.push_back(std::move(group));
}

void ListBuilder::ReadProxy(const Section& section) {
  Proxy proxy;
  proxy.name = section.argument;
  for (const Setting& setting : section.settings) {
    const std::string_view name = setting.row->name;
    if (name == "server") {
      const size_t colon = setting.first().rfind(':');
      const auto port = colon == std::string_view::npos
                            ? std::nullopt
                            : ParseInt(setting.first().substr(colon + 1));
      if (!port.has_value() || *port < 1 || *port > 65535) {
        Error(setting.place(0), Say<"server: '{}' is not HOST:PORT">(setting.first()),
              Say<"for example 'server proxy.example.com:1080'">());
      } else {
        proxy.servers.emplace_back(setting.first());
      }
    } else if (name == "client") {
      const auto endpoint = Endpoint::Parse(setting.first());
      const auto ip = IpAddress::Parse(setting.first());
      if (setting.words.size() != 2 || (!endpoint.ok() && !ip.ok())) {
        Error(setting.place(0), Say<"client takes an IP or IP:PORT and a host name">(),
              Say<"for example 'client 192.0.2.1 mail.example.com'">());
        continue;
      }
      proxy.clients.push_back(
          {endpoint.ok() ? *endpoint : Endpoint{*ip, 0}, setting.words[1].text});
    } else if (name == "protocol-version") {
      proxy.protocol_version = *ParseInt(setting.first());
    }
  }
  lists_->proxies.push_back(std::move(proxy));
}

void ListBuilder::ReadSpool(const Section& section) {
  SpoolDirectory spool;
  spool.path = section.argument;
  for (const Setting& setting : section.settings) {
    const std::string_view name = setting.row->name;
    if (name == "priority") spool.priority = *ParseCount(setting.first(), 100);
    if (name == "min-free-space") spool.min_free_space = *ParseSize(setting.first());
    if (name == "deliver-only") spool.deliver_only = *ParseBool(setting.first());
  }
  lists_->spools.push_back(std::move(spool));
}

void ListBuilder::ReadDns(const Section& section) {
  for (const Setting& setting : section.settings) {
    const std::string_view name = setting.row->name;
    DnsSettings& dns = lists_->dns;
    if (name == "precached-domains-file") {
      dns.precached_domains_file = ResolvePath(setting.where.file, setting.first());
    }
    if (name == "precached-refresh-interval") {
      dns.precached_refresh_interval = *ParseTime(setting.first());
    }
    if (name == "precached-max-domains") {
      dns.precached_max_domains = *ParseCount(setting.first(), INT64_MAX);
    }
  }
}

}  // namespace convoy::config
