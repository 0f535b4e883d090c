// Rows of <domain>: route, dialogue, content and records.
#include "config/directive_rows.h"

namespace convoy::config {

using enum ValueKind;

namespace {

constexpr std::string_view kTlsLimits = "OpenSSL's defaults are used";
constexpr std::string_view kOtherTypes = "mail is delivered by SMTP only";
constexpr std::string_view kSecond = "a message has one signature per key";
constexpr std::string_view kDkim = "the signature is relaxed/relaxed with a fixed set of fields";
constexpr std::string_view kVendorCloud = "it is a service of one vendor; use smtp-hosts";
constexpr std::string_view kLogs = "the dialogue is not logged";

void AddRoute(std::vector<DirectiveRow>* rows) {
  rows->insert(
      rows->end(),
      {
          NotYet("type", kDomain, kChoice, "smtp", "how the mail of a queue is delivered",
                 kOtherTypes)
              .Choices("smtp|pipe|file|discard|http-delivery"),
          Effective("queue-to", kDomain, kText, "", "queue this domain's mail under another name"),
          Effective("smtp-hosts", kDomain, kWords, "",
                    "hosts instead of MX: h1,h2;[ip]:port or lookup-mx:D"),
          Effective("default-smtp-port", kDomain, kPort, "25", "port of the destination"),
          Effective("allow-loopback-hosts", kDomain, kBool, "no",
                    "allow destinations on this machine (trials)")
              .Standard("Convoy"),
          NotYet("disable-mx-rollup", kDomain, kBool, "no", "keep out of <mx-rollup-list>",
                 "rollups are read and checked"),
          Effective("use-starttls", kDomain, kBool, "yes", "TLS when it is offered")
              .Standard("RFC 3207"),
          Effective("require-starttls", kDomain, kBool, "no", "no mail in clear text")
              .Standard("RFC 3207"),
          Effective("use-dane", kDomain, kBool, "no", "TLS as the destination's TLSA records say")
              .Standard("RFC 7672"),
          Effective("require-dane", kDomain, kBool, "no", "no mail to a host that none proves")
              .Standard("RFC 7672, Convoy"),
          Effective("use-mta-sts", kDomain, kBool, "no", "TLS as the destination's policy says")
              .Standard("RFC 8461"),
          Effective("reuse-ssl-session", kDomain, kBool, "no", "resume TLS sessions with a host")
              .Standard("RFC 8446"),
          NotYet("smtp-tls-allow-*", kDomain, kBool, "", "versions of TLS", kTlsLimits),
          NotYet("smtp-tls-ciphers", kDomain, kText, "", "ciphers", kTlsLimits),
          NotYet("smtp-tls-ca-file", kDomain, kFile, "", "whose certificates are trusted",
                 kTlsLimits),
          NotYet("smtp-client-certificate", kDomain, kWords, "",
                 "FILE [PASSWORD]: certificate shown to the destination", "no certificate is shown")
              .Secret(),
          Effective("outbound-auth", kDomain, kText, "", "user:password for the smart host")
              .Standard("RFC 4954, the founding text")
              .Secret(),
          Effective("auth-username", kDomain, kText, "", "user for the smart host")
              .Standard("RFC 4954"),
          Effective("auth-password", kDomain, kText, "", "password for the smart host")
              .Standard("RFC 4954")
              .Secret(),
          NotYet("use-unencrypted-plain-auth", kDomain, kBool, "no",
                 "send the password without TLS", "a password is sent as the dialogue allows"),
          NotSupported("sparkpost-ip-pool", kDomain, kText, "pool of a vendor's cloud",
                       kVendorCloud),
          NotSupported("sparkpost-sandbox", kDomain, kBool, "trial mode of that cloud",
                       kVendorCloud),
          NotSupported("add-x-msys-api-header", kDomain, kBool, "its header field", kVendorCloud),
      });
}

void AddDialogue(std::vector<DirectiveRow>* rows) {
  rows->insert(
      rows->end(),
      {
          Effective("ignore-pipelining", kDomain, kBool, "no", "lock-step dialogue")
              .Standard("RFC 2920"),
          Effective("ignore-8bitmime", kDomain, kBool, "no", "as if 8BITMIME were not offered")
              .Standard("RFC 6152"),
          Effective("ignore-chunking", kDomain, kBool, "no", "as if CHUNKING were not offered")
              .Standard("RFC 3030"),
          NotYet("ignore-dsn", kDomain, kBool, "no", "as if DSN were not offered",
                 "DSN parameters are passed on when they are offered")
              .Standard("RFC 3461"),
          NoEffect("pix-bug-workaround", kDomain, kBool, "survive old PIX firewalls",
                   "the final dot is never in a packet of its own"),
          Effective("connect-timeout", kDomain, kTime, "2m", "wait for a connection"),
          Effective("smtp-greeting-timeout", kDomain, kTime, "5m", "wait for the greeting")
              .Standard("RFC 5321 4.5.3.2.1"),
          Effective("data-send-timeout", kDomain, kTime, "3m", "wait for a block to be taken")
              .Standard("RFC 5321 4.5.3.2.5"),
          Effective("smtp-data-termination-timeout", kDomain, kTime, "10m",
                    "wait for the answer to the final dot")
              .Standard("RFC 5321 4.5.3.2.6"),
          NotYet("command", kDomain, kWords, "", "program of type pipe", kOtherTypes),
          NotYet("macro-variables-preserve-case", kDomain, kBool, "no", "its variables",
                 kOtherTypes),
          NotYet("file-format", kDomain, kChoice, "newfile-plain", "files of type file",
                 kOtherTypes)
              .Choices("newfile-plain|newfile-pickup|append-mbox"),
          NotYet("file-destination", kDomain, kText, "", "directory of type file", kOtherTypes),
          NotYet("discard-as-bounce", kDomain, kBool, "no", "type discard counts as bounced",
                 kOtherTypes),
          NotYet("http-delivery-url", kDomain, kText, "", "address of type http-delivery",
                 kOtherTypes),
          NotYet("http-delivery-extra-headers", kDomain, kFile, "", "its header fields",
                 kOtherTypes),
      });
}

void AddDkim(std::vector<DirectiveRow>* rows) {
  rows->insert(
      rows->end(),
      {
          Effective("dkim-sign", kDomain, kBool, "no",
                    "sign with the domain-key of the From domain")
              .Standard("RFC 6376"),
          NotYet("dkim-identity", kDomain, kText, "sender-or-from", "whose domain signs",
                 "the From domain signs"),
          NotYet("dkim-identity-fallback", kDomain, kText, "",
                 "whose domain signs if that has no key", "the From domain signs"),
          NotYet("dkim-algorithm", kDomain, kChoice, "rsa-sha256", "algorithm",
                 "the key decides: rsa-sha256 or ed25519-sha256")
              .Choices("rsa-sha1|rsa-sha256")
              .Standard("RFC 8301"),
          NotYet("dkim-headers", kDomain, kWords, "", "more fields to sign", kDkim),
          NotYet("dkim-headers-canon", kDomain, kChoice, "relaxed", "canonical form of fields",
                 kDkim)
              .Choices("simple|relaxed"),
          NotYet("dkim-body-canon", kDomain, kChoice, "relaxed", "canonical form of the body",
                 kDkim)
              .Choices("simple|relaxed"),
          NotYet("dkim-add-body-limit", kDomain, kBool, "no",
                 "the tag l=", "it lets anyone append to signed mail"),
          NotYet("dkim-add-timestamp", kDomain, kBool, "no", "the tag t=", kDkim),
          NotYet("dkim-expire-after", kDomain, kTimeOrNever, "never", "the tag x=", kDkim),
          NotYet("dkim-query-method", kDomain, kText, "", "the tag q=", kDkim),
          NotYet("dkim-disallow-adding-headers", kDomain, kAny, "",
                 "fields that may not be added later", kDkim),
          NotYet("second-dkim-*", kDomain, kAny, "", "a second signature; as dkim-*", kSecond),
      });
}

void AddContent(std::vector<DirectiveRow>* rows) {
  rows->insert(
      rows->end(),
      {
          Effective("suppress-file", kDomain, kFile, "", "addresses that are never mailed")
              .Standard("the founding text")
              .Repeatable(),
          Effective("max-loop-count", kDomain, kCount, "0",
                    "times a message may pass through us; 0: no check")
              .Unit("times")
              .Standard("RFC 5321 6.3, the founding text"),
          Effective("sanitize-headers", kDomain, kBool, "no", "repair header fields at submission")
              .Standard("RFC 5322, the founding text"),
          Effective("log-delivery-failures", kDomain, kBool, "no", "log each failed attempt")
              .Standard("the founding text"),
          Effective("log-fallback-failures", kDomain, kBool, "no",
                    "log hosts that were not reached")
              .Standard("the founding text"),
          NotYet("disable-acct-records", kDomain, kWords, "", "record types not written",
                 "records are chosen in <acct-file>"),
          NotYet("max-events-recorded", kDomain, kCount, "10", "last errors kept per queue",
                 "the last error is kept")
              .Unit("errors"),
          NotYet("track-recipient-events", kDomain, kBool, "no", "last 50 events of recipients",
                 "the accounting records have them"),
          NotYet("bcc-upon-delivery", kDomain, kAddress, "", "copy of each delivered message",
                 "no copies are made"),
          NotYet("dsn-format", kDomain, kChoice, "standard", "form of notifications",
                 "no notification is sent to senders")
              .Choices("standard|plain-text")
              .Standard("RFC 3464"),
          NotYet("log-resolution", kDomain, kBool, "no", "log DNS answers", kLogs),
          NotYet("log-transfer-failures", kDomain, kBool, "no", "log transfers that were cut",
                 "log-delivery-failures logs them"),
          NotYet("log-disabled-ips", kDomain, kBool, "no", "log disabled source addresses", kLogs),
      });
}

}  // namespace

std::vector<DirectiveRow> DomainRouteRows() {
  std::vector<DirectiveRow> rows;
  AddRoute(&rows);
  AddDialogue(&rows);
  return rows;
}

std::vector<DirectiveRow> DomainContentRows() {
  std::vector<DirectiveRow> rows;
  AddDkim(&rows);
  AddContent(&rows);
  return rows;
}

}  // namespace convoy::config
