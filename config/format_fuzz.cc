// Foreign bytes as a configuration file, formatted.
//
// How it works: a file that the lexer can cut is formatted; the result has the same statements and
// the same comments, and formatting it again changes nothing. Any other file is refused with an
// error.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "config/format.h"
#include "config/line_tree.h"

namespace {

std::string Comments(std::string_view text) {
  std::vector<convoy::config::Diagnostic> ignored;
  std::string all;
  for (const auto& line : convoy::config::ReadLines("f", text, &ignored).lines) {
    all += line.comment;
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<convoy::config::Diagnostic> diagnostics;
  const auto once = convoy::config::FormatConfig("f", text, &diagnostics);
  CHECK(once.has_value() == !convoy::config::HasErrors(diagnostics));
  if (!once.has_value()) return 0;
  CHECK(convoy::config::SameStatements(text, *once));
  CHECK(Comments(text) == Comments(*once));
  CHECK(convoy::config::FormatConfig("f", *once, &diagnostics) == once);
  return 0;
}
