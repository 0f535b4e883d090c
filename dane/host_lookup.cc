#include "dane/host_lookup.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "dane/tlsa.h"

namespace convoy::dane {
namespace {

using dns::DnsAnswer;
using dns::DnsStatus;
using dns::RecordType;

HostTls None(std::string why) { return {.level = Level::kNone, .why = std::move(why)}; }

HostTls Unreachable(const DnsAnswer& answer, std::string_view name, RecordType type) {
  return {.level = Level::kUnreachable,
          .why = Cat("DANE: DNS ", ToString(type), " lookup of ", name, ": ",
                     ToString(answer.status), answer.detail.empty() ? "" : ": ", answer.detail)};
}

HostTls FromRecords(const DnsAnswer& answer, const std::string& base, const dns::MxHost& host) {
  std::vector<TlsaRecord> records;
  for (const std::string& data : answer.texts) {
    if (const auto record = ParseTlsa(data); record.has_value()) records.push_back(*record);
  }
  HostTls out{.level = Level::kEncrypted, .records = Deciding(records)};
  if (out.records.empty()) return out;
  out.level = Level::kProven;
  out.base = base;
  std::ranges::copy_if(host.next_hops, std::back_inserter(out.names),
                       [&](const std::string& name) { return name != base; });
  return out;
}

}  // namespace

Task<HostTls> LookUpHost(dns::Resolver& resolver, const dns::MxHost& host) {
  if (!resolver.validates()) co_return None("there is no trust anchor for DNSSEC");
  if (!host.name_secure) co_return None("the MX records are not signed");
  const bool alias = !host.canonical_name.empty() && host.canonical_name != host.name;
  std::vector<std::string> bases;
  if (host.address_secure && alias) bases.push_back(host.canonical_name);
  if (host.address_secure) bases.push_back(host.name);
  if (!host.address_secure && alias) {
    // The alias itself may be signed though it leads to a zone that is not (RFC 7672 2.2.2).
    dns::Lookup lookup(resolver, host.name, RecordType::kCname);
    const DnsAnswer answer = co_await lookup;
    if (IsTemporary(answer.status)) co_return Unreachable(answer, host.name, RecordType::kCname);
    if (answer.secure) bases.push_back(host.name);
  }
  if (bases.empty()) co_return None("the addresses are not signed");
  for (const std::string& base : bases) {
    const std::string name = Cat("_", host.port, "._tcp.", base);
    dns::Lookup lookup(resolver, name, RecordType::kTlsa);
    const DnsAnswer answer = co_await lookup;
    if (IsTemporary(answer.status)) co_return Unreachable(answer, name, RecordType::kTlsa);
    if (answer.status == DnsStatus::kOk && answer.secure) co_return FromRecords(answer, base, host);
  }
  co_return None("no signed TLSA records");
}

}  // namespace convoy::dane
