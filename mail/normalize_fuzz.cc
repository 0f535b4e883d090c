// Foreign bytes as submitted content.
//
// How it works: 1. the input is normalised whole and in pieces: same verdict, same octets; 2. every
// CR of the result is followed by LF and every LF follows a CR, no line is over 998 octets, there
// is no NUL, and it ends with CRLF; 3. the strict policy accepts the result and changes nothing.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mail/normalize.h"

namespace {

void CheckWireForm(std::string_view out) {
  size_t line = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    CHECK(out[i] != '\0');
    CHECK((out[i] == '\r') == (i + 1 < out.size() && out[i + 1] == '\n'));
    line = out[i] == '\n' ? 0 : line + 1;
    CHECK(line <= convoy::mail::kLineBytesMax + 1);  // the CR counts
  }
  CHECK(out.empty() || out.ends_with("\r\n"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<std::string> whole = convoy::mail::Normalize(text);
  convoy::mail::Normalizer normalizer;
  std::string pieces;
  absl::Status status;
  const size_t step = size == 0 ? 1 : 1 + data[0] % 5;
  for (size_t at = 0; status.ok() && at < size; at += step) {
    status = normalizer.Feed(text.substr(at, step), &pieces);
  }
  if (status.ok()) status = normalizer.Finish(&pieces);
  CHECK(status.ok() == whole.ok());
  if (!whole.ok()) return 0;
  CHECK(pieces == *whole);
  CheckWireForm(pieces);
  const absl::StatusOr<std::string> strict =
      convoy::mail::Normalize(pieces, {.bare_line = convoy::mail::BareLinePolicy::kReject});
  CHECK(strict.ok());
  CHECK(*strict == pieces);
  return 0;
}
