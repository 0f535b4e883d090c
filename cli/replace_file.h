// Writes a file anew as a whole: a reader sees the old text or the new one, also after a crash.
//
// Errors:    the system's, with the path
// Thread:    any
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace convoy::cli {

// Through a file beside it that is synced and renamed. Mode and owner of a file that exists stay; a
// symbolic link stays, and what it points to is written.
absl::Status ReplaceFile(const std::string& path, std::string_view text);

}  // namespace convoy::cli
