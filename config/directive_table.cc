#include "config/directive_table.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "config/directive_rows.h"
#include "config/section_table.h"

namespace convoy::config {
namespace {

std::vector<DirectiveRow> AllRows() {
  std::vector<DirectiveRow> all;
  for (const auto& topic : {GlobalRows, MonitorRows, SourceRows, DomainLimitRows, DomainRetryRows,
                            DomainRouteRows, DomainContentRows, VirtualMtaRows, AcctFileRows,
                            ListRows, OtherSectionRows, ObsoleteRows}) {
    const std::vector<DirectiveRow> rows = topic();
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

bool IsFamily(const DirectiveRow& row) { return row.name.size() > 1 && row.name.ends_with('*'); }

// By lower-case name, each in the order of the table.
const std::unordered_map<std::string_view, std::vector<const DirectiveRow*>>& ByName() {
  static const auto* const index = [] {
    auto* map = new std::unordered_map<std::string_view, std::vector<const DirectiveRow*>>;
    for (const DirectiveRow& row : DirectiveTable()) (*map)[row.name].push_back(&row);
    return map;
  }();
  return *index;
}

const std::vector<const DirectiveRow*>& Families() {
  static const auto* const families = [] {
    auto* rows = new std::vector<const DirectiveRow*>;
    for (const DirectiveRow& row : DirectiveTable()) {
      if (IsFamily(row)) rows->push_back(&row);
    }
    return rows;
  }();
  return *families;
}

}  // namespace

std::string DirectiveRow::EffectTest() const {
  return effect == Effect::kEffective && alias_of.empty() ? Cat("tests/effects/", name, ".effect")
                                                          : "";
}

const std::vector<DirectiveRow>& DirectiveTable() {
  static const auto* const rows = new std::vector<DirectiveRow>(AllRows());
  return *rows;
}

size_t RowIndex(const DirectiveRow& row) {
  return static_cast<size_t>(&row - DirectiveTable().data());
}

const DirectiveRow* FindDirective(std::string_view name, uint32_t scopes) {
  const std::string key = Lower(name);
  std::vector<const DirectiveRow*> candidates;
  if (const auto found = ByName().find(key); found != ByName().end()) candidates = found->second;
  for (const DirectiveRow* row : Families()) {
    const std::string_view stem = row->name.substr(0, row->name.size() - 1);
    if (key.size() > stem.size() && key.starts_with(stem)) candidates.push_back(row);
  }
  for (const DirectiveRow* row : candidates) {
    if ((row->scopes & scopes) != 0) return row;
  }
  return candidates.empty() ? nullptr : candidates.front();
}

uint32_t ScopesOf(const DirectiveRow& row) {
  uint32_t scopes = 0;
  for (const DirectiveRow* other : ByName().at(row.name)) scopes |= other->scopes;
  return scopes;
}

std::vector<std::string_view> DirectiveNames(uint32_t scope) {
  std::vector<std::string_view> names;
  for (const DirectiveRow& row : DirectiveTable()) {
    if ((row.scopes & scope) != 0 && IsAlnum(row.name.front()) && !IsFamily(row)) {
      names.push_back(row.name);
    }
  }
  return names;
}

std::string_view ScopeText(uint32_t scope) {
  if (scope == kGlobal) return "the top level";
  for (const SectionKind& kind : SectionKinds()) {
    if (kind.scope == scope) return kind.text;
  }
  return "this section";
}

std::string ScopesText(uint32_t scopes) {
  std::string text;
  for (uint32_t bit = 1; bit < kScopeEnd; bit <<= 1) {
    if ((scopes & bit) != 0) CatTo(&text, text.empty() ? "" : ", ", ScopeText(bit));
  }
  return text;
}

std::string ValueText(const DirectiveRow& row) {
  using enum ValueKind;
  switch (row.kind) {
    case kBool:
      return "yes|no";
    case kCount:
      return Cat(row.most < 1'000'000'000 ? Cat(row.least, "..", row.most) : "N",
                 row.unit.empty() ? "" : " ", row.unit);
    case kTime:
      return "TIME";
    case kTimeOrNever:
      return "TIME|never";
    case kTimeList:
      return "TIME[,TIME...]";
    case kRate:
      return "N/[M]UNIT";
    case kVolumeRate:
      return "SIZE/PERIOD";
    case kSize:
      return "SIZE";
    case kDailyCounts:
      return "N/d[,N/d...]";
    case kCidrCount:
      return "CIDR N";
    case kCidrRate:
      return "CIDR N/[M]UNIT";
    case kCidrVolume:
      return "CIDR SIZE/PERIOD";
    case kNoMx:
      return "yes|no|TIME|never";
    case kChoice:
      return std::string(row.choices);
    case kPort:
      return "PORT";
    case kIp:
      return "IP";
    case kEndpoint:
      return "IP:PORT";
    case kFile:
      return "FILE";
    case kAddress:
      return "ADDRESS";
    case kText:
      return "TEXT";
    case kWords:
    case kAny:
      return "TEXT...";
  }
  return "";
}

std::string EffectText(const DirectiveRow& row) {
  switch (row.effect) {
    case Effect::kEffective:
      return "effective";
    case Effect::kNoEffect:
      return Cat("accepted, no effect: ", row.why);
    case Effect::kNotYet:
      return Cat("not yet: ", row.why);
    case Effect::kNotSupported:
      return Cat("not supported: ", row.why);
  }
  return "";
}

}  // namespace convoy::config
