#include "smtp/ehlo_capabilities.h"

#include <limits>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace convoy::smtp {
namespace {

// Takes one word from the front of `*text`. Parameters are separated by blanks; old servers write
// AUTH=LOGIN for AUTH LOGIN.
std::string_view TakeWord(std::string_view* text) {
  while (!text->empty() && IsBlank(text->front())) text->remove_prefix(1);
  size_t n = 0;
  while (n < text->size() && !IsBlank((*text)[n]) && (*text)[n] != '=') ++n;
  const std::string_view word = text->substr(0, n);
  text->remove_prefix(n < text->size() ? n + 1 : n);
  return word;
}

void ReadAuth(std::string_view mechanisms, EhloCapabilities* caps) {
  while (!Trim(mechanisms).empty()) {
    const std::string_view mechanism = TakeWord(&mechanisms);
    if (EqualsIgnoreCase(mechanism, "PLAIN")) caps->auth_plain = true;
    if (EqualsIgnoreCase(mechanism, "LOGIN")) caps->auth_login = true;
  }
}

// LIMITS RCPTMAX=20 MAILMAX=5: unknown names, and values that are no positive number, are passed
// over (RFC 9422 4).
void ReadLimits(std::string_view limits, EhloCapabilities* caps) {
  for (const std::string_view limit : Split(limits, ' ')) {
    const size_t equals = limit.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = limit.substr(0, equals);
    const std::optional<uint64_t> value = ParseUint(Trim(limit.substr(equals + 1)));
    if (!value.has_value() || *value > std::numeric_limits<uint32_t>::max()) continue;
    const auto number = static_cast<uint32_t>(*value);
    if (EqualsIgnoreCase(name, "MAILMAX")) caps->mail_max = number;
    if (EqualsIgnoreCase(name, "RCPTMAX")) caps->rcpt_max = number;
    if (EqualsIgnoreCase(name, "RCPTDOMAINMAX")) caps->rcpt_domain_max = number;
  }
}

void ReadKeyword(std::string_view line, EhloCapabilities* caps) {
  std::string keyword = Upper(TakeWord(&line));
  if (keyword.empty()) return;
  if (keyword == "PIPELINING") caps->pipelining = true;
  if (keyword == "8BITMIME") caps->eight_bit_mime = true;
  if (keyword == "STARTTLS") caps->starttls = true;
  if (keyword == "ENHANCEDSTATUSCODES") caps->enhanced_status_codes = true;
  if (keyword == "SMTPUTF8") caps->smtp_utf8 = true;
  if (keyword == "DSN") caps->dsn = true;
  if (keyword == "CHUNKING") caps->chunking = true;
  if (keyword == "LIMITS") ReadLimits(line, caps);
  if (keyword == "AUTH") ReadAuth(line, caps);
  if (keyword == "SIZE") {
    caps->size = true;
    caps->size_bytes_max = ParseUint(TakeWord(&line)).value_or(0);
  }
  caps->keywords.push_back(std::move(keyword));
}

}  // namespace

EhloCapabilities ParseEhlo(const Reply& reply) {
  EhloCapabilities caps;
  for (size_t i = 0; i < reply.lines.size(); ++i) {
    std::string_view line = reply.lines[i];
    if (i == 0) {
      caps.host = std::string(TakeWord(&line));
    } else {
      ReadKeyword(line, &caps);
    }
  }
  return caps;
}

}  // namespace convoy::smtp
