// Foreign bytes as an address, a path, and a MAIL or RCPT argument.
//
// How it works: 1. the input is parsed in the three ways; 2. what is accepted obeys every limit,
// holds no line end or NUL, and reads back as itself; 3. what is refused gives a one-line error,
// and leaves the text it was consumed from alone.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "mail/address.h"

namespace {

using convoy::mail::Address;

bool IsOneLine(absl::string_view s) {
  for (const char c : s) {
    if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) return false;
  }
  return true;
}

void CheckAccepted(const Address& a) {
  CHECK(a.local.size() <= convoy::mail::kLocalPartBytesMax || a.domain.empty());
  CHECK(a.domain.size() <= convoy::mail::kDomainBytesMax);
  const std::string path = a.ToPath();
  CHECK(path.size() <= convoy::mail::kPathBytesMax + 2);
  CHECK(path.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  const absl::StatusOr<Address> again = convoy::mail::ParsePath(path);
  CHECK(again.ok());
  CHECK(*again == a);
  CHECK(IsOneLine({a.domain.data(), a.domain.size()}));
  if (a.domain.empty() || a.Literal()) return;
  const absl::StatusOr<std::string> key = convoy::mail::DomainToAscii(a.DomainKey());
  CHECK(key.ok());
  CHECK(*key == a.DomainKey());
}

void CheckResult(const absl::StatusOr<Address>& result) {
  if (result.ok()) {
    CheckAccepted(*result);
  } else {
    CHECK(IsOneLine(result.status().message()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckResult(convoy::mail::ParseAddress(text));
  CheckResult(convoy::mail::ParsePath(text));
  std::string_view rest = text;
  const absl::StatusOr<Address> consumed = convoy::mail::ConsumePath(&rest);
  CheckResult(consumed);
  CHECK(rest.data() + rest.size() == text.data() + text.size());
  CHECK(consumed.ok() ? rest.size() < text.size() : rest.size() == text.size());
  return 0;
}
