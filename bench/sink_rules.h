// What the receiver answers where: an ordered list of rules, first match wins.
//
//     rcpt *@full.test 452 4.2.2 mailbox full        answer
//     dot  *@later.test 451 4.3.0 not yet ;times=2   only the first two times per recipient
//     dot  *@lost.test close                         the message is recorded, the answer never sent
//     mail * stall                                   no answer at all
//
// PHASE is connect, ehlo, mail, rcpt, data or dot; GLOB (with `*`) is matched against the recipient
// (dot: the first one), the sender (mail) or "*" only (connect, ehlo, data).
//
// Errors:    InvalidArgument naming the rule
// Determinism: pure
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace convoy::bench {

enum class SinkPhase { kConnect, kEhlo, kMail, kRcpt, kData, kDot };

struct SinkAction {
  enum class Kind { kDefault, kReply, kClose, kStall };
  Kind kind = Kind::kDefault;
  std::string reply;  // without CRLF
};

class SinkRules {
 public:
  absl::Status Add(std::string_view rule);
  // `subject` is the address the phase is about. Counts the use of limited rules.
  SinkAction Decide(SinkPhase phase, std::string_view subject);
  bool empty() const { return rules_.empty(); }

 private:
  struct Rule {
    SinkPhase phase;
    std::string glob;
    SinkAction action;
    int times = 0;  // per subject; 0: always
    std::map<std::string, int, std::less<>> used;
  };
  std::vector<Rule> rules_;
};

// `*` matches any run of characters; letters match without case.
bool GlobMatches(std::string_view glob, std::string_view text);

}  // namespace convoy::bench
