#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <ctime>

#include "base/clock.h"

namespace convoy {
namespace {

std::atomic<LogLevel> g_level{LogLevel::kInfo};

}  // namespace

void SetLogLevel(LogLevel level) { g_level.store(level, std::memory_order_relaxed); }

bool LogEnabled(LogLevel level) { return level >= g_level.load(std::memory_order_relaxed); }

void LogLine(LogLevel level, std::string_view area, std::string_view text) {
  if (!LogEnabled(level)) return;
  const WallTime now = SystemClock().WallNow();
  const time_t seconds = now.unix_seconds();
  tm utc{};
  gmtime_r(&seconds, &utc);
  char stamp[32];
  const size_t n = strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
  char millis[8];
  std::snprintf(millis, sizeof millis, ".%03dZ", static_cast<int>(now.unix_ms() % 1000));
  const std::string line = Cat(std::string_view(stamp, n), std::string_view(millis), ' ',
                               "DIWE"[static_cast<int>(level)], ' ', area, ": ", text, '\n');
  // A log line that cannot be written has nowhere to be reported.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace convoy
