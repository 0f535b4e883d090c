#include "shard/schedule/wait_reason.h"

#include <array>
#include <utility>

#include "base/text.h"

namespace convoy::shard {
namespace {

std::string_view CauseText(RetryCause cause) {
  switch (cause) {
    case RetryCause::kConnectFailure:
      return "connect failure";
    case RetryCause::kRefused:
      return "refused greeting or hello";
    case RetryCause::kLost:
      return "lost connections";
    case RetryCause::kDnsError:
      return "DNS error";
    case RetryCause::kDeferred:
      return "defer-queue";
  }
  return "";
}

std::string Until(const WaitReason& reason, std::string_view until_text) {
  if (reason.until.us == 0) return "";
  if (reason.until >= kMonoMax) return " until changed";
  return Cat(" until ", until_text);
}

}  // namespace

std::string_view ScopeName(LimitScope scope) {
  switch (scope) {
    case LimitScope::kQueue:
      return "queue";
    case LimitScope::kSite:
      return "site";
    case LimitScope::kVmta:
      return "virtual MTA";
    case LimitScope::kTotal:
      return "total";
  }
  return "";
}

std::string FormatRate(const Rate& rate) {
  if (rate.unlimited()) return "unlimited";
  constexpr std::array<std::pair<int64_t, std::string_view>, 4> kUnits = {
      {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}}};
  const int64_t seconds = rate.interval.seconds();
  for (const auto& [length, unit] : kUnits) {
    if (seconds % length != 0 || seconds == 0) continue;
    if (seconds == length) return Cat(rate.count, "/", unit);
    return Cat(rate.count, "/", seconds / length, unit);
  }
  return Cat(rate.count, "/", rate.interval.millis(), "ms");
}

std::string Describe(const WaitReason& reason, std::string_view until_text) {
  using Kind = WaitReason::Kind;
  switch (reason.kind) {
    case Kind::kSending:
      return "sending";
    case Kind::kIdle:
      return "idle";
    case Kind::kStopped:
      return "sending is stopped on this shard";
    case Kind::kNoLease:
      return "no lease";
    case Kind::kPaused:
      return "paused";
    case Kind::kRetry:
      return Cat("retry", Until(reason, until_text), " after ", CauseText(reason.cause));
    case Kind::kRate:
      return Cat("rate ", FormatRate(reason.rate), Until(reason, until_text), " (scope ",
                 ScopeName(reason.scope), ")");
    case Kind::kConnections:
      return Cat("connection limit ", reason.limit, " in use (scope ", ScopeName(reason.scope),
                 ")");
    case Kind::kOpening:
      return Cat("opening connections", reason.until.us == 0 ? "" : ", next at ",
                 reason.until.us == 0 ? "" : until_text);
    case Kind::kRemoved:
      return "removed";
  }
  return "";
}

}  // namespace convoy::shard
