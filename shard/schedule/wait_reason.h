// Why a queue is not sending (more) at this moment: one answer a person can act on.
//
// Determinism: pure
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time_types.h"
#include "shard/schedule/policy.h"

namespace convoy::shard {

enum class LimitScope : uint8_t { kQueue, kSite, kVmta, kTotal };
enum class RetryCause : uint8_t { kConnectFailure, kRefused, kLost, kDnsError, kDeferred };

struct WaitReason {
  enum class Kind : uint8_t {
    kSending,      // attempts are being made
    kIdle,         // no row is ready
    kStopped,      // sending is not allowed on this shard
    kNoLease,      // the queue's slot is not ours
    kPaused,       // by an operator
    kRetry,        // retry mode: until, cause
    kRate,         // rate, scope, until
    kConnections,  // limit, scope
    kOpening,  // connections are being added one after another: until, if it is a matter of time
    kRemoved,
  };
  Kind kind = Kind::kIdle;
  LimitScope scope = LimitScope::kQueue;
  RetryCause cause = RetryCause::kConnectFailure;
  Rate rate;
  uint32_t limit = 0;
  MonoTime until{};  // 0: not a matter of time; kMonoMax: never by itself
};

// "rate 5000/h until 12:30:05 (scope site)". `until_text` is how the caller writes reason.until;
// unused when reason.until is 0.
std::string Describe(const WaitReason& reason, std::string_view until_text);
// "5000/h", "83/10m", "unlimited".
std::string FormatRate(const Rate& rate);
std::string_view ScopeName(LimitScope scope);

}  // namespace convoy::shard
