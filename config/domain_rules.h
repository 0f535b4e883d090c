// The <domain> sections of one scope (top level, a pool, a virtual MTA), found by domain name.
//
//     pattern              matches
//     *                    every domain
//     [*.]example.com      example.com and everything below it
//     *.example.com        only what is below it
//     [192.0.2.0/24]       address literals in that range, as in user@[192.0.2.7]
//     example.com          itself; {name} is a name like any other
//
// All matching sections apply, in this order, the longer suffix and the narrower range later, and
// among equals first those reached through a macro, then those written out: the later one wins.
// The domains of a macro are kept once, however many sections use it.
//
// Thread:    immutable once filled
// Determinism: pure
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "base/ip_address.h"
#include "config/section.h"

namespace convoy::config {

struct DomainPattern {
  enum class Kind { kAny, kUnderOrEqual, kUnder, kRange, kExact };
  Kind kind = Kind::kExact;
  std::string name;  // lower case, without "*." and "[*.]"
  Cidr range;        // of kRange
};
// InvalidArgument for text that is no pattern.
absl::StatusOr<DomainPattern> ParseDomainPattern(std::string_view text);

// What one <domain $macro> stands for.
struct DomainSet {
  bool any = false;
  absl::flat_hash_set<std::string> under_or_equal;
  absl::flat_hash_set<std::string> under;
  absl::flat_hash_set<std::string> exact;
  std::vector<Cidr> ranges;

  void Add(const DomainPattern& pattern);
};

using SectionPtr = std::shared_ptr<const Section>;

class DomainRules {
 public:
  void Add(const DomainPattern& pattern, SectionPtr section);
  void Add(std::shared_ptr<const DomainSet> domains, SectionPtr section);
  bool empty() const { return sections_ == 0; }
  // Appends the sections for a lower-case domain, the most specific last.
  void Match(std::string_view domain, std::vector<const Section*>* out) const;

 private:
  using ByName = absl::flat_hash_map<std::string, std::vector<SectionPtr>>;
  struct MacroRule {
    std::shared_ptr<const DomainSet> domains;
    SectionPtr section;
  };
  struct RangeRule {
    Cidr range;
    SectionPtr section;
  };

  void MatchName(const ByName& literal, absl::flat_hash_set<std::string> DomainSet::*macro,
                 std::string_view name, std::vector<const Section*>* out) const;
  void MatchRanges(std::string_view domain, std::vector<const Section*>* out) const;

  std::vector<SectionPtr> any_;
  ByName under_or_equal_;
  ByName under_;
  ByName exact_;
  std::vector<RangeRule> ranges_;
  std::vector<MacroRule> macros_;
  size_t sections_ = 0;
};

}  // namespace convoy::config
