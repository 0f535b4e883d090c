// Accounting events as PowerMTA-compatible CSV: RFC 4180 quoting, CRLF, a header line first.
//
// A file for one record type has that type's columns; for several, their union in the order d, b,
// t, tq, r, and a cell that does not apply to a record stays empty. Times are local with their
// offset: 2019-02-08 21:54:05+0000.
//
// What a remote peer said is shown through Escape(); in every other field control characters are
// shown as \xNN. So a record is always one line.
//
// RFC:       4180 2 (quoting, line ends)
// Thread:    immutable, shared
// Determinism: pure, given the offset function
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/time_types.h"
#include "shard/account/event.h"

namespace convoy::shard {

// Seconds east of Greenwich of local time at a moment.
using UtcOffset = std::function<int(WallTime)>;
// By the system's time zone.
int LocalUtcOffset(WallTime when);

// "d" or "delivery", "tq" or "transient-queue", ...; InvalidArgument names the known ones.
absl::StatusOr<EventType> ParseEventType(std::string_view name);
// "d", "b", "t", "tq", "r"
std::string_view EventTypeName(EventType type);
// YYYY-MM-DD, local
std::string LocalDate(WallTime when, int utc_offset_seconds);

class CsvFormat {
 public:
  // At least one type.
  CsvFormat(const std::vector<EventType>& types, UtcOffset offset);

  bool Wants(EventType type) const;
  // With its CRLF.
  const std::string& header() const { return header_; }
  // Appends one line.
  void AppendRecord(const AccountEvent& event, std::string* out) const;

 private:
  std::vector<EventType> types_;
  std::vector<std::string_view> fields_;
  UtcOffset offset_;
  std::string header_;
};

}  // namespace convoy::shard
