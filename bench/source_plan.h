// What a source sends: message number -> sender, recipient, virtual MTA and content.
//
// Everything follows from the number, so that two sources with the same plan send the same mail and
// a ledger needs only ids. The body is incompressible-looking text with CRLF line ends.
//
// Determinism: pure
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace convoy::bench {

struct SourcePlan {
  std::string run = "run";  // prefix of every id
  std::string mail_from = "bounce@example.com";
  std::string from = "news@example.com";  // From header: the domain that signs
  std::vector<std::string> domains;       // recipients go round them
  std::vector<std::string> vmtas;         // go round; empty: no x-virtual-mta
  int64_t body_bytes = 4096;
  uint64_t recipients_per_domain = 0;  // local parts repeat after this many; 0: never
};

struct PlannedMessage {
  std::string id;  // "run-17"
  std::string rcpt;
  std::string vmta;  // "" when the plan has none
  std::string content;
};

PlannedMessage PlanMessage(const SourcePlan& plan, uint64_t number);

}  // namespace convoy::bench
