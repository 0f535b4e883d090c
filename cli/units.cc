#include "cli/units.h"

#include <ctime>

#include "base/text.h"

namespace convoy::cli {
namespace {

std::string Tenths(uint64_t value, uint64_t unit) {
  const uint64_t tenths = (value / unit) * 10 + (value % unit) * 10 / unit;
  return Cat(tenths / 10, ".", tenths % 10);
}

std::string TwoDigits(int64_t n) { return n < 10 ? Cat("0", n) : Cat(n); }

}  // namespace

std::string KBytes(uint64_t bytes) { return Tenths(bytes, 1024); }
std::string MBytes(uint64_t bytes) { return Tenths(bytes, 1024 * 1024); }

std::string Span(Duration span) {
  const int64_t s = span.seconds();
  const std::string days = s >= 86400 ? Cat(s / 86400, "d ") : "";
  return Cat(days, TwoDigits(s / 3600 % 24), ":", TwoDigits(s / 60 % 60), ":", TwoDigits(s % 60));
}

std::string ShortSpan(Duration span) {
  const int64_t s = span.seconds();
  if (s < 120) return Cat(s, "s");
  if (s < 7200) return Cat(s / 60, "m");
  if (s < 172800) return Cat(s / 3600, "h");
  return Cat(s / 86400, "d");
}

std::string DateTime(int64_t unix_ms) {
  const time_t seconds = unix_ms / 1000;
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  return std::string(text, strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts));
}

}  // namespace convoy::cli
