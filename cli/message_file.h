// A message file for `convoy submit`: its text, and an envelope from its header where none is
// given.
//
// The sender is the first address of From, the recipients are those of To, Cc and Bcc, each once.
//
// RFC:       5322 3.6 (fields), 5321 3.6 (the envelope is not the header)
// Limits:    kMessageBytesMax
// Errors:    NotFound or InvalidArgument that name the file, and what is missing in it
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace convoy::cli {

inline constexpr size_t kMessageBytesMax = size_t{64} << 20;

struct MessageFile {
  std::string text;
  std::string mail_from;
  std::vector<std::string> recipients;
};

// "-" is standard input. `from` and `to` override the header when they are not empty.
absl::StatusOr<MessageFile> ReadMessageFile(const std::string& path, const std::string& from,
                                            const std::vector<std::string>& to);

}  // namespace convoy::cli
