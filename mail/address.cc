#include "mail/address.h"

#include <idn2.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "base/text.h"
#include "mail/utf8.h"

namespace convoy::mail {
namespace {

constexpr size_t kShownBytesMax = 80;

absl::Status Bad(std::string_view text, std::string_view why) {
  const bool cut = text.size() > kShownBytesMax;
  return absl::InvalidArgumentError(
      Cat("address '", Escape(text.substr(0, kShownBytesMax)), cut ? "...'" : "'", ": ", why));
}

bool IsHigh(char c) { return static_cast<unsigned char>(c) >= 0x80; }

bool IsAtext(char c) {
  return IsAlnum(c) || IsHigh(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool HasHigh(std::string_view s) {
  for (const char c : s) {
    if (IsHigh(c)) return true;
  }
  return false;
}

// Length of the local part at the front of `text`, whose grammar is checked; 0 if there is none.
size_t DotStringLength(std::string_view text) {
  size_t i = 0;
  while (i < text.size() && (IsAtext(text[i]) || text[i] == '.')) ++i;
  const std::string_view found = text.substr(0, i);
  const bool dots_ok = !found.empty() && found.front() != '.' && found.back() != '.' &&
                       found.find("..") == std::string_view::npos;
  return dots_ok ? i : 0;
}

// Both quotes included; 0 if the closing one is missing or a character may not stand there.
size_t QuotedStringLength(std::string_view text) {
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return i + 1;
    if (text[i] == '\\' && ++i == text.size()) return 0;
    if (text[i] != ' ' && !IsHigh(text[i]) && (text[i] < 33 || text[i] > 126)) return 0;
  }
  return 0;
}

size_t LocalPartLength(std::string_view text) {
  if (text.empty()) return 0;
  return text.front() == '"' ? QuotedStringLength(text) : DotStringLength(text);
}

absl::StatusOr<std::string> ParseLiteral(std::string_view domain) {
  if (domain.size() < 3 || domain.back() != ']') {
    return absl::InvalidArgumentError("the address literal has no closing ']'");
  }
  std::string_view inside = domain.substr(1, domain.size() - 2);
  const bool v6 = StartsWithIgnoreCase(inside, "IPv6:");
  if (v6) inside.remove_prefix(5);
  const absl::StatusOr<IpAddress> ip = IpAddress::Parse(inside);
  if (!ip.ok() || v6 != (inside.find(':') != std::string_view::npos)) {
    return absl::InvalidArgumentError(
        "the address literal must be [192.0.2.1] or [IPv6:2001:db8::1]");
  }
  return std::string(domain);
}

absl::Status CheckLabels(std::string_view domain) {
  if (domain.empty()) return absl::InvalidArgumentError("the domain is empty");
  if (domain.size() > kDomainBytesMax) {
    return absl::InvalidArgumentError(
        Cat("the domain is longer than ", kDomainBytesMax, " octets"));
  }
  for (const std::string_view label : Split(domain, '.')) {
    if (label.empty()) {
      return absl::InvalidArgumentError(
          "the domain has an empty label (two dots, or a dot at an end)");
    }
    if (label.size() > kDomainLabelBytesMax) {
      return absl::InvalidArgumentError(
          Cat("the domain has a label longer than ", kDomainLabelBytesMax, " octets"));
    }
    if (label.front() == '-' || label.back() == '-') {
      return absl::InvalidArgumentError("a label of the domain begins or ends with '-'");
    }
    for (const char c : label) {
      if (IsAlnum(c) || c == '-' || c == '_') continue;
      return absl::InvalidArgumentError(
          Cat("'", Escape(std::string_view(&c, 1)), "' may not stand in a domain"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckBytes(std::string_view text) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return Bad(text, "CR, LF and NUL may not stand in an address");
  }
  if (text.size() > kPathTextBytesMax) {
    return Bad(text, Cat("longer than ", kPathTextBytesMax, " octets"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ParseDomain(std::string_view domain) {
  if (!domain.empty() && domain.front() == '[') return ParseLiteral(domain);
  return DomainToAscii(domain);
}

// The length of `<...>` at the front, counted up to the bracket that is not inside a quoted string.
size_t PathLength(std::string_view text) {
  bool quoted = false;
  for (size_t i = 1; i < text.size() && i <= kPathTextBytesMax; ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (text[i] == '\\' && quoted) ++i;
    if (i < text.size() && text[i] == '>' && !quoted) return i + 1;
  }
  return 0;
}

// Drops `@a,@b:` from the front. A route that is not one is left for the mailbox grammar to refuse.
std::string_view WithoutSourceRoute(std::string_view inside) {
  if (inside.empty() || inside.front() != '@') return inside;
  const size_t colon = inside.find(':');
  if (colon == std::string_view::npos) return inside;
  for (const std::string_view hop : Split(inside.substr(0, colon), ',')) {
    if (hop.empty() || hop.front() != '@' || !DomainToAscii(hop.substr(1)).ok()) return inside;
  }
  return inside.substr(colon + 1);
}

}  // namespace

std::string Address::ToString() const { return domain.empty() ? local : Cat(local, '@', domain); }

std::string Address::ToPath() const { return Cat('<', ToString(), '>'); }

std::string Address::DomainKey() const {
  const std::optional<IpAddress> ip = Literal();
  return Lower(ip ? Cat('[', ip->ToLiteral(), ']') : domain);
}

std::optional<IpAddress> Address::Literal() const {
  if (domain.size() < 3 || domain.front() != '[') return {};
  std::string_view inside = std::string_view(domain).substr(1, domain.size() - 2);
  if (StartsWithIgnoreCase(inside, "IPv6:")) inside.remove_prefix(5);
  const absl::StatusOr<IpAddress> ip = IpAddress::Parse(inside);
  return ip.ok() ? std::optional<IpAddress>(*ip) : std::nullopt;
}

bool Address::NeedsSmtpUtf8() const { return HasHigh(local); }

absl::StatusOr<std::string> DomainToAscii(std::string_view domain) {
  std::string ascii(domain);
  if (HasHigh(domain)) {
    if (!IsValidUtf8(domain) || domain.size() > kPathTextBytesMax ||
        domain.find('\0') != std::string_view::npos) {
      return absl::InvalidArgumentError("the domain is not valid UTF-8");
    }
    char* converted = nullptr;
    const int rc =
        idn2_to_ascii_8z(ascii.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    const std::unique_ptr<char, void (*)(void*)> owner(converted, idn2_free);
    if (rc != IDN2_OK) {
      return absl::InvalidArgumentError(
          Cat("the domain has no A-label form (", idn2_strerror(rc), ")"));
    }
    ascii = converted;
  }
  RETURN_IF_ERROR(CheckLabels(ascii));
  return ascii;
}

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  RETURN_IF_ERROR(CheckBytes(text));
  const size_t local_length = LocalPartLength(text);
  if (local_length == 0) {
    return Bad(text, "the local part is missing or has a character that needs quoting");
  }
  if (local_length > kLocalPartBytesMax) {
    return Bad(text, Cat("the local part is longer than ", kLocalPartBytesMax, " octets"));
  }
  if (local_length == text.size() || text[local_length] != '@') {
    return Bad(text, "expected local@domain");
  }
  const std::string_view local = text.substr(0, local_length);
  if (HasHigh(local) && !IsValidUtf8(local)) return Bad(text, "the local part is not valid UTF-8");
  absl::StatusOr<std::string> domain = ParseDomain(text.substr(local_length + 1));
  if (!domain.ok()) {
    const absl::string_view why = domain.status().message();
    return Bad(text, std::string_view(why.data(), why.size()));
  }
  Address address{std::string(local), *std::move(domain)};
  if (address.local.size() + 1 + address.domain.size() > kPathBytesMax) {
    return Bad(text, Cat("longer than ", kPathBytesMax, " octets"));
  }
  return address;
}

absl::StatusOr<Address> ConsumePath(std::string_view* text) {
  if (text->empty() || text->front() != '<') {
    return Bad(*text, "a path is written in angle brackets: <local@domain>");
  }
  const size_t length = PathLength(*text);
  if (length == 0) return Bad(*text, "the path has no closing '>'");
  const std::string_view path = text->substr(0, length);
  const std::string_view inside = path.substr(1, length - 2);
  Address address;
  if (EqualsIgnoreCase(inside, "postmaster")) {
    address.local = std::string(inside);
  } else if (!inside.empty()) {
    RETURN_IF_ERROR(CheckBytes(inside));
    ASSIGN_OR_RETURN(address, ParseAddress(WithoutSourceRoute(inside)));
  }
  text->remove_prefix(length);
  return address;
}

absl::StatusOr<Address> ParsePath(std::string_view text) {
  std::string_view rest = text;
  ASSIGN_OR_RETURN(Address address, ConsumePath(&rest));
  if (!rest.empty()) return Bad(text, "something follows the closing '>'");
  return address;
}

}  // namespace convoy::mail
