// Process log: one line per event, `2026-01-02T03:04:05.678Z W shard: text key=value`.
//
// Foreign bytes (replies, addresses) must be passed through Escape() by the caller.
//
// Thread:    thread-safe (each line is one write)
#pragma once

#include <string_view>

#include "base/text.h"

namespace convoy {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Lines below this level are dropped. Default kInfo.
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);
// Writes one line to stderr.
void LogLine(LogLevel level, std::string_view area, std::string_view text);

template <typename... Pieces>
void LogInfo(std::string_view area, const Pieces&... pieces) {
  if (LogEnabled(LogLevel::kInfo)) LogLine(LogLevel::kInfo, area, Cat(pieces...));
}
template <typename... Pieces>
void LogWarning(std::string_view area, const Pieces&... pieces) {
  if (LogEnabled(LogLevel::kWarning)) LogLine(LogLevel::kWarning, area, Cat(pieces...));
}
template <typename... Pieces>
void LogError(std::string_view area, const Pieces&... pieces) {
  if (LogEnabled(LogLevel::kError)) LogLine(LogLevel::kError, area, Cat(pieces...));
}
template <typename... Pieces>
void LogDebug(std::string_view area, const Pieces&... pieces) {
  if (LogEnabled(LogLevel::kDebug)) LogLine(LogLevel::kDebug, area, Cat(pieces...));
}

}  // namespace convoy
