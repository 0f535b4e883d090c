#include "mail/status_text.h"

#include "base/text.h"

namespace convoy::mail {
namespace {

constexpr size_t kDigitsMax = 3;

struct Row {
  int subject;
  int detail;
  std::string_view text;
};

// 3463 3 and the registry of 5248, in lower case. Detail 0 is also the text of an unknown detail.
constexpr Row kRows[] = {
    {0, 0, "undefined status"},
    {1, 0, "unknown address-related status"},
    {1, 1, "bad destination mailbox address"},
    {1, 2, "bad destination system: no such domain"},
    {1, 3, "bad destination mailbox address syntax"},
    {1, 4, "destination mailbox address ambiguous"},
    {1, 5, "destination address valid"},
    {1, 6, "destination mailbox has moved, no forwarding address"},
    {1, 7, "bad sender's mailbox address syntax"},
    {1, 8, "bad sender's system address"},
    {1, 9, "message relayed to non-compliant mailer"},
    {1, 10, "recipient address has null MX"},
    {2, 0, "unknown mailbox-related status"},
    {2, 1, "mailbox disabled, not accepting messages"},
    {2, 2, "mailbox full"},
    {2, 3, "message length exceeds administrative limit"},
    {2, 4, "mailing list expansion problem"},
    {3, 0, "unknown mail system-related status"},
    {3, 1, "mail system full"},
    {3, 2, "system not accepting network messages"},
    {3, 3, "system not capable of selected features"},
    {3, 4, "message too big for system"},
    {3, 5, "system incorrectly configured"},
    {3, 6, "requested priority was changed"},
    {4, 0, "unknown network or routing status"},
    {4, 1, "no answer from host"},
    {4, 2, "bad connection"},
    {4, 3, "directory server failure"},
    {4, 4, "unable to route"},
    {4, 5, "mail system congestion"},
    {4, 6, "routing loop detected"},
    {4, 7, "delivery time expired"},
    {5, 0, "unknown mail delivery protocol status"},
    {5, 1, "invalid command"},
    {5, 2, "syntax error"},
    {5, 3, "too many recipients"},
    {5, 4, "invalid command arguments"},
    {5, 5, "wrong protocol version"},
    {5, 6, "authentication exchange line is too long"},
    {6, 0, "unknown media error"},
    {6, 1, "media not supported"},
    {6, 2, "conversion required and prohibited"},
    {6, 3, "conversion required but not supported"},
    {6, 4, "conversion with loss performed"},
    {6, 5, "conversion failed"},
    {6, 6, "message content not available"},
    {6, 7, "non-ASCII addresses not permitted for that sender/recipient"},
    {6, 8, "UTF-8 string reply is required, but not permitted by the client"},
    {6, 9, "UTF-8 header message cannot be transferred to one or more recipients"},
    {6, 11, "invalid characters"},
    {7, 0, "other or undefined security status"},
    {7, 1, "delivery not authorized"},
    {7, 2, "mailing list expansion prohibited"},
    {7, 3, "security conversion required but not possible"},
    {7, 4, "security features not supported"},
    {7, 5, "cryptographic failure"},
    {7, 6, "cryptographic algorithm not supported"},
    {7, 7, "message integrity failure"},
    {7, 8, "authentication credentials invalid"},
    {7, 9, "authentication mechanism is too weak"},
    {7, 10, "encryption needed"},
    {7, 11, "encryption required for requested authentication mechanism"},
    {7, 12, "a password transition is needed"},
    {7, 13, "user account disabled"},
    {7, 14, "trust relationship required"},
    {7, 15, "priority level is too low"},
    {7, 16, "message is too big for the specified priority"},
    {7, 17, "mailbox owner has changed"},
    {7, 18, "domain owner has changed"},
    {7, 20, "no passing DKIM signature found"},
    {7, 21, "no acceptable DKIM signature found"},
    {7, 22, "no valid author-matched DKIM signature found"},
    {7, 23, "SPF validation failed"},
    {7, 24, "SPF validation error"},
    {7, 25, "reverse DNS validation failed"},
    {7, 26, "multiple authentication checks failed"},
    {7, 27, "sender address has null MX"},
    {7, 28, "mail flood detected"},
    {7, 29, "ARC validation failure"},
    {7, 30, "REQUIRETLS support required"},
};

std::string_view TextOf(int subject, int detail) {
  std::string_view of_subject = kRows[0].text;
  for (const Row& row : kRows) {
    if (row.subject != subject) continue;
    if (row.detail == detail) return row.text;
    if (row.detail == 0) of_subject = row.text;
  }
  return of_subject;
}

// Takes 1 to 3 digits from the front of `*text`; -1 if there are none or more.
int TakeNumber(std::string_view* text) {
  int value = 0;
  size_t digits = 0;
  while (digits < text->size() && IsDigit((*text)[digits])) {
    if (digits == kDigitsMax) return -1;
    value = value * 10 + ((*text)[digits] - '0');
    ++digits;
  }
  text->remove_prefix(digits);
  return digits == 0 ? -1 : value;
}

bool TakeDot(std::string_view* text) {
  if (text->empty() || text->front() != '.') return false;
  text->remove_prefix(1);
  return true;
}

}  // namespace

std::string EnhancedStatus::ToString() const { return Cat(klass, '.', subject, '.', detail); }

std::optional<EnhancedStatus> ParseEnhancedStatus(std::string_view text) {
  EnhancedStatus status;
  status.klass = TakeNumber(&text);
  if ((status.klass != 2 && status.klass != 4 && status.klass != 5) || !TakeDot(&text)) return {};
  status.subject = TakeNumber(&text);
  if (status.subject < 0 || !TakeDot(&text)) return {};
  status.detail = TakeNumber(&text);
  if (status.detail < 0 || (!text.empty() && !IsSpace(text.front()))) return {};
  return status;
}

EnhancedStatus StatusOfReply(int reply_code, std::string_view text) {
  const int first_digit = reply_code / 100;
  // 3xx replies ask for more: as an outcome they are positive (RFC 5321 4.2.1).
  const int klass = first_digit == 3 ? 2 : first_digit;
  if (klass != 2 && klass != 4 && klass != 5) return {5, 0, 0};
  const std::optional<EnhancedStatus> parsed = ParseEnhancedStatus(text);
  return parsed && parsed->klass == klass ? *parsed : EnhancedStatus{klass, 0, 0};
}

std::string StatusText(const EnhancedStatus& status) {
  const bool success = status == status::kSuccess;
  return StatusText(status, success ? "success" : TextOf(status.subject, status.detail));
}

std::string StatusText(const EnhancedStatus& status, std::string_view text) {
  return Cat(status.ToString(), " (", text, ')');
}

}  // namespace convoy::mail
