#include "mail/normalize.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::mail {
namespace {

// The first CR, LF or NUL. Three searches by memchr, each no further than the one before, are
// faster than one search for a set.
size_t NextSpecial(std::string_view s) {
  size_t at = std::min(s.find('\n'), s.size());
  at = std::min(s.substr(0, at).find('\r'), at);
  return std::min(s.substr(0, at).find('\0'), at);
}

}  // namespace

absl::Status Normalizer::Fail(std::string_view why) {
  failed_ = absl::InvalidArgumentError(Cat("line ", line_, " (octet ", octet_, "): ", why));
  return failed_;
}

absl::Status Normalizer::AddText(std::string_view text, std::string* out) {
  line_bytes_ += text.size();
  if (line_bytes_ > options_.line_bytes_max) {
    return Fail(Cat("longer than ", options_.line_bytes_max,
                    " octets; encode the part as quoted-printable or base64"));
  }
  out->append(text);
  return absl::OkStatus();
}

absl::Status Normalizer::EndLine(bool bare, std::string_view what, std::string* out) {
  const bool convert = options_.bare_line == BareLinePolicy::kConvert ||
                       (options_.bare_line == BareLinePolicy::kConvertLf && what == "LF");
  if (bare && !convert) {
    return Fail(Cat("a bare ", what, "; lines end with CRLF"));
  }
  out->append("\r\n");
  line_bytes_ = 0;
  ++line_;
  return absl::OkStatus();
}

absl::Status Normalizer::Feed(std::string_view chunk, std::string* out) {
  RETURN_IF_ERROR(failed_);
  while (!chunk.empty()) {
    if (pending_cr_) {
      pending_cr_ = false;
      const bool lf = chunk.front() == '\n';
      RETURN_IF_ERROR(EndLine(!lf, "CR", out));
      if (lf) {
        chunk.remove_prefix(1);
        ++octet_;
      }
      continue;
    }
    const size_t length = NextSpecial(chunk);
    RETURN_IF_ERROR(AddText(chunk.substr(0, length), out));
    octet_ += length;
    if (length == chunk.size()) break;
    const char special = chunk[length];
    if (special == '\0') return Fail("a NUL octet; encode binary parts as base64");
    if (special == '\n') RETURN_IF_ERROR(EndLine(true, "LF", out));
    pending_cr_ = special == '\r';
    chunk.remove_prefix(length + 1);
    ++octet_;
  }
  return absl::OkStatus();
}

absl::Status Normalizer::Finish(std::string* out) {
  RETURN_IF_ERROR(failed_);
  if (pending_cr_) {
    pending_cr_ = false;
    return EndLine(true, "CR", out);
  }
  return line_bytes_ > 0 ? EndLine(false, "", out) : absl::OkStatus();
}

absl::StatusOr<std::string> Normalize(std::string_view content, NormalizeOptions options) {
  Normalizer normalizer(options);
  std::string out;
  out.reserve(content.size() + content.size() / 32 + 2);
  RETURN_IF_ERROR(normalizer.Feed(content, &out));
  RETURN_IF_ERROR(normalizer.Finish(&out));
  return out;
}

}  // namespace convoy::mail
