// Numbers and times as the CLI shows them.
//
//     KBytes(1536)          "1.5"             PowerMTA's unit for sizes, 1024 octets
//     Span(Seconds(93784))  "1d 02:03:04"
//     ShortSpan(...)        "45s" "12m" "3h" "2d"
//     DateTime(...)         "2026-01-02 03:04:05 UTC"
//
// Determinism: pure
#pragma once

#include <cstdint>
#include <string>

#include "base/time_types.h"

namespace convoy::cli {

std::string KBytes(uint64_t bytes);
std::string MBytes(uint64_t bytes);
std::string Span(Duration span);
std::string ShortSpan(Duration span);
std::string DateTime(int64_t unix_ms);

}  // namespace convoy::cli
