// Where a password or key of the configuration comes from.
//
//     auth-password file:smarthost.password    # the first line of a file beside the configuration
//     auth-password env:SMARTHOST_PASSWORD     # a variable of the process's environment
//     auth-password literal:file:x             # the text after "literal:"
//     auth-password anything-else              # the text itself
//     outbound-auth user:file:smarthost.password
//     outbound-auth file:user-and-password
//
// What was read is kept apart from what was written (Setting::secret), and never printed.
//
// Limits:    kSecretBytesMax
// Errors:    InvalidArgument or NotFound that names the reference and never the secret
// Determinism: pure but for the access it is given
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "config/section.h"

namespace convoy::config {

constexpr size_t kSecretBytesMax = 4096;

// `base` is the file that holds the reference.
absl::StatusOr<std::string> ResolveSecret(std::string_view text, std::string_view base,
                                          const FileAccess& access);
// As "user:password", where either the whole or the password is a reference.
absl::StatusOr<std::string> ResolveCredentials(std::string_view text, std::string_view base,
                                               const FileAccess& access);
bool IsSecretReference(std::string_view text);

}  // namespace convoy::config
