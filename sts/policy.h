// The two texts of MTA-STS: the DNS record that says there is a policy, and the policy.
//
//     _mta-sts.example. TXT "v=STSv1; id=20260101T000000"
//
//     version: STSv1
//     mode: enforce
//     mx: mail.example
//     mx: *.backup.example
//     max_age: 604800
//
// RFC:       8461 3.1 (record), 3.2 (policy), 4.1 (names of hosts)
// Limits:    kPolicyBytesMax, kPatternsMax; max_age is cut to kMaxAgeMax
// Errors:    ParsePolicy: InvalidArgument, with what is wrong
// Determinism: pure
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/time_types.h"

namespace convoy::sts {

inline constexpr size_t kPolicyBytesMax = 64 * 1024;
inline constexpr size_t kPatternsMax = 1000;
inline constexpr Duration kMaxAgeMax = Seconds(31'557'600);

enum class Mode { kNone, kTesting, kEnforce };
std::string_view ToString(Mode mode);

struct Policy {
  Mode mode = Mode::kNone;
  Duration max_age{};
  std::vector<std::string> mx;  // patterns, in lower case
  bool operator==(const Policy&) const = default;
};

// The id of the one record among `texts` that announces a policy; nullopt if there is none, more
// than one, or one that is malformed (MS-01, MS-02).
std::optional<std::string> PolicyId(const std::vector<std::string>& texts);

absl::StatusOr<Policy> ParsePolicy(std::string_view text);

// Whether a pattern of the policy covers this MX host. `*.` stands for exactly one label (MS-07).
bool Covers(const Policy& policy, std::string_view host);

}  // namespace convoy::sts
