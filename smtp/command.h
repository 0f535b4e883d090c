// One command line of a client, understood.
//
// RFC:       5321 4.1.1 (commands), 5321 4.1.2 (syntax), 1870 3 (SIZE), 6152 2 (BODY), 3461 4 (RET,
// ENVID,
//            NOTIFY, ORCPT), 6531 3.4 (SMTPUTF8), 3207, 4954
// Limits:    kCommandLineBytesMax; kEnvidBytesMax, kOrcptBytesMax; beyond them 501
// Errors:    a Reply (500, 501, 504, 553, 555) that says what is wrong and shows the right form
// Determinism: pure
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "mail/address.h"
#include "smtp/reply.h"
#include "smtp/xtext.h"

namespace convoy::smtp {

// With CRLF. 512 and what the extensions add (RFC 5321 4.5.3.1.4).
inline constexpr size_t kCommandLineBytesMax = 2048;
inline constexpr size_t kOrcptBytesMax = 500;

enum class Verb : uint8_t {
  kHelo,
  kEhlo,
  kMail,
  kRcpt,
  kData,
  kRset,
  kNoop,
  kQuit,
  kStartTls,
  kAuth,
  kVrfy,
  kExpn,
  kHelp,
  kBdat,
};

struct MailParameters {
  std::optional<uint64_t> size_bytes;
  bool eight_bit = false;  // BODY=8BITMIME
  bool smtputf8 = false;
  std::string ret;    // "FULL" or "HDRS", upper case; empty: none
  std::string envid;  // xtext as received, and EnvelopeIdOf() knows it; empty: none
};

struct RcptParameters {
  std::string notify;  // upper case, as received otherwise; empty: none
  std::string orcpt;   // "addr-type;xtext" as received; empty: none
};

struct Command {
  Verb verb = Verb::kNoop;
  std::string
      argument;  // HELO and EHLO: the client's name; AUTH, NOOP, VRFY, HELP: all that follows
  mail::Address address;  // MAIL, RCPT
  MailParameters mail;
  RcptParameters rcpt;
};

// `line` is without its CRLF. Which commands are allowed now, or offered at all, is the session's
// business; an unknown verb is answered here (500).
std::variant<Command, Reply> ParseCommand(std::string_view line);

}  // namespace convoy::smtp
