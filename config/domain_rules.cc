#include "config/domain_rules.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "config/say.h"
#include "config/units.h"

namespace convoy::config {
namespace {

absl::string_view Key(std::string_view text) { return {text.data(), text.size()}; }

// The address in "[192.0.2.7]" or "[IPv6:2001:db8::1]".
std::optional<IpAddress> AddressLiteral(std::string_view domain) {
  if (!domain.starts_with('[') || !domain.ends_with(']')) return std::nullopt;
  domain = domain.substr(1, domain.size() - 2);
  if (StartsWithIgnoreCase(domain, "IPv6:")) domain.remove_prefix(5);
  const auto ip = IpAddress::Parse(domain);
  return ip.ok() ? std::optional<IpAddress>(*ip) : std::nullopt;
}

// "com", "example.com", "a.example.com" of a.example.com.
std::vector<std::string_view> Suffixes(std::string_view domain) {
  std::vector<std::string_view> suffixes;
  for (size_t at = domain.size(); at > 0 && at != std::string_view::npos;) {
    at = domain.rfind('.', at - 1);
    suffixes.push_back(at == std::string_view::npos ? domain : domain.substr(at + 1));
  }
  return suffixes;
}

}  // namespace

absl::StatusOr<DomainPattern> ParseDomainPattern(std::string_view text) {
  using Kind = DomainPattern::Kind;
  constexpr size_t kDomainBytesMax = 255;  // RFC 1035 2.3.4
  if (text.size() > kDomainBytesMax + 4) {
    return Invalid(
        Say<"a domain has at most {} octets, this one {}">(kDomainBytesMax, text.size()));
  }
  if (text == "*") return DomainPattern{Kind::kAny, "", {}};
  if (text.ends_with('.')) text.remove_suffix(1);
  DomainPattern pattern{Kind::kExact, Lower(text), {}};
  if (text.starts_with("[*.]")) {
    pattern = {Kind::kUnderOrEqual, Lower(text.substr(4)), {}};
  } else if (text.starts_with("*.")) {
    pattern = {Kind::kUnder, Lower(text.substr(2)), {}};
  } else if (text.starts_with('[')) {
    std::string_view inside = text.substr(1);
    if (inside.ends_with(']')) inside.remove_suffix(1);
    if (StartsWithIgnoreCase(inside, "IPv6:")) inside.remove_prefix(5);
    const auto range = ParseCidr(inside);
    if (!range.ok() || !text.ends_with(']')) {
      return Invalid(
          Say<"'{}' is no address literal such as [192.0.2.0/24] or [IPv6:2001:db8::/32]">(text));
    }
    return DomainPattern{Kind::kRange, "", *range};
  }
  if (pattern.name.empty() || pattern.name.find_first_of("*[]/@,;") != std::string::npos) {
    return Invalid(
        Say<"'{}' is no domain: write example.com, *.example.com, [*.]example.com or *">(text));
  }
  return pattern;
}

void DomainSet::Add(const DomainPattern& pattern) {
  switch (pattern.kind) {
    case DomainPattern::Kind::kAny:
      any = true;
      return;
    case DomainPattern::Kind::kUnderOrEqual:
      under_or_equal.insert(pattern.name);
      return;
    case DomainPattern::Kind::kUnder:
      under.insert(pattern.name);
      return;
    case DomainPattern::Kind::kRange:
      ranges.push_back(pattern.range);
      return;
    case DomainPattern::Kind::kExact:
      exact.insert(pattern.name);
      return;
  }
}

void DomainRules::Add(const DomainPattern& pattern, SectionPtr section) {
  ++sections_;
  switch (pattern.kind) {
    case DomainPattern::Kind::kAny:
      any_.push_back(std::move(section));
      return;
    case DomainPattern::Kind::kUnderOrEqual:
      under_or_equal_[pattern.name].push_back(std::move(section));
      return;
    case DomainPattern::Kind::kUnder:
      under_[pattern.name].push_back(std::move(section));
      return;
    case DomainPattern::Kind::kRange:
      ranges_.push_back({pattern.range, std::move(section)});
      std::stable_sort(ranges_.begin(), ranges_.end(),
                       [](const auto& a, const auto& b) { return a.range.bits < b.range.bits; });
      return;
    case DomainPattern::Kind::kExact:
      exact_[pattern.name].push_back(std::move(section));
      return;
  }
}

void DomainRules::Add(std::shared_ptr<const DomainSet> domains, SectionPtr section) {
  ++sections_;
  macros_.push_back({std::move(domains), std::move(section)});
}

void DomainRules::MatchName(const ByName& literal,
                            absl::flat_hash_set<std::string> DomainSet::*macro,
                            std::string_view name, std::vector<const Section*>* out) const {
  for (const MacroRule& rule : macros_) {
    if (((*rule.domains).*macro).contains(Key(name))) out->push_back(rule.section.get());
  }
  const auto found = literal.find(Key(name));
  if (found == literal.end()) return;
  for (const SectionPtr& section : found->second) out->push_back(section.get());
}

void DomainRules::MatchRanges(std::string_view domain, std::vector<const Section*>* out) const {
  const std::optional<IpAddress> ip = AddressLiteral(domain);
  if (!ip.has_value()) return;
  for (const MacroRule& rule : macros_) {
    for (const Cidr& range : rule.domains->ranges) {
      if (range.Contains(*ip)) out->push_back(rule.section.get());
    }
  }
  for (const RangeRule& rule : ranges_) {
    if (rule.range.Contains(*ip)) out->push_back(rule.section.get());
  }
}

void DomainRules::Match(std::string_view domain, std::vector<const Section*>* out) const {
  if (sections_ == 0) return;
  for (const MacroRule& rule : macros_) {
    if (rule.domains->any) out->push_back(rule.section.get());
  }
  for (const SectionPtr& section : any_) out->push_back(section.get());
  MatchRanges(domain, out);
  const std::vector<std::string_view> suffixes = Suffixes(domain);
  for (const std::string_view suffix : suffixes) {
    MatchName(under_or_equal_, &DomainSet::under_or_equal, suffix, out);
  }
  for (const std::string_view suffix : suffixes) {
    if (suffix.size() != domain.size()) MatchName(under_, &DomainSet::under, suffix, out);
  }
  MatchName(exact_, &DomainSet::exact, domain, out);
}

}  // namespace convoy::config
