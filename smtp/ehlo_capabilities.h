// What a server offers in its reply to EHLO.
//
// Only what the client acts on is understood; every keyword is kept by name for accounting.
//
// RFC:       5321 4.1.1.1, 1870 (SIZE), 2920, 6152, 3207, 2034, 3461 4 (DSN), 6531, 4954 3 (AUTH),
//            3030 2 (CHUNKING), 9422 (LIMITS)
// Limits:    the reply's own (reply_parser.h)
// Determinism: pure
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "smtp/reply.h"

namespace convoy::smtp {

struct EhloCapabilities {
  std::string host;                   // the name on the first line, as given
  std::vector<std::string> keywords;  // upper case, without parameters, in the order given

  bool pipelining = false;
  bool eight_bit_mime = false;
  bool starttls = false;
  bool enhanced_status_codes = false;
  bool smtp_utf8 = false;
  bool dsn = false;
  bool chunking = false;
  bool auth_plain = false;
  bool auth_login = false;
  uint64_t size_bytes_max = 0;  // 0: no fixed limit, or SIZE not offered
  bool size = false;            // SIZE= may be sent with MAIL

  // LIMITS; 0: none said.
  uint32_t mail_max = 0;         // transactions in a session
  uint32_t rcpt_max = 0;         // recipients in a transaction
  uint32_t rcpt_domain_max = 0;  // different domains of recipients in a session

  bool operator==(const EhloCapabilities&) const = default;
};

// Reads a positive reply to EHLO (or HELO, which offers nothing). Never fails: an unreadable
// parameter is as if the parameter were absent.
EhloCapabilities ParseEhlo(const Reply& reply);

}  // namespace convoy::smtp
