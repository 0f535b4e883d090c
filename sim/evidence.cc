#include "sim/evidence.h"

#include "base/text.h"

namespace convoy::sim {

std::string SenderOf(Token token) { return Cat("t", token, "@client.test"); }

Token TokenOf(std::string_view mail_from) {
  const size_t at = mail_from.find('@');
  if (mail_from.empty() || mail_from[0] != 't' || at == std::string_view::npos) return 0;
  return ParseUint(mail_from.substr(1, at - 1)).value_or(0);
}

}  // namespace convoy::sim
