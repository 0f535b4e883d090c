#include "sts/policy.h"

#include <algorithm>

#include "base/text.h"
#include "dns/host_name.h"
#include "dns/resolver.h"

namespace convoy::sts {
namespace {

constexpr std::string_view kRecordVersion = "v=STSv1";
constexpr size_t kIdBytesMax = 32;
constexpr size_t kMaxAgeDigitsMax = 10;

std::string_view TrimBlanks(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool IsId(std::string_view id) {
  return !id.empty() && id.size() <= kIdBytesMax && std::ranges::all_of(id, IsAlnum);
}

// The id in what follows the version; nullopt unless there is exactly one, and it is well formed.
std::optional<std::string> IdIn(std::string_view fields) {
  std::optional<std::string> id;
  for (const std::string_view part : Split(fields, ';')) {
    const std::string_view field = TrimBlanks(part);
    if (!field.starts_with("id=")) continue;
    const std::string_view value = field.substr(3);
    if (id.has_value() || !IsId(value)) return std::nullopt;
    id = std::string(value);
  }
  return id;
}

bool IsPattern(std::string_view pattern) {
  if (pattern.starts_with("*.")) pattern.remove_prefix(2);
  return pattern != "." && dns::IsHostName(pattern);
}

// Where the fields of a policy are put while it is read.
struct Reading {
  Policy policy;
  bool version = false;
  bool mode = false;
  bool max_age = false;
};

absl::Status Wrong(std::string_view what, std::string_view value) {
  return absl::InvalidArgumentError(Cat("policy: ", what, ": '", Escape(value), "'"));
}

absl::Status SetMode(std::string_view value, Reading* reading) {
  for (const Mode mode : {Mode::kNone, Mode::kTesting, Mode::kEnforce}) {
    if (value != ToString(mode)) continue;
    reading->policy.mode = mode;
    reading->mode = true;
    return absl::OkStatus();
  }
  return Wrong("no such mode", value);
}

absl::Status SetMaxAge(std::string_view value, Reading* reading) {
  const auto seconds = value.size() > kMaxAgeDigitsMax ? std::nullopt : ParseUint(value);
  if (!seconds.has_value()) return Wrong("max_age is not a number of seconds", value);
  reading->policy.max_age = std::min(Seconds(static_cast<int64_t>(*seconds)), kMaxAgeMax);
  reading->max_age = true;
  return absl::OkStatus();
}

// A key that may stand once counts where it stands first (RFC 8461 3.2).
absl::Status Take(std::string_view key, std::string_view value, Reading* reading) {
  if (key == "version" && !reading->version) {
    reading->version = value == "STSv1";
    return reading->version ? absl::OkStatus() : Wrong("unknown version", value);
  }
  if (key == "mode" && !reading->mode) return SetMode(value, reading);
  if (key == "max_age" && !reading->max_age) return SetMaxAge(value, reading);
  if (key == "mx") {
    if (reading->policy.mx.size() == kPatternsMax) return Wrong("too many mx", value);
    const std::string pattern = dns::NormalName(value);
    if (!IsPattern(pattern)) return Wrong("mx is not a name or '*.' and a name", value);
    reading->policy.mx.push_back(pattern);
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view ToString(Mode mode) {
  constexpr std::string_view kNames[] = {"none", "testing", "enforce"};
  return kNames[static_cast<size_t>(mode)];
}

std::optional<std::string> PolicyId(const std::vector<std::string>& texts) {
  std::optional<std::string_view> fields;
  for (const std::string& text : texts) {
    std::string_view rest = text;
    if (!rest.starts_with(kRecordVersion)) continue;
    rest = TrimBlanks(rest.substr(kRecordVersion.size()));
    if (!rest.starts_with(';')) continue;
    if (fields.has_value()) return std::nullopt;
    fields = rest;
  }
  return fields.has_value() ? IdIn(*fields) : std::nullopt;
}

absl::StatusOr<Policy> ParsePolicy(std::string_view text) {
  if (text.size() > kPolicyBytesMax) return absl::InvalidArgumentError("policy: too long");
  Reading reading;
  for (std::string_view line : Split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = TrimBlanks(line);
    if (line.empty()) continue;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return Wrong("a line without ':'", line);
    const absl::Status taken =
        Take(TrimBlanks(line.substr(0, colon)), TrimBlanks(line.substr(colon + 1)), &reading);
    if (!taken.ok()) return taken;
  }
  if (!reading.version) return absl::InvalidArgumentError("policy: no version");
  if (!reading.mode) return absl::InvalidArgumentError("policy: no mode");
  if (!reading.max_age) return absl::InvalidArgumentError("policy: no max_age");
  if (reading.policy.mx.empty() && reading.policy.mode != Mode::kNone) {
    return absl::InvalidArgumentError("policy: no mx");
  }
  return std::move(reading.policy);
}

bool Covers(const Policy& policy, std::string_view host) {
  const std::string name = dns::NormalName(host);
  const size_t dot = name.find('.');
  const std::string_view parent = dot == std::string::npos || dot == 0
                                      ? std::string_view()
                                      : std::string_view(name).substr(dot + 1);
  return std::ranges::any_of(policy.mx, [&](std::string_view pattern) {
    if (pattern.starts_with("*.")) return !parent.empty() && pattern.substr(2) == parent;
    return pattern == name;
  });
}

}  // namespace convoy::sts
