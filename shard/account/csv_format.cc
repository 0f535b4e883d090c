#include "shard/account/csv_format.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

using Fields = std::vector<std::string_view>;

struct TypeRow {
  EventType type;
  std::string_view name;
  std::string_view long_name;
};
constexpr std::array<TypeRow, 5> kTypes = {{
    {EventType::kDelivery, "d", "delivery"},
    {EventType::kBounce, "b", "bounce"},
    {EventType::kTransient, "t", "transient"},
    {EventType::kTransientQueue, "tq", "transient-queue"},
    {EventType::kReceipt, "r", "receipt"},
}};

const Fields& FieldsOf(EventType type) {
  static const Fields kAttempt = {"type",
                                  "timeLogged",
                                  "timeQueued",
                                  "orig",
                                  "rcpt",
                                  "orcpt",
                                  "dsnAction",
                                  "dsnStatus",
                                  "dsnDiag",
                                  "dsnMta",
                                  "bounceCat",
                                  "srcType",
                                  "srcMta",
                                  "dlvType",
                                  "dlvSourceIp",
                                  "dlvDestinationIp",
                                  "dlvEsmtpAvailable",
                                  "dlvSize",
                                  "vmta",
                                  "jobId",
                                  "envId",
                                  "queue",
                                  "vmtaPool"};
  static const Fields kQueueEvent = {"type",   "timeLogged", "dsnStatus",   "dsnDiag",
                                     "dsnMta", "dlvType",    "dlvSourceIp", "dlvDestinationIp",
                                     "vmta",   "queue"};
  static const Fields kReceipt = {
      "type",        "timeLogged",       "orig", "rcpt",  "orcpt", "srcType", "srcMta",
      "rcvSourceIp", "rcvDestinationIp", "vmta", "jobId", "envId", "vmtaPool"};
  if (type == EventType::kTransientQueue) return kQueueEvent;
  if (type == EventType::kReceipt) return kReceipt;
  return kAttempt;
}

std::tm ToTm(WallTime when, int utc_offset_seconds) {
  const std::time_t shifted = when.unix_seconds() + utc_offset_seconds;
  std::tm tm{};
  gmtime_r(&shifted, &tm);
  return tm;
}

std::string FormatTime(int64_t unix_ms, const UtcOffset& utc_offset) {
  if (unix_ms == 0) return "";
  const WallTime when = FromUnixMillis(unix_ms);
  const int offset = utc_offset(when);
  const std::tm tm = ToTm(when, offset);
  const int minutes = std::abs(offset) / 60;
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d:%02d%c%02d%02d", tm.tm_year + 1900,
                tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, offset < 0 ? '-' : '+',
                minutes / 60, minutes % 60);
  return text;
}

// Control characters as \xNN; everything else as it is.
std::string WithoutControls(std::string_view s) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : s) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out.push_back(c);
    } else {
      CatTo(&out, "\\x", kHex[byte >> 4], kHex[byte & 15]);
    }
  }
  return out;
}

// RFC 4180 2: quotes around a field with a comma, a quote or a line end; a quote is doubled.
void AppendQuoted(std::string_view field, std::string* out) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out->append(field);
    return;
  }
  out->push_back('"');
  for (const char c : field) {
    if (c == '"') out->push_back('"');
    out->push_back(c);
  }
  out->push_back('"');
}

// What a remote peer said.
const std::string* RemoteText(const AccountEvent& event, std::string_view field) {
  if (field == "dsnDiag") return &event.dsn_diag;
  if (field == "dsnMta") return &event.dsn_mta;
  if (field == "dlvEsmtpAvailable") return &event.dlv_esmtp_available;
  if (field == "srcMta") return &event.src_mta;
  return nullptr;
}

