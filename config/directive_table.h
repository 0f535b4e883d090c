// Every directive the reader knows: one row each, and everything else is checked against the rows.
//
// A row says where the directive may stand, what its value is, what it does, and the standard or
// behaviour it follows. The reader, docs/reference/directives.md, `convoy config help`,
// did-you-mean and shell completion all come from the rows; a directive without a row is an error.
// One name has several rows when it means different things in different sections; their scopes do
// not overlap. A name that ends in '*' stands for a family of names.
//
//     effect          the reader says                what happens
//     kEffective      nothing                        tests/effects/NAME.effect shows it
//     kNoEffect       a note with the reason         nothing, and nothing is lost by that
//     kNotYet         a warning with the reason      nothing yet: it would mean something
//     kNotSupported   an error with the reason       lenient: a warning, and nothing
//
// Thread:    immutable
// Determinism: pure
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace convoy::config {

// Where a directive or section may stand; a set is the bits or-ed.
enum Scope : uint32_t {
  kNoScope = 0,  // an unknown section
  kGlobal = 1u << 0,
  kSource = 1u << 1,
  kDomain = 1u << 2,
  kVirtualMta = 1u << 3,
  kPool = 1u << 4,
  kAcctFile = 1u << 5,
  kSmtpUser = 1u << 6,
  kSourceGroup = 1u << 7,
  kSpool = 1u << 8,
  kSmtpListener = 1u << 9,
  kDns = 1u << 10,
  kProxy = 1u << 11,
  kVault = 1u << 12,
  kSignals = 1u << 13,  // also <signals-filter> and <sparkpost-analytics>
  kPatternList = 1u << 14,
  kSmtpPatternList = 1u << 15,
  kBounceCategories = 1u << 16,
  kMxRollupList = 1u << 17,
  kAddressList = 1u << 18,
  kRewriteList = 1u << 19,
  kProcessor = 1u << 20,  // <bounce-processor>, <feedback-loop-processor>
  kEmailPatterns = 1u << 21,
  kTransmissionsApi = 1u << 22,
  kApiListener = 1u << 23,  // <transmissions-api-listener>
  kDomainKeyList = 1u << 24,
  kAliases = 1u << 25,
};
constexpr uint32_t kScopeEnd = 1u << 26;

enum class ValueKind : uint8_t {
  kBool,
  kCount,  // a number, or unlimited
  kTime,   // 4d12h
  kTimeOrNever,
  kTimeList,     // at most 30
  kRate,         // 250/h
  kVolumeRate,   // 10g/2h
  kSize,         // 250m
  kDailyCounts,  // 50/d,100/d
  kCidrCount,    // CIDR N
  kCidrRate,     // CIDR RATE
  kCidrVolume,   // CIDR SIZE/PERIOD
  kNoMx,         // yes, no, a time or never
  kChoice,       // one of `choices`
  kPort,
  kIp,
  kEndpoint,  // IP:PORT
  kFile,      // path, relative to the file that names it
  kAddress,   // local-part@domain
  kText,      // one word
  kWords,     // one or more words
  kAny,       // whatever follows
};

enum class Effect : uint8_t { kEffective, kNoEffect, kNotYet, kNotSupported };

struct DirectiveRow {
  std::string_view name;
  uint32_t scopes = 0;
  ValueKind kind = ValueKind::kAny;
  Effect effect = Effect::kEffective;
  std::string_view default_text = {};  // as explain shows it; "" if none
  std::string_view help = {};
  std::string_view why = {};          // of an effect other than kEffective
  std::string_view unit = {};         // of a count: "connections"
  std::string_view choices = {};      // of kChoice: "smtp|pipe"
  std::string_view standard = {};     // "RFC 3207"; "" means: PowerMTA's behaviour
  std::string_view alias_of = {};     // another spelling of this directive; "" if none
  std::string_view replacement = {};  // what to write instead of an obsolete name; "" if current
  int64_t least = 0;                  // of a count
  int64_t most = 1'000'000'000;
  bool secret = false;      // the value is never printed; file:PATH and env:NAME are taken
  bool repeatable = false;  // several lines add up

  // tests/effects/NAME.effect, which shows that two values differ; "" unless effective.
  std::string EffectTest() const;
};

const std::vector<DirectiveRow>& DirectiveTable();
// Position of a row of the table in it.
size_t RowIndex(const DirectiveRow& row);
// In any case; null if there is none. A row for one of `scopes` is preferred to any other.
const DirectiveRow* FindDirective(std::string_view name, uint32_t scopes = ~0u);
// The scopes of every row of that name.
uint32_t ScopesOf(const DirectiveRow& row);
// Names allowed in a scope, for suggestions; without families.
std::vector<std::string_view> DirectiveNames(uint32_t scope);
// "<domain>", "<source>", "the top level", ...
std::string_view ScopeText(uint32_t scope);
// "<domain>, <virtual-mta>" for a set of scopes.
std::string ScopesText(uint32_t scopes);
// "N connections", "TIME", "yes|no", ...
std::string ValueText(const DirectiveRow& row);
// "effective", "accepted, no effect: ...", "not yet: ...", "not supported: ..."
std::string EffectText(const DirectiveRow& row);

}  // namespace convoy::config
