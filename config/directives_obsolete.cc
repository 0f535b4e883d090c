// Rows of names that only old files have.
#include "config/directive_rows.h"

namespace convoy::config {

using enum ValueKind;

std::vector<DirectiveRow> ObsoleteRows() {
  constexpr std::string_view kSynced =
      "mail and outcomes are always synced before they are answered";
  constexpr std::string_view kGone = "the name is dead";
  constexpr std::string_view kWarm = "warm-up is not built";
  return {
      Alias("route", kDomain, kWords, "smtp-hosts").Replacement("smtp-hosts"),
      Alias("421-means-mx-unavailable", kDomain | kGlobal, kBool, "smtp-421-means-mx-unavailable")
          .Replacement("smtp-421-means-mx-unavailable"),
      NotYet("remove-received-headers", kSource, kBool, "no", "take out Received fields",
             "fields are kept as they are")
          .Replacement("remove-header Received"),
      NotYet("max-smtp-out-per-source-ip", kDomain, kCount, "",
             "connections from each source address",
             "limits are kept per queue, virtual MTA and site")
          .Unit("connections")
          .Replacement("source-ip-max-smtp-out 0/0 N"),
      Effective("backoff-max-msg-per-hour", kDomain, kCount, "unlimited",
                "recipients in backoff mode")
          .Unit("recipients")
          .Replacement("backoff-max-msg-rate N/h"),
      NotYet("auto-cold-virtual-mta", kVirtualMta | kPool, kWords, "", "IP HOST: warm-up address",
             kWarm)
          .Replacement("cold-virtual-mta NAME"),
      NotYet("smtp-port", kGlobal, kPort, "", "port for SMTP submission",
             "a listener is an address and a port")
          .Replacement("smtp-listener IP:PORT"),
      NotYet("smtp-ip", kGlobal, kIp, "", "address for SMTP submission",
             "a listener is an address and a port")
          .Replacement("smtp-listener IP:PORT"),
      NotYet("deliver-local-dsn", kDomain, kBool, "yes", "notifications to local senders",
             "no notification is sent to senders")
          .Replacement("suppress-local-dsn in <source>"),
      NotYet("spool-min-free-space", kGlobal, kSize, "0", "disk kept free",
             "mail is refused when the disk is full")
          .Replacement("min-free-space in <spool>"),
      NoEffect("sync-msg-create", kGlobal, kBool, "sync new mail", kSynced),
      NoEffect("sync-msg-update", kGlobal, kBool, "sync outcomes", kSynced),
      NoEffect("dk-sign", kDomain, kBool, "DomainKeys signatures", "DomainKeys is dead")
          .Replacement("dkim-sign"),
      NoEffect("log-messages", kDomain | kSource | kGlobal, kAny, "log of old versions", kGone),
      NoEffect("add-gm-token", kDomain | kSource | kGlobal, kAny, "Goodmail", kGone),
      NoEffect("delivery-priority", kDomain, kAny, "priority of old versions", kGone)
          .Replacement("queue-priority"),
      NoEffect("pickup-retry-interval", kGlobal, kTime, "file submission of old versions", kGone),
      NoEffect("total-max-file", kGlobal, kCount, "file deliveries at once", kGone),
      NoEffect("rate-limit-min-granularity", kGlobal, kAny, "slices of a rate",
               "a rate holds in every sliding interval"),
      NoEffect("check-mfrom-inbound", kGlobal | kSource, kBool, "Sender ID", "Sender ID is dead"),
      NoEffect("check-mfrom-outbound", kGlobal | kDomain, kBool, "Sender ID", "Sender ID is dead"),
      NoEffect("check-pra-outbound", kGlobal | kDomain, kBool, "Sender ID", "Sender ID is dead"),
      NoEffect("dummy-smtp-has-mailmerge", kGlobal, kBool, "receiver of old versions", kGone),
      NoEffect("http-mgmt-source", kGlobal, kAny, "monitor of old versions", kGone)
          .Replacement("http-access"),
      NoEffect("deliver-email", kProcessor, kBool, "reports in old versions", kGone)
          .Replacement("deliver-matched-email"),
  };
}

}  // namespace convoy::config
