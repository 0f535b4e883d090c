// The commands of one transaction as the client writes them, and why it may not write them at all.
//
// What the server did not offer is left out where that loses nothing (SIZE, BODY for 7-bit content,
// DSN); where it would, the message cannot go to this host and the reason is a reply of our own.
//
// RFC:       5321 4.1.1.2 and 4.1.1.3, 1870 6 (SIZE is content octets), 6152, 3030 2, 3461 5.2,
//            6531 3.2
// Determinism: pure
#pragma once

#include <cstddef>
#include <string>

#include "smtp/attempt.h"
#include "smtp/ehlo_capabilities.h"
#include "smtp/reply.h"

namespace convoy::smtp {

// Appends the command with its CRLF.
void AppendMail(const Attempt& attempt, const EhloCapabilities& offered, std::string* out);
void AppendRcpt(const Recipient& recipient, const EhloCapabilities& offered, std::string* out);
// A pipelined group: MAIL, the first `recipients` RCPT and, with `data`, DATA.
void AppendEnvelope(const Attempt& attempt, size_t recipients, bool data,
                    const EhloCapabilities& offered, std::string* out);
// "BDAT n LAST" for the whole content, which follows at once (RFC 3030 2).
void AppendBdat(const WireBody& body, std::string* out);

// Empty if the attempt can be made with what is offered. Else permanent: 552 5.3.4 (too large), 554
// 5.6.3 (8-bit content), 553 5.6.7 (SMTPUTF8), 553 5.1.3 (text no command can carry).
Reply RefuseUnsendable(const Attempt& attempt, const EhloCapabilities& offered);

}  // namespace convoy::smtp
