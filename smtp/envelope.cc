#include "smtp/envelope.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace convoy::smtp {
namespace {

// Inside <>. Only what would end the line is looked for: mail/address.h has checked the rest.
bool FitsInPath(std::string_view address) {
  return std::none_of(address.begin(), address.end(),
                      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
}

bool FitsInParameter(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool CanBeWritten(const Attempt& attempt) {
  if (!FitsInPath(attempt.mail_from) || !FitsInParameter(attempt.envid) ||
      !FitsInParameter(attempt.ret)) {
    return false;
  }
  return std::all_of(attempt.recipients.begin(), attempt.recipients.end(),
                     [](const Recipient& recipient) {
                       return FitsInPath(recipient.address) && FitsInParameter(recipient.notify) &&
                              FitsInParameter(recipient.orcpt);
                     });
}

}  // namespace

void AppendMail(const Attempt& attempt, const EhloCapabilities& offered, std::string* out) {
  CatTo(out, "MAIL FROM:<", attempt.mail_from, ">");
  if (offered.size) CatTo(out, " SIZE=", attempt.body->content_bytes());
  if (offered.eight_bit_mime && attempt.body->has_8bit()) out->append(" BODY=8BITMIME");
  if (attempt.smtputf8) out->append(" SMTPUTF8");
  if (offered.dsn && !attempt.ret.empty()) CatTo(out, " RET=", attempt.ret);
  if (offered.dsn && !attempt.envid.empty()) CatTo(out, " ENVID=", attempt.envid);
  out->append("\r\n");
}

void AppendRcpt(const Recipient& recipient, const EhloCapabilities& offered, std::string* out) {
  CatTo(out, "RCPT TO:<", recipient.address, ">");
  if (offered.dsn && !recipient.notify.empty()) CatTo(out, " NOTIFY=", recipient.notify);
  if (offered.dsn && !recipient.orcpt.empty()) CatTo(out, " ORCPT=", recipient.orcpt);
  out->append("\r\n");
}

void AppendEnvelope(const Attempt& attempt, size_t recipients, bool data,
                    const EhloCapabilities& offered, std::string* out) {
  AppendMail(attempt, offered, out);
  for (size_t i = 0; i < recipients; ++i) AppendRcpt(attempt.recipients[i], offered, out);
  if (data) out->append("DATA\r\n");
}

void AppendBdat(const WireBody& body, std::string* out) {
  CatTo(out, "BDAT ", body.content_bytes(), " LAST\r\n");
}

Reply RefuseUnsendable(const Attempt& attempt, const EhloCapabilities& offered) {
  const WireBody& body = *attempt.body;
  if (!CanBeWritten(attempt)) {
    return MakeReply(553, "5.1.3", "the envelope has characters that no command can carry");
  }
  if (offered.size_bytes_max > 0 && body.content_bytes() > offered.size_bytes_max) {
    return MakeReply(552, "5.3.4",
                     Cat("message of ", body.content_bytes(), " octets, the next hop takes ",
                         offered.size_bytes_max));
  }
  if (attempt.smtputf8 && !offered.smtp_utf8) {
    return MakeReply(553, "5.6.7", "the next hop does not offer SMTPUTF8");
  }
  if (body.has_8bit() && !offered.eight_bit_mime) {
    return MakeReply(554, "5.6.3", "8-bit content, and the next hop does not offer 8BITMIME");
  }
  return {};
}

}  // namespace convoy::smtp
