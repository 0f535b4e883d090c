// Asserts about ParseCommand, for any line: it never crashes; what it takes has no CR, LF or NUL in
// any part; a refusal is a 5yz reply of one line that fits the limits.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "smtp/command.h"

namespace {

bool Clean(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using convoy::smtp::Command;
  using convoy::smtp::Reply;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const auto parsed = convoy::smtp::ParseCommand(line);
  if (const Reply* refusal = std::get_if<Reply>(&parsed)) {
    CHECK(refusal->Permanent() && !refusal->enhanced.empty());
    const std::string encoded = refusal->Encode();
    CHECK(Clean(std::string_view(encoded).substr(0, encoded.size() - 2)) ||
          refusal->lines.size() > 1);
    CHECK(encoded.size() <= 512 * refusal->lines.size());
    return 0;
  }
  const Command& command = std::get<Command>(parsed);
  CHECK(Clean(command.argument) && Clean(command.address.ToPath()));
  CHECK(Clean(command.mail.envid) && Clean(command.rcpt.orcpt) && Clean(command.rcpt.notify));
  CHECK(command.mail.envid.size() <= convoy::smtp::kEnvidBytesMax);
  CHECK(convoy::smtp::IsXtext(command.mail.envid));
  return 0;
}
