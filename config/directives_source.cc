#include "config/directive_rows.h"

namespace convoy::config {
namespace {

using enum ValueKind;

constexpr std::string_view kAuth =
    "AUTH is not offered yet: a client that must use it may not relay";
constexpr std::string_view kNoAuth = "AUTH is not offered to clients";
constexpr std::string_view kTls = "TLS is not offered to clients";
constexpr std::string_view kChecks = "mail from the outside is not taken in";
constexpr std::string_view kLogs = "the dialogue is not logged";

void AddAdmission(std::vector<DirectiveRow>* rows) {
  rows->insert(
      rows->end(),
      {
          Effective("smtp-service", kSource, kBool, "yes", "may this client speak SMTP to us"),
          Effective("always-allow-relaying", kSource | kGlobal, kBool, "no",
                    "may this client send anywhere"),
          Alias("always-allow-relay", kSource | kGlobal, kBool, "always-allow-relaying"),
          NotYet("always-allow-api-submission", kSource, kBool, "no",
                 "may this client submit by HTTP", "there is no HTTP submission"),
          NotYet("require-auth", kSource, kBool, "no", "no mail without AUTH", kAuth)
              .Standard("RFC 4954"),
          NotYet("allow-auth", kSource, kBool, "yes", "offer AUTH", kNoAuth).Standard("RFC 4954"),
          NotYet("allow-unencrypted-plain-auth", kSource, kBool, "no", "AUTH PLAIN without TLS",
                 kNoAuth)
              .Standard("RFC 4616"),
          NotYet("allow-starttls", kSource, kBool, "no", "offer STARTTLS", kTls)
              .Standard("RFC 3207"),
          NotYet("require-starttls-before-auth", kSource, kBool, "no", "AUTH only within TLS",
                 kNoAuth),
          NotYet("smtp-max-auth-failure-rate", kSource, kRate, "unlimited",
                 "failed AUTH per interval", kNoAuth),
          NotYet("broken-auth-clients", kSource, kBool, "no", "AUTH= in the EHLO answer", kNoAuth),
          NotYet("allow-mailmerge", kSource, kBool, "no", "offer XMRG", "mail merge is not built"),
          NotYet("allow-chunking", kSource, kBool, "yes", "offer CHUNKING",
                 "CHUNKING is not offered")
              .Standard("RFC 3030"),
          NotYet("allow-smtputf8", kSource, kBool, "yes", "offer SMTPUTF8", "it is always offered")
              .Standard("RFC 6531"),
          NotYet("verp-default", kSource, kBool, "no", "VERP without being asked",
                 "VERP is not built"),
          NotYet("suppression-lists", kSource, kWords, "", "address lists to refuse",
                 "use suppress-file in <domain>"),
          NotYet("accept-invalid-recipients", kSource, kBool, "no",
                 "accept suppressed recipients and bounce them", "they are refused at RCPT"),
          NotYet("source-group", kSource, kText, "", "group with reserved connections",
                 "inbound connections are counted for the shard as a whole"),
          NotYet("smtp-data-timeout", kSource, kTime, "10m", "silence of a client in its data",
                 "the RFC's times are used")
              .Standard("RFC 5321 4.5.3.2"),
          NotYet("smtp-command-timeout", kSource, kTime, "10m",
                 "silence of a client between commands", "the RFC's times are used")
              .Standard("RFC 5321 4.5.3.2"),
          NotYet("disconnect-on-transient-error", kSource, kBool, "no",
                 "close after a temporary refusal", "the connection goes on"),
          NotYet("auto-qualify-domain", kSource, kBool, "no", "complete addresses without a domain",
                 "such addresses are refused"),
          NotYet("check-spf-inbound", kSource, kBool, "no", "check SPF of clients", kChecks),
          NotYet("check-dkim-inbound", kSource, kBool, "no", "check DKIM of their mail", kChecks),
          NotYet("check-iprev-inbound", kSource, kBool, "no", "check their reverse name", kChecks),
          NotYet("reject-spf-check-*", kSource, kBool, "no", "refuse by SPF", kChecks),
          NotYet("reject-iprev-check-*", kSource, kBool, "no", "refuse by reverse name", kChecks),
          NotYet("trace-*", kSource, kBool, "no", "log these checks", kChecks),
      });
}

void AddVirtualMtaChoice(std::vector<DirectiveRow>* rows) {
  rows->insert(
      rows->end(),
      {
          Effective("default-virtual-mta", kSource, kText, "{default}",
                    "virtual MTA or pool if nothing else chose one"),
          NotYet("pattern-list", kSource, kText, "", "<pattern-list> that chooses the virtual MTA",
                 "the list is read and checked"),
          NotYet("rewrite-list", kSource | kVirtualMta | kPool, kText, "",
                 "<rewrite-list> for addresses", "the list is read and checked"),
          Effective("process-x-virtual-mta", kSource, kBool, "no",
                    "x-virtual-mta chooses the virtual MTA"),
          Effective("retain-x-virtual-mta", kSource, kBool, "no", "keep that field"),
          NotYet("allow-empty-x-virtual-mta", kSource, kBool, "no", "an empty one is as if absent",
                 "an empty one is refused"),
          NotYet("add-x-virtual-mta-header", kSource, kBool, "no", "write the chosen one",
                 "no such field is written"),
          NotYet("reject-invalid-virtual-mta", kSource, kBool, "yes",
                 "refuse a message for an unknown virtual MTA", "it is always refused"),
          Effective("process-x-job", kSource, kBool, "no", "x-job is the job id"),
          Effective("retain-x-job", kSource, kBool, "no", "keep that field"),
          NotYet("jobid-header", kSource, kText, "x-job", "the field that is the job id",
                 "only x-job is read"),
          NotYet("jobid-prefix", kSource, kText, "", "put in front of job ids; may hold {auth}",
                 "job ids are taken as they are"),
          Effective("process-x-envid", kSource, kBool, "no", "x-envid is the envelope id")
              .Standard("RFC 3461"),
          NotYet("process-x-schedule", kSource, kBool, "no", "x-schedule sets delivery windows",
                 "there are no delivery windows"),
          NotYet("retain-x-schedule", kSource, kBool, "no", "keep that field",
                 "the field is never removed"),
          NotYet("process-x-dkim-options", kSource, kBool, "no",
                 "X-DKIM-Options changes the signature", "domain-key decides"),
          NotYet("retain-x-dkim-options", kSource, kBool, "no", "keep that field",
                 "the field is never removed"),
          NotYet("process-x-dkim-key", kSource, kBool, "no", "X-DKIM-Key is the private key",
                 "domain-key decides; never put a key into such a field"),
          NotYet("retain-x-dkim-key", kSource, kBool, "no", "keep that field",
                 "the field is never removed"),
      });
}

void AddMessage(std::vector<DirectiveRow>* rows) {
  rows->insert(
      rows->end(),
      {
          Effective("add-received-header", kSource, kBool, "yes", "add a trace field")
              .Standard("RFC 5321 4.4"),
          Effective("hide-message-source", kSource, kBool, "no", "leave the client out of it"),
          Effective("add-date-header", kSource, kChoice, "no", "add a missing Date")
              .Choices("no|yes|override")
              .Standard("RFC 5322 3.6.1"),
          NotYet("date-header-time", kSource, kChoice, "reception", "which time that Date is",
                 "it is the time of reception")
              .Choices("reception|delivery"),
          Effective("add-message-id-header", kSource, kBool, "no", "add a missing Message-ID")
              .Standard("RFC 5322 3.6.4"),
          NotYet("remove-header", kSource, kWords, "", "fields to take out",
                 "fields are kept as they are")
              .Repeatable(),
          NotYet("bcc", kSource, kAddress, "", "copy of each message", "no copies are made")
              .Repeatable(),
          Effective("max-message-size", kSource, kSize, "64m", "larger messages are refused")
              .Standard("RFC 1870; PowerMTA's default is unlimited"),
          Effective("max-message-hops", kSource, kCount, "100", "Received fields that mean a loop")
              .Unit("fields")
              .Standard("RFC 5321 6.3"),
          Effective("max-rcpt-per-message", kSource, kCount, "1000", "recipients per message")
              .Unit("recipients")
              .Standard("RFC 5321 4.5.3.1.8"),
          NotYet("too-many-rcpts-fails-message", kSource, kBool, "no",
                 "refuse the whole message over that cap",
                 "the recipients over the cap are refused"),
          NotYet("suppress-local-dsn", kSource, kBool, "no", "no notification to the sender",
                 "none is sent"),
          NotYet("dsn-return-default", kSource, kChoice, "system", "what a notification returns",
                 "none is sent")
              .Choices("headers|full|system")
              .Standard("RFC 3461 4.3"),
          NotYet("log-connections", kSource | kDomain, kBool, "no", "log connections", kLogs),
          NotYet("log-commands", kSource | kDomain, kBool, "no", "log commands and replies", kLogs),
          NotYet("log-data", kSource | kDomain | kTransmissionsApi, kBool, "no",
                 "log message contents", kLogs),
          NotYet("log-tls", kSource | kDomain | kTransmissionsApi, kBool, "no", "log TLS", kLogs),
      });
}

}  // namespace

std::vector<DirectiveRow> SourceRows() {
  std::vector<DirectiveRow> rows;
  AddAdmission(&rows);
  AddVirtualMtaChoice(&rows);
  AddMessage(&rows);
  return rows;
}

}  // namespace convoy::config
