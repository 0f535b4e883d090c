#include "config/units.h"

#include <algorithm>
#include <string>

#include "base/status_macros.h"
#include "base/text.h"
#include "config/say.h"

namespace convoy::config {
namespace {

constexpr size_t kTimesMax = 30;
constexpr size_t kDaysMax = 366;
constexpr Duration kTimeMax = Days(36500);

// One unit name of time; 0 us when it is none.
Duration UnitOf(std::string_view name) {
  const std::string unit = Lower(name);
  if (unit == "s" || unit == "sec" || unit == "second") return Seconds(1);
  if (unit == "m" || unit == "min" || unit == "minute") return Minutes(1);
  if (unit == "h" || unit == "hr" || unit == "hour") return Hours(1);
  if (unit == "d" || unit == "day") return Days(1);
  if (unit == "w" || unit == "week") return Days(7);
  return {};
}

// A decimal number at the front of `*text`; -1 when there is none or it is too large.
int64_t TakeNumber(std::string_view* text) {
  size_t digits = 0;
  while (digits < text->size() && IsDigit((*text)[digits])) ++digits;
  const auto value = ParseInt(text->substr(0, digits));
  text->remove_prefix(digits);
  return value.has_value() && *value <= 1'000'000'000'000 ? *value : -1;
}

}  // namespace

absl::StatusOr<bool> ParseBool(std::string_view text) {
  const std::string word = Lower(text);
  if (word == "yes" || word == "true") return true;
  if (word == "no" || word == "false") return false;
  return Invalid(Say<"'{}' is not yes or no">(text));
}

absl::StatusOr<Duration> ParseTime(std::string_view text) {
  const auto wrong = [](std::string_view found) {
    return Invalid(Say<"'{}' is not a time such as 30m, 4d12h or 300s">(found));
  };
  std::string_view rest = text;
  Duration total;
  while (!rest.empty()) {
    const int64_t number = TakeNumber(&rest);
    if (number < 0) return wrong(text);
    size_t letters = 0;
    while (letters < rest.size() && IsAlpha(rest[letters])) ++letters;
    Duration unit = UnitOf(rest.substr(0, letters));
    if (letters == 0 && rest.empty() && total.us == 0) unit = Seconds(1);
    if (unit.us == 0 || number > kTimeMax.us / unit.us) return wrong(text);
    total = total + unit * number;
    if (total > kTimeMax) return wrong(text);
    rest.remove_prefix(letters);
  }
  if (text.empty()) return wrong(text);
  return total;
}

absl::StatusOr<Duration> ParseTimeOrNever(std::string_view text) {
  if (EqualsIgnoreCase(text, "never")) return kDurationMax;
  return ParseTime(text);
}

absl::StatusOr<std::vector<Duration>> ParseTimeList(std::string_view text) {
  std::vector<Duration> times;
  for (const std::string_view piece : Split(text, ',')) {
    ASSIGN_OR_RETURN(const Duration time, ParseTime(Trim(piece)));
    times.push_back(time);
  }
  if (times.size() > kTimesMax) {
    return Invalid(Say<"a list has at most {} times, not {}">(kTimesMax, times.size()));
  }
  return times;
}

absl::StatusOr<RateValue> ParseRate(std::string_view text) {
  const auto wrong = [](std::string_view found) {
    return Invalid(Say<"'{}' is not a rate such as 250/h, 20/min, 1/5s or unlimited">(found));
  };
  if (EqualsIgnoreCase(text, "unlimited")) return RateValue{};
  std::string_view rest = text;
  const int64_t count = TakeNumber(&rest);
  if (count < 0 || count > 1'000'000'000) return wrong(text);
  if (rest.empty() && count == 0) return RateValue{0, Hours(1)};
  if (rest.empty() || rest.front() != '/') return wrong(text);
  rest.remove_prefix(1);
  int64_t multiple = 1;
  if (!rest.empty() && IsDigit(rest.front())) multiple = TakeNumber(&rest);
  const Duration unit = UnitOf(rest);
  if (unit.us == 0 || multiple < 1 || multiple > Days(31).us / unit.us) {
    return wrong(text);
  }
  return RateValue{count, unit * multiple};
}

absl::StatusOr<VolumeRateValue> ParseVolumeRate(std::string_view text) {
  const auto wrong = [](std::string_view found) {
    return Invalid(
        Say<"'{}' is not a volume per time such as 10g/2h, 1048576/h or unlimited">(found));
  };
  if (EqualsIgnoreCase(text, "unlimited")) return VolumeRateValue{};
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return wrong(text);
  const auto bytes = ParseSize(text.substr(0, slash));
  std::string period(text.substr(slash + 1));
  if (!period.empty() && IsAlpha(period.front())) period.insert(0, 1, '1');  // 10g/h
  const auto interval = ParseTime(period);
  if (!bytes.ok() || text.starts_with('u') || text.starts_with('U') || !interval.ok() ||
      interval->us <= 0 || *interval > Days(31)) {
    return wrong(text);
  }
  return VolumeRateValue{*bytes, *interval};
}

absl::StatusOr<std::vector<int64_t>> ParseDailyCounts(std::string_view text) {
  const auto wrong = [](std::string_view found) {
    return Invalid(Say<"'{}' is not a count per day such as 50/d, or a list 50/d,100/d">(found));
  };
  std::vector<int64_t> counts;
  for (const std::string_view piece : Split(text, ',')) {
    const auto rate = ParseRate(Trim(piece));
    const bool none = Trim(piece) == "0";
    if (!rate.ok() || (!none && rate->interval != Days(1))) return wrong(Trim(piece));
    counts.push_back(rate->count);
  }
  if (counts.size() > kDaysMax) {
    return Invalid(Say<"a list has at most {} days, not {}">(kDaysMax, counts.size()));
  }
  return counts;
}

absl::StatusOr<int64_t> ParseSize(std::string_view text) {
  const auto wrong = [](std::string_view found) {
    return Invalid(Say<"'{}' is not a size such as 4096, 10k, 250m or unlimited">(found));
  };
  if (EqualsIgnoreCase(text, "unlimited")) return int64_t{0};
  std::string_view rest = text;
  const int64_t number = TakeNumber(&rest);
  int shift = rest.empty() ? 0 : -1;
  if (rest.size() == 1) {
    const size_t at = std::string_view("bkmgt").find(LowerChar(rest.front()));
    if (at != std::string_view::npos) shift = static_cast<int>(at) * 10;
  }
  if (number < 0 || shift < 0 || number > (int64_t{1} << 60 >> shift)) return wrong(text);
  return number << shift;
}

absl::StatusOr<int64_t> ParseCount(std::string_view text, int64_t unlimited) {
  if (EqualsIgnoreCase(text, "unlimited")) return unlimited;
  const auto value = ParseInt(text);
  if (!value.has_value() || *value < 0 || *value > 1'000'000'000) {
    return Invalid(Say<"'{}' is not a number, 0 or more">(text));
  }
  return *value;
}

absl::StatusOr<Cidr> ParseCidr(std::string_view text) {
  const auto wrong = [](std::string_view found) {
    return Invalid(
        Say<"'{}' is not an address range such as 192.0.2.0/24, 10/8, 0/0 or ::1">(found));
  };
  const size_t slash = text.find('/');
  std::string address(text.substr(0, slash));
  if (address.find(':') == std::string::npos) {
    while (std::count(address.begin(), address.end(), '.') < 3) address += ".0";
  }
  const auto ip = IpAddress::Parse(address);
  if (!ip.ok()) return wrong(text);
  // ::ffff:192.0.2.0/120 is 192.0.2.0/24.
  const bool mapped = !ip->is_v6() && address.find(':') != std::string::npos;
  const int dropped = mapped ? 96 : 0;
  const int width = ip->is_v6() ? 128 : 32 + dropped;
  Cidr range{*ip, width - dropped};
  if (slash != std::string_view::npos) {
    const auto bits = ParseInt(text.substr(slash + 1));
    if (!bits.has_value() || *bits < dropped || *bits > width) return wrong(text);
    range.bits = static_cast<int>(*bits) - dropped;
  } else if (address != text) {
    return wrong(text);  // a short form needs its /bits
  }
  range.network = range.network.Masked(range.bits);
  return range;
}

}  // namespace convoy::config