const std::string* PlainText(const AccountEvent& event, std::string_view field) {
  using Member = std::string AccountEvent::*;
  static constexpr std::array<std::pair<std::string_view, Member>, 18> kMembers = {{
      {"orig", &AccountEvent::orig},
      {"rcpt", &AccountEvent::rcpt},
      {"orcpt", &AccountEvent::orcpt},
      {"dsnAction", &AccountEvent::dsn_action},
      {"dsnStatus", &AccountEvent::dsn_status},
      {"bounceCat", &AccountEvent::bounce_cat},
      {"srcType", &AccountEvent::src_type},
      {"dlvType", &AccountEvent::dlv_type},
      {"dlvSourceIp", &AccountEvent::dlv_source_ip},
      {"dlvDestinationIp", &AccountEvent::dlv_destination_ip},
      {"vmta", &AccountEvent::vmta},
      {"jobId", &AccountEvent::job_id},
      {"envId", &AccountEvent::env_id},
      {"queue", &AccountEvent::queue},
      {"vmtaPool", &AccountEvent::vmta_pool},
      {"rcvSourceIp", &AccountEvent::rcv_source_ip},
      {"rcvDestinationIp", &AccountEvent::rcv_destination_ip},
      {"rcvSmtpUser", &AccountEvent::rcv_smtp_user},
  }};
  for (const auto& [name, member] : kMembers) {
    if (name == field) return &(event.*member);
  }
  return nullptr;
}

bool Applies(std::string_view field, EventType type) {
  if (field == "dlvSize") return type == EventType::kDelivery;
  const Fields& fields = FieldsOf(type);
  return std::find(fields.begin(), fields.end(), field) != fields.end();
}

}  // namespace

int LocalUtcOffset(WallTime when) {
  const std::time_t seconds = when.unix_seconds();
  std::tm tm{};
  localtime_r(&seconds, &tm);
  return static_cast<int>(tm.tm_gmtoff);
}

std::string LocalDate(WallTime when, int utc_offset_seconds) {
  const std::tm tm = ToTm(when, utc_offset_seconds);
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
  return text;
}

absl::StatusOr<EventType> ParseEventType(std::string_view name) {
  std::vector<std::string> known;
  for (const TypeRow& row : kTypes) {
    if (EqualsIgnoreCase(name, row.name) || EqualsIgnoreCase(name, row.long_name)) return row.type;
    known.emplace_back(row.name);
  }
  return absl::InvalidArgumentError(
      Cat("unknown record type \"", Escape(name), "\"; known are ", Join(known, ", ")));
}

std::string_view EventTypeName(EventType type) {
  return kTypes[static_cast<size_t>(type) - 1].name;
}

CsvFormat::CsvFormat(const std::vector<EventType>& types, UtcOffset offset)
    : offset_(std::move(offset)) {
  for (const TypeRow& row : kTypes) {
    if (std::find(types.begin(), types.end(), row.type) == types.end()) continue;
    types_.push_back(row.type);
    for (const std::string_view field : FieldsOf(row.type)) {
      if (std::find(fields_.begin(), fields_.end(), field) == fields_.end()) {
        fields_.push_back(field);
      }
    }
  }
  CHECK(!types_.empty());
  for (const std::string_view field : fields_) CatTo(&header_, header_.empty() ? "" : ",", field);
  header_ += "\r\n";
}

bool CsvFormat::Wants(EventType type) const {
  return std::find(types_.begin(), types_.end(), type) != types_.end();
}

void CsvFormat::AppendRecord(const AccountEvent& event, std::string* out) const {
  for (const std::string_view field : fields_) {
    if (field == "type") {
      out->append(EventTypeName(event.type));
      continue;
    }
    out->push_back(',');
    if (!Applies(field, event.type)) continue;
    if (field == "timeLogged") {
      out->append(FormatTime(event.logged_ms, offset_));
    } else if (field == "timeQueued") {
      out->append(FormatTime(event.queued_ms, offset_));
    } else if (field == "dlvSize") {
      if (event.size_bytes > 0) CatTo(out, event.size_bytes);
    } else if (const std::string* remote = RemoteText(event, field); remote != nullptr) {
      AppendQuoted(Escape(*remote), out);
    } else if (const std::string* text = PlainText(event, field); text != nullptr) {
      AppendQuoted(WithoutControls(*text), out);
    }
  }
  out->append("\r\n");
}

}  // namespace convoy::shard
