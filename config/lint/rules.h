// The rules of the lint, by subject; lint.cc has their numbers.
//
// Determinism: pure
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/lint/lint.h"

namespace convoy::config::lint {

using Findings = std::vector<Finding>;

// domain_rules.cc
void SetAgain(const Survey& survey, Findings* out);
void SetForEveryDomain(const Survey& survey, Findings* out);
void QueuedElsewhere(const Survey& survey, Findings* out);
void NotInThisScope(const Survey& survey, Findings* out);
void OddDomainNames(const Survey& survey, Findings* out);
// rollup_rules.cc
void RollupWithoutHosts(const Survey& survey, Findings* out);
void NameWithoutMail(const Survey& survey, Findings* out);
void FinalDots(const Survey& survey, Findings* out);
// pattern_rules.cc
void CoveredReplies(const Survey& survey, Findings* out);
void CoveredCategories(const Survey& survey, Findings* out);
void NeverAReply(const Survey& survey, Findings* out);
void OddRegexes(const Survey& survey, Findings* out);
// limit_rules.cc
void BackoffAboveNormal(const Survey& survey, Findings* out);
void AboveTheLimitAround(const Survey& survey, Findings* out);
void ColdWithoutVmta(const Survey& survey, Findings* out);
// retry_rules.cc
void NoSecondAttempt(const Survey& survey, Findings* out);
void IntervalNeverHolds(const Survey& survey, Findings* out);
void BackoffRetriesSooner(const Survey& survey, Findings* out);
// vmta_rules.cc
void NobodyChooses(const Survey& survey, Findings* out);
void NoSourceHost(const Survey& survey, Findings* out);
void SharedAddress(const Survey& survey, Findings* out);
void OddHostName(const Survey& survey, Findings* out);
// safety_rules.cc
void OpenRelay(const Survey& survey, Findings* out);
void TlsRequiredAndOff(const Survey& survey, Findings* out);
void SignedWithoutKey(const Survey& survey, Findings* out);
void KeyWithoutSigning(const Survey& survey, Findings* out);
// unused_rules.cc
void UnusedMacros(const Survey& survey, Findings* out);
void UnusedLists(const Survey& survey, Findings* out);
void FileWithoutRecords(const Survey& survey, Findings* out);

// What the rules share.

// The virtual MTAs that SMTP submissions or the configuration itself can choose, lower case.
std::set<std::string> UsableVmtas(const Survey& survey);
// Calls `f` with every section, outer ones first, and the one around it (null: none).
template <typename F>
void EachSection(const Section& section, const Section* around, const F& f) {
  f(section, around);
  for (const Section& child : section.children) EachSection(child, &section, f);
}
// Where the first word of a setting stands.
Position ValuePlace(const Setting& setting);
// The last setting of that directive; null if there is none.
const Setting* FindSetting(const Section& section, std::string_view name);
bool IsSet(const Section& section, std::string_view name);

}  // namespace convoy::config::lint
