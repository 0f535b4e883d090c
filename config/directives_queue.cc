// Rows of <domain>: limits, retry and backoff of a queue.
#include "config/directive_rows.h"

namespace convoy::config {

using enum ValueKind;

namespace {
constexpr std::string_view kNoReroute = "mail stays with its virtual MTA";
constexpr std::string_view kPerSource = "limits are kept per queue, virtual MTA and site";
constexpr std::string_view kDisable = "a source address is not disabled by replies";
}  // namespace

std::vector<DirectiveRow> DomainLimitRows() {
  return {
      Effective("max-smtp-out", kDomain, kCount, "20", "connections of a queue")
          .Unit("connections"),
      Effective("site-max-smtp-out", kDomain, kCount, "unlimited",
                "connections of a site, cluster-wide")
          .Unit("connections")
          .Standard("Convoy"),
      Effective("max-msg-rate", kDomain, kRate, "unlimited",
                "attempted recipients of a queue per interval"),
      Effective("site-max-msg-rate", kDomain, kRate, "unlimited",
                "attempted recipients of a site per interval, cluster-wide")
          .Standard("Convoy"),
      Effective("max-msg-per-hour", kDomain, kCount, "unlimited",
                "attempted recipients of a site per hour, cluster-wide")
          .Unit("recipients")
          .Standard("the founding text"),
      Effective("max-msg-per-connection", kDomain, kCount, "0",
                "messages per connection; 0: no limit")
          .Unit("messages"),
      Effective("max-errors-per-connection", kDomain, kCount, "unlimited",
                "refusals after which a connection is closed")
          .Unit("refusals"),
      NotYet("max-rcpt-per-message", kDomain, kCount, "1000", "recipients per transaction",
             "each recipient is a transaction of its own")
          .Unit("recipients"),
      Alias("max-rcpt-per-transaction", kDomain, kCount, "max-rcpt-per-message"),
      Effective("smtp-out-rampup-interval", kDomain, kTime, "0", "gap between new connections"),
      Effective("connection-idle-timeout", kDomain, kTime, "0",
                "how long an idle connection is kept"),
      Effective("queue-priority", kDomain, kCount, "50", "share when queues compete").Range(0, 100),
      Effective("mx-connection-attempts", kDomain, kCount, "10",
                "failed connections before the queue waits")
          .Unit("connections"),
      NotYet("allow-priority-interruption", kDomain, kBool, "yes",
             "close connections for queues of higher priority",
             "priority decides only which queue gets the next connection"),
      NotYet("allow-priority-interruption-during-transfer", kDomain, kBool, "no",
             "even within a message", "a transfer is never cut"),
      NotYet("allow-cancel-during-transfer", kDomain, kBool, "yes", "a deletion may cut a transfer",
             "a transfer is never cut"),
      NotYet("max-connect-rate", kDomain, kRate, "unlimited", "connections opened per interval",
             "use smtp-out-rampup-interval"),
      NotYet("max-data-volume-rate", kDomain, kVolumeRate, "unlimited",
             "octets delivered per interval", "only recipients are counted"),
      NotYet("source-ip-max-smtp-out", kDomain, kCidrCount, "unlimited",
             "CIDR N: connections from a source address", kPerSource)
          .Repeatable(),
      NotYet("source-ip-max-connect-rate", kDomain, kCidrRate, "unlimited",
             "CIDR RATE: connections opened from a source address", kPerSource)
          .Repeatable(),
      NotYet("source-ip-max-msg-rate", kDomain, kCidrRate, "unlimited",
             "CIDR RATE: recipients attempted from a source address", kPerSource)
          .Repeatable(),
      NotYet("source-ip-max-data-volume-rate", kDomain, kCidrVolume, "unlimited",
             "CIDR SIZE/PERIOD: octets from a source address", kPerSource)
          .Repeatable(),
      NotYet("max-cold-virtual-mta-msg", kDomain, kDailyCounts, "0/d",
             "messages of the 1st, 2nd, ... day that go by the cold virtual MTA",
             "warm-up is not built"),
  };
}

std::vector<DirectiveRow> DomainRetryRows() {
  return {
      Effective("retry-after", kDomain, kTimeList, "10m", "waits of a queue that could not connect")
          .Standard("RFC 5321 4.5.4.1"),
      Effective("retry-after-dns-error", kDomain, kTime, "1m", "wait after a DNS failure"),
      Effective("retry-upon-new-mail", kDomain, kBool, "no", "new mail wakes a waiting queue"),
      Effective("retry-interval", kDomain, kTimeList, "30m",
                "waits of a recipient that was deferred")
          .Standard("the founding text; PowerMTA's default is 10m"),
      Alias("retry-recipients-after", kDomain, kTimeList, "retry-interval"),
      Effective("min-retry-interval", kDomain, kTime, "0", "the least of these waits")
          .Standard("the founding text"),
      Effective("bounce-after", kDomain, kTime, "4d12h", "age at which a recipient expires")
          .Standard("RFC 5321 4.5.4.1"),
      Alias("max-retry-time", kDomain, kTime, "bounce-after"),
      Effective("bounce-on-4xx-status", kDomain, kBool, "no", "temporary refusals are final")
          .Standard("the founding text"),
      Effective("bounce-upon-5xx-greeting", kDomain, kBool, "no", "a refused greeting is final")
          .Standard("PowerMTA, where the default is yes"),
      Effective("bounce-upon-no-mx", kDomain, kNoMx, "no", "a domain without MX is final")
          .Standard("RFC 5321 5.1"),
      NotYet("bounce-upon-transfer-failure", kDomain, kBool, "no",
             "a connection lost within the message is final", "the recipient is tried again"),
      NotYet("bounce-upon-pix-transfer-failure", kDomain, kBool, "no",
             "the same behind a PIX firewall", "the recipient is tried again"),
      NotYet("assume-delivery-upon-data-termination-timeout", kDomain, kBool, "no",
             "no answer to the final dot counts as delivered", "the recipient is tried again"),
      NotYet("smtp-421-means-mx-unavailable", kDomain, kBool, "no", "421 leaves the host",
             "421 defers the recipient")
          .Standard("RFC 5321 3.8"),
      NotYet("smtp-553-means-invalid-mailbox", kDomain, kBool, "yes", "553 counts as bad-mailbox",
             "the category follows the text of the reply"),
      NotYet("replace-smtp-421-service-response", kDomain, kBool, "no",
             "no host names of 421 replies in records", "replies are recorded as received"),
      NotYet("notify-of-delay-every", kDomain, kTimeOrNever, "4h", "delay notifications",
             "no notification is sent to senders")
          .Standard("RFC 3464"),
      Effective("smtp-pattern-list", kDomain, kText, "", "reply rules for this domain"),
      Effective("backoff-max-smtp-out", kDomain, kCount, "20",
                "connections in backoff mode, never more than max-smtp-out")
          .Unit("connections"),
      Effective("backoff-max-msg-rate", kDomain, kRate, "max-msg-rate",
                "recipients in backoff mode, besides max-msg-rate"),
      NotYet("backoff-max-connect-rate", kDomain, kRate, "max-connect-rate",
             "connections opened in backoff mode", "connections are not counted per time"),
      NotYet("backoff-max-data-volume-rate", kDomain, kVolumeRate, "max-data-volume-rate",
             "octets in backoff mode", "octets are not counted per time"),
      Effective("backoff-retry-after", kDomain, kTimeList, "1h", "retry-after in backoff mode"),
      Effective("backoff-to-normal-after", kDomain, kTimeOrNever, "never",
                "time after which backoff mode ends"),
      Effective("backoff-to-normal-after-delivery", kDomain, kBool, "no",
                "a delivery ends backoff mode"),
      NotYet("backoff-notify", kDomain, kWords, "", "who is told of a change of mode",
             "changes of mode are logged only"),
      NotYet("backoff-upon-all-sources-disabled", kDomain, kBool, "no",
             "backoff mode when no source address is left", kDisable),
      NotYet("backoff-reroute-to-virtual-mta", kDomain, kText, "",
             "virtual MTA or pool that takes the mail in backoff mode", kNoReroute),
      NotYet("reroute-to-virtual-mta", kDomain, kText, "",
             "virtual MTA or pool that takes the mail",
             "mail stays with the virtual MTA it was submitted for"),
      NotYet("reenable-source-ip-after", kDomain, kTimeOrNever, "never",
             "when a disabled source address is used again", kDisable),
      NotYet("disabled-source-ip-notify", kDomain, kWords, "",
             "who is told of a disabled source address", kDisable),
  };
}

}  // namespace convoy::config
