#include "config/directive_rows.h"

namespace convoy::config {

using enum ValueKind;

namespace {

constexpr std::string_view kFiles = "mail is taken by SMTP and gRPC only";
constexpr std::string_view kInbound = "mail from the outside is not taken in";
constexpr std::string_view kStderr = "logs go to standard error; the system keeps and rotates them";
constexpr std::string_view kDsn = "no notification is sent to senders";

std::vector<DirectiveRow> ListenerRows() {
  return {
      Effective("include", kGlobal | kSource | kDomain | kVirtualMta | kSmtpPatternList, kText, "",
                "splice in a file, or every file that matches a pattern, in byte order")
          .Repeatable(),
      Effective("host-name", kGlobal, kText, "the system's",
                "our name in greetings and traces; the first one counts")
          .Standard("RFC 5321 4.1.1.1")
          .Repeatable(),
      NotYet("postmaster", kGlobal, kAddress, "", "author of delivery status notifications", kDsn),
      Effective("smtp-listener", kGlobal, kWords, "", "IP:PORT for SMTP submission")
          .Standard("RFC 6409")
          .Repeatable(),
      Effective("grpc-listener", kGlobal, kEndpoint, "", "IP:PORT for the gRPC services")
          .Standard("Convoy"),
      Effective("total-max-smtp-out", kGlobal, kCount, "1200", "outbound connections of a shard")
          .Unit("connections"),
      Effective("total-max-smtp-in", kGlobal, kCount, "1000", "inbound connections of a shard")
          .Unit("connections")
          .Standard("PowerMTA, where the default is 100"),
      NotYet("smtp-await-slot", kGlobal, kBool, "no", "wait at the inbound cap instead of 421",
             "a connection over the cap is answered with 421"),
      NotYet("mx-connection-limit", kGlobal, kWords, "", "MX-NAME N: connections to one mail host",
             "connections are counted by queue, virtual MTA and site")
          .Repeatable(),
      NotYet("ip-connection-limit", kGlobal, kCidrCount, "",
             "CIDR N: connections to a range of destinations",
             "connections are counted by queue, virtual MTA and site")
          .Repeatable(),
      NotYet("max-memory-usage-percent", kGlobal, kCount, "90", "above it submissions are refused",
             "a shard refuses by its own limits of memory")
          .Unit("percent")
          .Range(1, 100),
      Effective("name-server", kGlobal, kText, "the system's", "DNS server, IP or IP:PORT")
          .Standard("RFC 1035")
          .Repeatable(),
      NotYet("edns-udp-length", kGlobal, kCount, "", "EDNS buffer size",
             "the resolver chooses the size")
          .Unit("octets")
          .Range(512, 65535),
      NotYet("domain-suffix", kGlobal, kText, "", "appended to addresses without a domain",
             "such addresses are refused"),
      Effective("domain-macro", kGlobal, kWords, "",
                "NAME LIST: domains used as $NAME; the list goes on after a trailing comma")
          .Repeatable(),
      Effective("domain-key", kGlobal | kVirtualMta | kPool | kDomainKeyList, kWords, "",
                "DKIM key: selector,domain,file or selector,,$domain,file")
          .Standard("RFC 6376")
          .Repeatable(),
  };
}

std::vector<DirectiveRow> MailRows() {
  return {
      NotYet("include-headers-from", kGlobal | kVirtualMta | kPool, kFile, "",
             "header fields put in front of each message", "no field is added from files"),
      NotYet("invalid-virtual-mta-fallback", kGlobal, kText, "",
             "virtual MTA used when the named one does not exist",
             "a message that names an unknown virtual MTA is refused"),
      NotYet("relay-domain", kGlobal, kWords, "", "domains accepted from anyone", kInbound)
          .Repeatable(),
      NotYet("relay-address", kGlobal, kWords, "", "addresses accepted from anyone", kInbound)
          .Repeatable(),
      NotYet("relay-debug", kGlobal, kBool, "no", "log who may relay and why",
             "the refusal tells the reason"),
      NotYet("alias", kAliases, kWords, "", "SOURCE TARGET[,TARGET]: forward an address", kInbound)
          .Repeatable(),
      NotYet("pickup", kGlobal, kWords, "", "DIR BAD-DIR: submission by files", kFiles),
      NotYet("pickup-remove-dot", kGlobal, kBool, "no", "undo dot-stuffing in these files", kFiles),
  };
}

std::vector<DirectiveRow> ProcessRows() {
  return {
      NoEffect("run-as-root", kGlobal, kBool, "run as root", "decided by who starts the process"),
      NoEffect("spool", kGlobal, kText, "the spool directory in one line",
               "the spool lies in --data-dir")
          .Replacement("<spool DIR> ... </spool>"),
      NotYet("spool-max-recipients", kGlobal, kWords, "auto", "recipients that may be queued",
             "the disk is the limit"),
      NoEffect("spool-delete-corrupted", kGlobal, kBool, "drop damaged files at start",
               "the store repairs itself from its log and never drops mail"),
      NotYet("host-id", kGlobal, kCount, "0", "part of generated Message-IDs",
             "these identifiers are unique over the cluster without it"),
      NotYet("track-time-first-attempt", kGlobal, kBool, "no", "the field timeFirstAttempt",
             "that accounting field is not written"),
      NotYet("mailmerge-expands-undefined-variables", kGlobal, kBool, "yes",
             "unknown [x] in mail-merge text becomes empty", "mail merge is not built"),
      NotYet("custom-dsn-from-header", kGlobal, kWords, "", "From of notifications", kDsn),
      NotYet("dsn-failed-from-template", kGlobal, kWords, "", "From of failure notifications",
             kDsn),
      NotYet("dsn-failed-subject-template", kGlobal, kWords, "", "Subject of failure notifications",
             kDsn),
      NotYet("dsn-failed-body-template-from", kGlobal, kFile, "", "their text", kDsn),
      NoEffect("log-file", kGlobal, kText, "log file", kStderr),
      NoEffect("log-rotate", kGlobal, kCount, "rotated logs kept", kStderr).Unit("files"),
      NoEffect("log-auto-rotation", kGlobal, kBool, "rotate by itself", kStderr),
      NoEffect("log-file-world-readable", kGlobal, kBool, "mode of the log file", kStderr),
  };
}

}  // namespace

std::vector<DirectiveRow> GlobalRows() {
  std::vector<DirectiveRow> all = ListenerRows();
  for (const auto& more : {MailRows, ProcessRows}) {
    const std::vector<DirectiveRow> rows = more();
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

std::vector<DirectiveRow> MonitorRows() {
  constexpr std::string_view kMonitor = "there is no web monitor";
  constexpr std::string_view kTls = "TLS is not offered to clients";
  constexpr std::string_view kDummy = "the test receiver is a program of its own, convoy-sink";
  constexpr std::string_view kThreads = "a shard is one thread";
  return {
      NotYet("http-mgmt-port", kGlobal, kPort, "8080", "port of the web monitor", kMonitor),
      NotYet("http-access", kGlobal, kWords, "none",
             "CIDR none|monitor[,deny-logs]|operator|admin, the first match counts", kMonitor)
          .Repeatable(),
      NotYet("http-api-key", kGlobal, kText, "", "key expected in X-API-Key", kMonitor).Secret(),
      NotYet("http-redirect-to-https", kGlobal, kBool, "yes", "monitor by TLS only", kMonitor),
      NotYet("http-csrf-protection", kGlobal, kBool, "yes", "no change of state by GET", kMonitor),
      NotYet("http-default-max-items", kGlobal, kCount, "10", "rows of its lists", kMonitor)
          .Unit("rows"),
      NotYet("http-default-sort-order", kGlobal, kChoice, "rcpt", "order of its lists", kMonitor)
          .Choices("rcpt|name|size"),
      NotYet("http-tls-*", kGlobal, kAny, "", "TLS of the monitor", kMonitor),
      NotYet("http-log-*", kGlobal, kAny, "", "log of the monitor", kMonitor),
      NotYet("http-strict-transport-security-max-age", kGlobal, kTime, "",
             "Strict-Transport-Security of the monitor", kMonitor),
      NotYet("smtp-server-tls-certificate", kGlobal, kWords, "",
             "FILE [PASSWORD]: certificate and key for clients, PEM", kTls)
          .Standard("RFC 3207")
          .Secret(),
      NotYet("smtp-server-tls-ca-file", kGlobal, kFile, "", "who may sign client certificates",
             kTls),
      NotYet("smtp-server-tls-ciphers", kGlobal, kText, "", "ciphers offered to clients", kTls),
      NotYet("smtp-server-tls-allow-*", kGlobal, kBool, "", "versions offered to clients", kTls),
      NotYet("smtp-server-tls-dh-key-length", kGlobal, kCount, "", "length of DH keys", kTls)
          .Unit("bits"),
      NotSupported("dummy-smtp-port", kGlobal, kPort, "port of a receiver that discards", kDummy),
      NotSupported("dummy-smtp-ip", kGlobal, kIp, "its address", kDummy),
      NotSupported("dummy-smtp-latency", kGlobal, kTime, "its delay", kDummy),
      NotSupported("dummy-smtp-has-chunking", kGlobal, kBool, "it offers CHUNKING", kDummy),
      NotSupported("dummy-smtp-has-pipelining", kGlobal, kBool, "it offers PIPELINING", kDummy),
      NotSupported("dummy-smtp-has-verp", kGlobal, kBool, "it offers VERP", kDummy),
      NotSupported("dummy-smtp-await-slot", kGlobal, kBool, "it waits at its cap", kDummy),
      NotSupported("dummy-smtp-update-stats", kGlobal, kBool, "its mail is counted", kDummy),
      NotSupported("dummy-smtp-blacklist*", kGlobal, kAny, "what it refuses", kDummy),
      NoEffect("thread-min-priority", kGlobal, kCount, "threads of old versions", kThreads),
      NoEffect("thread-max-priority", kGlobal, kCount, "threads of old versions", kThreads),
      NoEffect("thread-reuse", kGlobal, kBool, "threads of old versions", kThreads),
      NoEffect("pmc-acct-min-free-space", kGlobal, kSize, "disk left to the PMC companion",
               "there is no companion"),
      NoEffect("volume-audit-api-key", kGlobal, kText, "reports volume for a licence",
               "there is no licence")
          .Secret(),
      NoEffect("enable-signals", kGlobal | kVirtualMta | kPool, kAny,
               "reports to a vendor's analytics", "nothing is reported to anyone"),
  };
}

}  // namespace convoy::config
