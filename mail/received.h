// The fields submission adds: Received, Date, Message-ID.
//
// RFC:       5321 4.4 (Received), 5322 3.3 (date), 5322 3.6.4 (Message-ID), 3848 (WITH), 6531 4.3
// Limits:    what a client said is cut to kClientTextBytesMax and shown in printable ASCII only
// Determinism: pure
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time_types.h"

namespace convoy::mail {

inline constexpr size_t kClientTextBytesMax = 255;

// "Fri, 11 Jul 2003 21:00:37 -0700". `zone_minutes` east of UTC.
std::string FormatDate(WallTime when, int zone_minutes = 0);

// "<unique@domain>" without the field name. `unique` must be made of atext characters (5322 3.2.3),
// for example a message id in hexadecimal.
std::string MakeMessageId(std::string_view unique, std::string_view domain);

struct Protocol {
  bool extended = true;  // EHLO was used
  bool tls = false;
  bool authenticated = false;
  bool utf8 = false;  // MAIL had SMTPUTF8
};
// The WITH keyword: SMTP, ESMTP, ESMTPS, ESMTPA, ESMTPSA, UTF8SMTP, ...
std::string ProtocolKeyword(const Protocol& protocol);

struct ReceivedInfo {
  std::string helo;                    // what the client called itself; may be empty
  std::optional<IpAddress> client_ip;  // absent: left out (`hide-message-source`)
  std::string by;                      // our host name
  std::string with;                    // from ProtocolKeyword, or "HTTP" and the like
  std::string id;                      // our message id
  std::string recipient;               // only for a single recipient (5321 4.4), else empty
  WallTime when;
  int zone_minutes = 0;
};
// The whole field with its CRLF, folded. Without helo and client_ip there is no FROM clause.
std::string MakeReceived(const ReceivedInfo& info);

}  // namespace convoy::mail
