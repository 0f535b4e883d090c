// Rows of virtual MTAs, accounting files, lists and the small sections.
#include "config/directive_rows.h"

namespace convoy::config {

using enum ValueKind;

std::vector<DirectiveRow> VirtualMtaRows() {
  constexpr std::string_view kWarm = "warm-up is not built";
  constexpr std::string_view kProxy = "connections are made directly, not through a proxy";
  constexpr std::string_view kPools = "a pool is a choice of virtual MTAs; limit its members";
  return {
      Effective("smtp-source-host", kGlobal | kVirtualMta, kWords, "",
                "IP HOST: source address and EHLO name")
          .Repeatable(),
      Effective("host-name", kVirtualMta, kText, "the global one", "name where no HOST is given"),
      Effective("max-smtp-out", kVirtualMta, kCount, "unlimited",
                "connections of all queues of a virtual MTA")
          .Unit("connections"),
      NotYet("max-smtp-out", kPool, kCount, "unlimited", "connections of a pool", kPools)
          .Unit("connections"),
      Effective("max-smtp-msg-rate", kVirtualMta, kRate, "unlimited",
                "attempted recipients of a virtual MTA per interval"),
      NotYet("max-smtp-msg-rate", kPool, kRate, "unlimited",
             "attempted recipients of a pool per interval", kPools),
      NotYet("max-smtp-data-volume-rate", kVirtualMta | kPool, kVolumeRate, "unlimited",
             "octets per interval", "only recipients are counted"),
      Effective("virtual-mta", kPool, kText, "", "a member of the pool, used in turn").Repeatable(),
      NotYet("cold-virtual-mta", kVirtualMta | kPool, kText, "",
             "virtual MTA that warm-up mail goes by", kWarm)
          .Repeatable(),
      NotYet("smtp-proxy-source-host", kGlobal | kVirtualMta, kWords, "",
             "LOCAL-IP PROXY:PORT CLIENT-IP[:PORT] HOST: source address behind a proxy", kProxy)
          .Repeatable(),
      NotYet("use-proxy", kGlobal | kVirtualMta | kPool, kWords, "",
             "<proxy> sections to go through", kProxy),
      NotYet("proxy-protocol", kVirtualMta | kPool, kCount, "1", "version of the proxy protocol",
             kProxy)
          .Range(1, 2),
  };
}

std::vector<DirectiveRow> AcctFileRows() {
  constexpr std::string_view kHook = "records are written to files only";
  constexpr std::string_view kColumns = "the columns are fixed, see docs/formats/accounting.md";
  constexpr std::string_view kMoves = "finished files stay where they are";
  return {
      Effective("records", kAcctFile, kWords, "d,b",
                "record types: d b t tq r, or their long names"),
      Effective("max-size", kAcctFile, kSize, "250m", "a new file at this size"),
      NotYet("record-fields", kAcctFile, kWords, "*", "TYPE FIELDS: * is all, !x is not x",
             kColumns)
          .Repeatable(),
      NotYet("map-header-to-field", kAcctFile, kWords, "", "TYPE header_X FIELD", kColumns)
          .Repeatable(),
      NotYet("move-to", kAcctFile, kText, "", "directory of finished files", kMoves),
      NotYet("move-interval", kAcctFile, kTime, "1d", "a new file after this time, with move-to",
             kMoves),
      NotYet("delete-after", kAcctFile, kTimeOrNever, "8d", "age at which a file is deleted",
             "files are never deleted"),
      NotYet("retry-interval", kAcctFile, kTime, "5m", "when a pipe that ended starts again",
             kHook),
      NotYet("write-timeout", kAcctFile, kTime, "1m", "wait for a pipe", kHook),
      NotYet("iso-times", kAcctFile, kBool, "yes", "no: times as Unix seconds",
             "times are ISO 8601"),
      NotYet("user-string", kAcctFile, kText, "", "a constant column", kColumns),
      NotYet("queue-filter", kAcctFile, kWords, "", "only these queues", "all queues are recorded"),
      NotYet("world-readable", kAcctFile, kBool, "no", "mode of the files",
             "the process's umask decides"),
      NoEffect("sync", kAcctFile, kBool, "sync each record",
               "records are written from a synced log, each exactly once"),
      NotYet("count-moved-records", kAcctFile, kBool, "no", "log how many records a file has",
             kMoves),
      NotSupported("privacy-policy", kAcctFile, kWords,
                   "retain|redact|siphash|hmac-sha256 KEY: hide addresses in records",
                   "records hold addresses as they are; filter them before you share the files")
          .Secret(),
      NotYet("http-webhook-*", kAcctFile, kAny, "", "records by HTTP POST", kHook),
  };
}

std::vector<DirectiveRow> ListRows() {
  constexpr std::string_view kList = "the list is read and checked, and not used";
  constexpr std::string_view kProcessors = "bounces and complaints are not taken in";
  return {
      NotYet("header", kPatternList, kAny, "", "NAME /re/ RESULT", kList).Repeatable(),
      NotYet("mail-from", kPatternList, kAny, "", "/re/ RESULT", kList).Repeatable(),
      NotYet("rcpt-to", kPatternList, kAny, "", "/re/ RESULT", kList).Repeatable(),
      NotYet("*", kPatternList, kAny, "", "RESULT: everything else; in nested lists", kList),
      Effective("reply", kSmtpPatternList, kAny, "", "/re/ ACTION[,ACTION...]").Repeatable(),
      NotYet("/re/", kBounceCategories, kAny, "", "/re/ CATEGORY", kList).Repeatable(),
      NotYet("mx", kMxRollupList, kAny, "", "MX-PATTERN NAME.rollup [rollup-by-ip]", kList)
          .Repeatable(),
      NotYet("address", kAddressList, kAny, "", "ADDRESS or /re/", kList).Repeatable(),
      NotYet("address-file", kAddressList, kFile, "", "file with one address a line", kList)
          .Repeatable(),
      NotYet("domain", kAddressList, kWords, "", "every address of a domain", kList).Repeatable(),
      NotYet("mail-from", kRewriteList, kAny, "", "FROM TO: rewrite the sender", kList)
          .Repeatable(),
      NotYet("rcpt-to", kRewriteList, kAny, "", "FROM TO: rewrite a recipient", kList).Repeatable(),
      NotYet("from-domain", kRewriteList, kAny, "", "FROM TO: rewrite the sender's domain", kList)
          .Repeatable(),
      NotYet("deliver-unmatched-email", kProcessor, kBool, "yes", "deliver what is no report",
             kProcessors),
      NotYet("deliver-matched-email", kProcessor, kBool, "no", "deliver reports too", kProcessors),
      NotYet("forward-unmatched-to", kProcessor, kAddress, "", "who gets what is no report",
             kProcessors),
      NotYet("forward-errors-to", kProcessor, kAddress, "", "who gets what cannot be read",
             kProcessors),
      NotYet("body-pattern-file", kEmailPatterns, kFile, "", "patterns of reports", kProcessors),
      NotYet("log-match-info", kEmailPatterns, kBool, "no", "log which pattern matched",
             kProcessors),
  };
}

std::vector<DirectiveRow> OtherSectionRows() {
  constexpr std::string_view kAuth = "AUTH is not offered to clients";
  constexpr std::string_view kSpools = "the spool lies in --data-dir";
  constexpr std::string_view kPrecache = "domains are looked up when they are needed";
  constexpr std::string_view kApi = "there is no HTTP submission";
  constexpr std::string_view kProxies = "connections are made directly, not through a proxy";
  constexpr std::string_view kVaults = "secrets are read from files and the environment only";
  constexpr std::string_view kAnalytics = "nothing is reported to anyone";
  constexpr std::string_view kListen = "a listener takes plain connections of every source";
  return {
      NotYet("password", kSmtpUser, kText, "", "password of the user", kAuth)
          .Standard("RFC 4616")
          .Secret(),
      NotYet("authentication-method", kSmtpUser, kChoice, "password", "how the user proves itself",
             kAuth)
          .Choices("password|system|certificate"),
      NotYet("tls-certificate", kSmtpUser, kFile, "", "the user's certificate", kAuth),
      NotYet("source", kSmtpUser, kText, "", "named <source> that holds for the user", kAuth),
      NotYet("max-smtp-in", kSourceGroup, kCount, "unlimited", "connections of the group",
             "inbound connections are counted for the shard as a whole")
          .Unit("connections"),
      NotYet("reserved-smtp-in", kSourceGroup, kCount, "0", "connections kept for the group",
             "inbound connections are counted for the shard as a whole")
          .Unit("connections"),
      NoEffect("delete-file-holders", kSpool, kBool, "delete empty files", kSpools),
      NoEffect("deliver-only", kSpool, kBool, "empty this directory", kSpools),
      NoEffect("priority", kSpool, kCount, "share of this directory", kSpools).Range(1, 100),
      NotYet("min-free-space", kSpool, kSize, "0", "disk kept free",
             "mail is refused when the disk is full"),
      NotYet("await-slot", kSmtpListener, kBool, "no", "wait at the inbound cap", kListen),
      NotYet("immediate-tls", kSmtpListener, kBool, "no", "TLS from the first octet", kListen),
      NotYet("source", kSmtpListener, kText, "", "named <source> that holds for the listener",
             kListen),
      NotYet("tls-*", kSmtpListener | kApiListener, kAny, "", "TLS of the listener", kListen)
          .Secret(),
      NotYet("precached-domains-file", kDns, kFile, "", "domains looked up beforehand", kPrecache),
      NotYet("precached-refresh-interval", kDns, kTime, "5m", "how often", kPrecache),
      NotYet("precached-max-domains", kDns, kCount, "500", "how many", kPrecache).Unit("domains"),
      NotYet("api-key", kTransmissionsApi, kText, "", "key of the submission API", kApi)
          .Secret()
          .Repeatable(),
      NotYet("log-requests", kTransmissionsApi, kBool, "no", "log its requests", kApi),
      NotYet("server", kProxy, kText, "", "HOST:PORT of the proxy", kProxies).Repeatable(),
      NotYet("client", kProxy, kWords, "", "IP[:PORT] HOST: address and name it uses", kProxies)
          .Repeatable(),
      NotYet("protocol-version", kProxy, kCount, "1", "version of the proxy protocol", kProxies)
          .Range(1, 2),
      NotSupported("server-url", kVault, kText, "address of a vault", kVaults),
      NotSupported("access-token", kVault, kText, "token for it", kVaults).Secret(),
      NotSupported("cache-ttl", kVault, kTime, "how long secrets are kept", kVaults),
      NoEffect("api-key", kSignals, kText, "key of a vendor's analytics", kAnalytics).Secret(),
      NoEffect("upload-url", kSignals, kText, "its address", kAnalytics),
      NoEffect("engagement-tracking", kSignals, kAny, "its tracking", kAnalytics),
      NoEffect("custom-message-id-header", kSignals, kText, "its identifier", kAnalytics),
      NoEffect("process-x-sp-subaccount-id", kSignals, kBool, "its subaccounts", kAnalytics),
      NoEffect("retain-x-sp-subaccount-id", kSignals, kBool, "its header field", kAnalytics),
      NoEffect("privacy-policy", kSignals, kWords, "what it is told", kAnalytics).Secret(),
      NoEffect("min-free-space", kSignals, kSize, "disk left free by it", kAnalytics),
  };
}

}  // namespace convoy::config
