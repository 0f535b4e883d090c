// Brings submitted content into the form SMTP carries: lines of at most 998 octets, each ended by
// CRLF.
//
// Everything that did not come through an SMTP dialogue (gRPC, HTTP, files) goes through here
// before it is hashed, signed or spooled, so that no bare CR or LF can ever be sent (SMTP
// smuggling) and the signed octets are the sent octets. Dot-stuffing is not done here: it belongs
// to the wire.
//
//     CRLF            kept
//     bare LF         CRLF (kConvert, kConvertLf) or refused (kReject)
//     bare CR         CRLF (kConvert) or refused (kConvertLf, kReject)
//     NUL             refused
//     line > 998      refused: only the author knows how to encode it
//     no CRLF at end  one is added; an empty message stays empty
//
// RFC:       5321 2.3.8 (lines), 5321 4.1.1.4, 5322 2.1.1 (length), 6376 5.3 (before signing)
// Limits:    line_bytes_max without CRLF; memory is O(1), output at most twice the input + 2
// Errors:    InvalidArgument naming line and octet; after one the object refuses everything
// Determinism: pure; the result does not depend on how the content is cut into chunks
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mail/message.h"

namespace convoy::mail {

enum class BareLinePolicy { kConvert, kConvertLf, kReject };

struct NormalizeOptions {
  BareLinePolicy bare_line = BareLinePolicy::kConvert;
  size_t line_bytes_max = kLineBytesMax;
};

class Normalizer {
 public:
  explicit Normalizer(NormalizeOptions options = {}) : options_(options) {}

  // Appends the wire form of `chunk` to `*out`. A CR at the end is held back until the next octet
  // is known.
  absl::Status Feed(std::string_view chunk, std::string* out);
  // The end of the content: appends what is missing of the last line end.
  absl::Status Finish(std::string* out);

 private:
  absl::Status AddText(std::string_view text, std::string* out);
  // `what` is "LF" or "CR" if the line end is bare.
  absl::Status EndLine(bool bare, std::string_view what, std::string* out);
  absl::Status Fail(std::string_view why);

  const NormalizeOptions options_;
  absl::Status failed_;
  bool pending_cr_ = false;
  size_t line_bytes_ = 0;  // of the line being written
  uint64_t line_ = 1;      // its number
  uint64_t octet_ = 0;     // of the input, consumed
};

// All at once.
absl::StatusOr<std::string> Normalize(std::string_view content, NormalizeOptions options = {});

}  // namespace convoy::mail
