#include "config/secret.h"

#include "base/status_macros.h"
#include "base/text.h"
#include "config/say.h"

namespace convoy::config {
namespace {

constexpr std::string_view kFilePrefix = "file:";
constexpr std::string_view kEnvPrefix = "env:";
constexpr std::string_view kLiteralPrefix = "literal:";

absl::StatusOr<std::string> FirstLine(const std::string& text, std::string_view reference) {
  std::string line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.pop_back();
  if (line.empty()) return Invalid(Say<"{} is empty">(reference));
  if (line.size() > kSecretBytesMax) {
    return Invalid(Say<"{} has more than {} octets in its first line">(reference, kSecretBytesMax));
  }
  return line;
}

}  // namespace

bool IsSecretReference(std::string_view text) {
  return text.starts_with(kFilePrefix) || text.starts_with(kEnvPrefix) ||
         text.starts_with(kLiteralPrefix);
}

absl::StatusOr<std::string> ResolveSecret(std::string_view text, std::string_view base,
                                          const FileAccess& access) {
  if (text.starts_with(kLiteralPrefix)) return std::string(text.substr(kLiteralPrefix.size()));
  if (text.starts_with(kFilePrefix)) {
    const std::string path = ResolvePath(base, text.substr(kFilePrefix.size()));
    const auto& read = access.read_secret == nullptr ? access.read : access.read_secret;
    ASSIGN_OR_RETURN(const std::string content, read(path));
    return FirstLine(content, text);
  }
  if (text.starts_with(kEnvPrefix)) {
    const std::string name(text.substr(kEnvPrefix.size()));
    const std::optional<std::string> value =
        access.environment == nullptr ? std::nullopt : access.environment(name);
    if (!value.has_value()) {
      return NotFound(Say<"the environment has no variable {}">(name));
    }
    return FirstLine(*value, text);
  }
  return std::string(text);
}

absl::StatusOr<std::string> ResolveCredentials(std::string_view text, std::string_view base,
                                               const FileAccess& access) {
  std::string whole(text);
  if (IsSecretReference(text)) {
    ASSIGN_OR_RETURN(whole, ResolveSecret(text, base, access));
    if (whole.find(':') == std::string::npos) {
      return Invalid(Say<"user:password expected in what it refers to">());
    }
    return whole;
  }
  const size_t colon = whole.find(':');
  if (colon == std::string::npos) {
    return Invalid(Say<"user:password expected">());
  }
  ASSIGN_OR_RETURN(const std::string password,
                   ResolveSecret(std::string_view(whole).substr(colon + 1), base, access));
  return Cat(whole.substr(0, colon + 1), password);
}

}  // namespace convoy::config
