#include "config/directive_table.h"

#include <iterator>

#include "base/text.h"

namespace convoy::config {
namespace {

using enum ValueKind;
using enum Effect;
constexpr uint32_t kG = kGlobal, kS = kSource, kD = kDomain, kV = kVirtualMta, kP = kPool,
                   kA = kAcctFile;

// name, scopes, kind, effect, default, help, alias of
constexpr DirectiveRow kRows[] = {
    // The whole shard
    {"host-name", kG | kV, kText, kEffective, "the system's", "our name in greetings and traces",
     ""},
    {"postmaster", kG, kText, kNotYet, "", "sender of delivery status notifications", ""},
    {"name-server", kG, kText, kEffective, "the system's", "DNS server, IP or IP:PORT", ""},
    {"smtp-listener", kG, kAny, kEffective, "", "IP:PORT for SMTP submission", ""},
    {"grpc-listener", kG, kText, kEffective, "", "IP:PORT for the gRPC services", ""},
    {"total-max-smtp-out", kG, kCount, kEffective, "1200", "outbound connections of a shard", ""},
    {"total-max-smtp-in", kG, kCount, kEffective, "1000", "inbound connections of a shard", ""},
    {"domain-macro", kG, kWords, kEffective, "", "a named list of domains, used as $NAME", ""},
    {"domain-key", kG | kV | kP, kWords, kEffective, "",
     "DKIM key: selector,domain,file or selector,,$domain,file", ""},
    {"include", kG | kS | kD | kV, kText, kEffective, "", "splice in a file or files", ""},
    {"spool", kG, kText, kNoEffect, "", "the spool lies in --data-dir", ""},
    {"log-file", kG, kText, kNoEffect, "", "logs go to standard error", ""},
    {"run-as-root", kG, kBool, kNoEffect, "", "decided by who starts the process", ""},
    {"sync-msg-create", kG, kBool, kNoEffect, "", "mail is always synced before it is answered",
     ""},
    {"sync-msg-update", kG, kBool, kNoEffect, "", "outcomes are always synced", ""},
    {"http-mgmt-port", kG, kCount, kNotYet, "", "web monitor", ""},
    {"http-access", kG, kAny, kNotYet, "", "web monitor", ""},
    {"relay-domain", kG, kWords, kNotYet, "", "domains accepted from anyone", ""},
    {"pickup", kG, kWords, kNotYet, "", "file submission", ""},
    {"log-rotate", kG, kAny, kNoEffect, "", "logs go to standard error", ""},
    {"smtp-server-tls-certificate", kG, kWords, kNotYet, "", "inbound TLS", ""},
    // <source>
    {"smtp-service", kS, kBool, kEffective, "yes", "may this client speak SMTP to us at all", ""},
    {"always-allow-relaying", kS | kG, kBool, kEffective, "no", "may this client send anywhere",
     ""},
    {"always-allow-relay", kS | kG, kBool, kEffective, "no", "", "always-allow-relaying"},
    {"process-x-virtual-mta", kS, kBool, kEffective, "no", "x-virtual-mta chooses the virtual MTA",
     ""},
    {"retain-x-virtual-mta", kS, kBool, kEffective, "no", "keep that field", ""},
    {"process-x-job", kS, kBool, kEffective, "no", "x-job is the job id", ""},
    {"retain-x-job", kS, kBool, kEffective, "no", "keep that field", ""},
    {"process-x-envid", kS, kBool, kEffective, "no", "x-envid is the envelope id", ""},
    {"default-virtual-mta", kS, kText, kEffective, "{default}",
     "virtual MTA or pool if none is chosen", ""},
    {"reject-invalid-virtual-mta", kS, kBool, kNotYet, "yes",
     "unknown virtual MTAs are always refused", ""},
    {"add-received-header", kS, kBool, kEffective, "yes", "trace field (RFC 5321 4.4)", ""},
    {"hide-message-source", kS, kBool, kEffective, "no", "leave the client out of Received", ""},
    {"add-date-header", kS, kText, kEffective, "no", "add a missing Date", ""},
    {"add-message-id-header", kS, kBool, kEffective, "no", "add a missing Message-ID", ""},
    {"max-message-size", kS, kSize, kEffective, "64m", "larger messages are refused", ""},
    {"max-rcpt-per-message", kS | kD, kCount, kEffective, "1000", "recipients per message", ""},
    {"max-message-hops", kS, kCount, kEffective, "100", "Received fields that mean a loop", ""},
    {"require-auth", kS, kBool, kNotYet, "no", "SMTP AUTH", ""},
    {"allow-auth", kS, kBool, kNotYet, "no", "SMTP AUTH", ""},
    {"allow-unencrypted-plain-auth", kS, kBool, kNotYet, "no", "SMTP AUTH", ""},
    {"allow-mailmerge", kS, kBool, kNotYet, "no", "XMRG", ""},
    {"allow-starttls", kS, kBool, kNotYet, "no", "inbound TLS", ""},
    {"pattern-list", kS, kText, kNotYet, "", "routing rules", ""},
    {"verp-default", kS, kBool, kNotYet, "no", "VERP", ""},
    {"log-connections", kS | kD, kBool, kNotYet, "no", "protocol log", ""},
    {"log-commands", kS | kD, kBool, kNotYet, "no", "protocol log", ""},
    {"log-data", kS | kD, kBool, kNotYet, "no", "protocol log", ""},
    // <domain>: limits
    {"max-smtp-out", kD | kV | kP, kCount, kEffective, "20",
     "connections of a queue (in <domain>) or of a virtual MTA", ""},
    {"site-max-smtp-out", kD, kCount, kEffective, "unlimited",
     "connections of a site, cluster-wide", ""},
    {"max-msg-rate", kD, kRate, kEffective, "unlimited",
     "attempted recipients of a queue per interval", ""},
    {"site-max-msg-rate", kD, kRate, kEffective, "unlimited",
     "attempted recipients of a site per interval, cluster-wide", ""},
    {"max-msg-per-hour", kD, kCount, kEffective, "unlimited", "site-max-msg-rate N/h", ""},
    {"max-msg-per-connection", kD, kCount, kEffective, "0", "messages per connection; 0: no limit",
     ""},
    {"max-errors-per-connection", kD, kCount, kEffective, "unlimited", "refusals per connection",
     ""},
    {"smtp-out-rampup-interval", kD, kTime, kEffective, "0", "gap between new connections", ""},
    {"connection-idle-timeout", kD, kTime, kEffective, "0", "how long an idle connection is kept",
     ""},
    {"queue-priority", kD, kCount, kEffective, "50", "share when queues compete, 0 to 100", ""},
    {"mx-connection-attempts", kD, kCount, kEffective, "10",
     "failed connections before the queue waits", ""},
    {"max-connect-rate", kD, kRate, kNotYet, "unlimited", "connections opened per interval", ""},
    {"max-data-volume-rate", kD, kAny, kNotYet, "unlimited", "octets per interval", ""},
    // <domain>: retry and expiry
    {"retry-after", kD, kTimeList, kEffective, "10m", "waits of a queue that could not connect",
     ""},
    {"retry-after-dns-error", kD, kTime, kEffective, "1m", "wait after a DNS failure", ""},
    {"retry-upon-new-mail", kD, kBool, kEffective, "no", "new mail wakes a waiting queue", ""},
    {"retry-interval", kD, kTimeList, kEffective, "30m", "waits of a recipient that was deferred",
     ""},
    {"retry-recipients-after", kD, kTimeList, kEffective, "", "", "retry-interval"},
    {"min-retry-interval", kD, kTime, kEffective, "0", "the least of these waits", ""},
    {"bounce-after", kD, kTime, kEffective, "4d12h", "age at which a recipient expires", ""},
    {"max-retry-time", kD, kTime, kEffective, "", "", "bounce-after"},
    {"bounce-on-4xx-status", kD, kBool, kEffective, "no", "temporary refusals are final", ""},
    {"bounce-upon-5xx-greeting", kD, kBool, kEffective, "no", "a refused greeting is final", ""},
    {"bounce-upon-no-mx", kD, kBool, kEffective, "no", "a domain without MX is final", ""},
    // <domain>: route and dialogue
    {"queue-to", kD, kText, kEffective, "", "queue this domain's mail under another name", ""},
    {"smtp-hosts", kD, kWords, kEffective, "",
     "hosts instead of MX: h1,h2;[ip]:port or lookup-mx:D", ""},
    {"route", kD, kWords, kEffective, "", "", "smtp-hosts"},
    {"default-smtp-port", kD, kCount, kEffective, "25", "port of the destination", ""},
    {"allow-loopback-hosts", kD, kBool, kEffective, "no",
     "allow destinations on this machine (trials)", ""},
    {"use-starttls", kD, kBool, kEffective, "yes", "TLS when it is offered", ""},
    {"require-starttls", kD, kBool, kEffective, "no", "no mail in clear text", ""},
    {"outbound-auth", kD, kText, kEffective, "", "user:password for the smart host", ""},
    {"auth-username", kD, kText, kEffective, "", "user for the smart host", ""},
    {"auth-password", kD, kText, kEffective, "", "password for the smart host", ""},
    {"ignore-pipelining", kD, kBool, kEffective, "no", "lock-step dialogue", ""},
    {"ignore-8bitmime", kD, kBool, kEffective, "no", "as if 8BITMIME were not offered", ""},
    {"connect-timeout", kD, kTime, kEffective, "2m", "", ""},
    {"smtp-greeting-timeout", kD, kTime, kEffective, "5m", "", ""},
    {"data-send-timeout", kD, kTime, kEffective, "3m", "per block", ""},
    {"smtp-data-termination-timeout", kD, kTime, kEffective, "10m", "answer to the final dot", ""},
    // <domain>: content
    {"dkim-sign", kD, kBool, kEffective, "no", "sign with the domain-key of the From domain", ""},
    {"suppress-file", kD, kText, kEffective, "", "addresses that are never mailed; repeatable", ""},
    {"max-loop-count", kD, kCount, kEffective, "0",
     "times a message may pass through us; 0: no check", ""},
    {"sanitize-headers", kD, kBool, kEffective, "no", "repair header fields at submission", ""},
    {"log-delivery-failures", kD, kBool, kEffective, "no", "log each failed attempt", ""},
    {"log-fallback-failures", kD, kBool, kEffective, "no", "log hosts that were not reached", ""},
    {"smtp-pattern-list", kD, kText, kNotYet, "", "reply rules", ""},
    {"backoff-max-msg-rate", kD, kRate, kEffective, "", "attempts per interval in backoff mode", ""},
    {"backoff-max-smtp-out", kD, kCount, kEffective, "20", "connections in backoff mode", ""},
    {"backoff-retry-after", kD, kTimeList, kEffective, "1h", "retry-after in backoff mode", ""},
    {"backoff-to-normal-after", kD, kText, kEffective, "never", "time, or never: the end of backoff mode", ""},
    {"backoff-to-normal-after-delivery", kD, kBool, kEffective, "no", "a delivery ends backoff mode", ""},
    {"backoff-notify", kD, kText, kNotYet, "", "backoff mode", ""},
    {"smtp-421-means-mx-unavailable", kD, kBool, kNotYet, "no", "421 leaves the host", ""},
    {"max-cold-virtual-mta-msg", kD, kAny, kNotYet, "", "warm-up", ""},
    {"reroute-to-virtual-mta", kD, kText, kNotYet, "", "", ""},
    {"use-dane", kD, kBool, kNotYet, "no", "", ""},
    {"use-mta-sts", kD, kBool, kNotYet, "no", "", ""},
    {"dk-sign", kD, kBool, kNoEffect, "", "DomainKeys is dead", ""},
    {"type", kD, kText, kNotYet, "smtp", "delivery type", ""},
    // <virtual-mta>, <virtual-mta-pool>
    {"smtp-source-host", kG | kV, kWords, kEffective, "", "source IP and EHLO name; repeatable",
     ""},
    {"max-smtp-msg-rate", kV | kP, kRate, kEffective, "unlimited",
     "attempts of a virtual MTA per interval", ""},
    {"virtual-mta", kP, kText, kEffective, "", "a member of the pool", ""},
    {"cold-virtual-mta", kV | kP, kText, kNotYet, "", "warm-up", ""},
    {"auto-cold-virtual-mta", kV | kP, kWords, kNotYet, "", "warm-up", ""},
    // <acct-file>
    {"records", kA, kText, kEffective, "d,b", "record types: d b t tq r", ""},
    {"max-size", kA, kSize, kEffective, "250m", "a new file at this size", ""},
    {"record-fields", kA, kAny, kNotYet, "", "choice of columns", ""},
    {"move-to", kA, kText, kNotYet, "", "directory of finished files", ""},
    {"move-interval", kA, kTime, kNotYet, "", "a new file after this time", ""},
    {"delete-after", kA, kText, kNotYet, "", "age of deletion", ""},
    {"iso-times", kA, kBool, kNotYet, "yes", "", ""},
    {"user-string", kA, kText, kNotYet, "", "", ""},
};

}  // namespace

const std::vector<DirectiveRow>& DirectiveTable() {
  static const std::vector<DirectiveRow> rows(std::begin(kRows), std::end(kRows));
  return rows;
}

const DirectiveRow* FindDirective(std::string_view name) {
  for (const DirectiveRow& row : kRows) {
    if (EqualsIgnoreCase(row.name, name)) return &row;
  }
  return nullptr;
}

std::vector<std::string_view> DirectiveNames(uint32_t scope) {
  std::vector<std::string_view> names;
  for (const DirectiveRow& row : kRows) {
    if ((row.scopes & scope) != 0) names.push_back(row.name);
  }
  return names;
}

std::string_view ScopeText(uint32_t scope) {
  switch (scope) {
    case kGlobal:
      return "the top level";
    case kSource:
      return "<source>";
    case kDomain:
      return "<domain>";
    case kVirtualMta:
      return "<virtual-mta>";
    case kPool:
      return "<virtual-mta-pool>";
    case kAcctFile:
      return "<acct-file>";
    default:
      return "this section";
  }
}

}  // namespace convoy::config
