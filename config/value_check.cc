#include "config/value_check.h"

#include "base/status_macros.h"
#include "base/text.h"
#include "config/say.h"
#include "config/units.h"

namespace convoy::config {
namespace {

using enum ValueKind;

absl::Status CheckCount(const DirectiveRow& row, std::string_view text) {
  const bool bounded = row.most < 1'000'000'000;
  ASSIGN_OR_RETURN(const int64_t count, ParseCount(text, bounded ? -1 : row.least));
  if (count < row.least || count > row.most) {
    return Invalid(Say<"'{}' is not between {} and {}">(text, row.least, row.most));
  }
  return absl::OkStatus();
}

absl::Status CheckChoice(const DirectiveRow& row, std::string_view text) {
  std::vector<std::string_view> choices = Split(row.choices, '|');
  for (const std::string_view choice : choices) {
    if (EqualsIgnoreCase(choice, text)) return absl::OkStatus();
  }
  // yes and true are one word.
  if (row.choices.find("yes") != std::string_view::npos && ParseBool(text).ok()) {
    return absl::OkStatus();
  }
  std::string all;
  for (size_t i = 0; i < choices.size(); ++i) {
    CatTo(&all, i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ", choices[i]);
  }
  return Invalid(Say<"'{}' is not {}">(text, all));
}

absl::Status CheckAddress(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) {
    return Invalid(Say<"'{}' is not an address such as postmaster@example.com">(text));
  }
  return absl::OkStatus();
}

absl::Status CheckPort(std::string_view text) {
  const auto port = ParseInt(text);
  if (!port.has_value() || *port < 0 || *port > 65535) {
    return Invalid(Say<"'{}' is not a port, 0 to 65535">(text));
  }
  return absl::OkStatus();
}

absl::Status CheckRanged(const Setting& setting) {
  if (setting.words.size() != 2) return Invalid(Say<"an address range and a value expected">());
  RETURN_IF_ERROR(ParseCidr(setting.first()).status());
  const std::string& value = setting.words[1].text;
  if (setting.row->kind == kCidrCount) return ParseCount(value, 0).status();
  if (setting.row->kind == kCidrRate) return ParseRate(value).status();
  return ParseVolumeRate(value).status();
}

absl::Status CheckEndpoint(std::string_view text) {
  if (Endpoint::Parse(text).ok()) return absl::OkStatus();
  return Invalid(Say<"'{}' is not IP:PORT, for example 127.0.0.1:2525 or [::1]:2525">(text));
}

bool IsList(ValueKind kind) {
  return kind == kWords || kind == kTimeList || kind == kDailyCounts || kind == kCidrCount ||
         kind == kCidrRate || kind == kCidrVolume;
}

absl::Status CheckOne(const Setting& setting) {
  const std::string_view text = setting.first();
  switch (setting.row->kind) {
    case kBool:
      return ParseBool(text).status();
    case kCount:
      return CheckCount(*setting.row, text);
    case kTime:
      return ParseTime(text).status();
    case kTimeOrNever:
      if (EqualsIgnoreCase(text, "never") || ParseTime(text).ok()) return absl::OkStatus();
      return Invalid(Say<"'{}' is not never or a time such as 30m, 4d12h or 300s">(text));
    case kTimeList:
      return ParseTimeList(setting.value()).status();
    case kRate:
      return ParseRate(text).status();
    case kVolumeRate:
      return ParseVolumeRate(text).status();
    case kSize:
      return ParseSize(text).status();
    case kDailyCounts:
      return ParseDailyCounts(setting.value()).status();
    case kCidrCount:
    case kCidrRate:
    case kCidrVolume:
      return CheckRanged(setting);
    case kNoMx:
      if (ParseBool(text).ok() || EqualsIgnoreCase(text, "never") || ParseTime(text).ok()) {
        return absl::OkStatus();
      }
      return Invalid(Say<"'{}' is not yes, no, never or a time such as 4d12h">(text));
    case kChoice:
      return CheckChoice(*setting.row, text);
    case kPort:
      return CheckPort(text);
    case kIp:
      if (IpAddress::Parse(text).ok()) return absl::OkStatus();
      return Invalid(Say<"'{}' is not an IP address">(text));
    case kEndpoint:
      return CheckEndpoint(text);
    case kAddress:
      return CheckAddress(text);
    case kFile:
    case kText:
    case kWords:
    case kAny:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

bool IsText(ValueKind kind) {
  return kind == kFile || kind == kAddress || kind == kText || kind == kWords || kind == kAny;
}

}  // namespace

absl::Status CheckValue(const Setting& setting) {
  const ValueKind kind = setting.row->kind;
  if (kind == kAny) return absl::OkStatus();
  if (setting.words.empty()) return Invalid(Say<"a value is missing">());
  if (!IsList(kind) && setting.words.size() > 1) {
    return Invalid(Say<"one value expected, found several">());
  }
  if (setting.words.size() == 1 && setting.first().empty() && IsText(kind)) {
    return absl::OkStatus();
  }
  return CheckOne(setting);
}

size_t WordAtFault(const Setting& setting) {
  const ValueKind kind = setting.row->kind;
  const bool ranged = kind == kCidrCount || kind == kCidrRate || kind == kCidrVolume;
  if (ranged) return setting.words.size() == 2 && ParseCidr(setting.first()).ok() ? 1 : 0;
  if (!IsList(kind)) return setting.words.size() > 1 ? 1 : 0;
  for (size_t i = 0; i < setting.words.size(); ++i) {
    for (const std::string_view piece : Split(setting.words[i].text, ',')) {
      const bool bad = kind == kTimeList      ? !ParseTime(piece).ok()
                       : kind == kDailyCounts ? !ParseDailyCounts(piece).ok()
                                              : false;
      if (bad && !piece.empty()) return i;
    }
  }
  return 0;
}

bool PutDefault(Setting* setting) {
  if (setting->words.size() != 1 || !setting->first().empty() || IsText(setting->row->kind)) {
    return true;
  }
  if (setting->row->default_text.empty()) return false;
  setting->words[0].text = setting->row->default_text;
  setting->rest = setting->row->default_text;
  return CheckValue(*setting).ok();
}

}  // namespace convoy::config
