#include "config/migration_rule.h"

#include <algorithm>

#include "base/text.h"
#include "config/invented_names.h"
#include "config/section_table.h"
#include "config/units.h"

namespace convoy::config {
namespace {

using Kind = MigrationRule::Kind;

std::string_view FirstWord(const Statement& statement) {
  return statement.words.empty() ? std::string_view() : statement.words[0].text;
}

MigrationRule PerSourceIp(const Statement& directive) {
  return {Kind::kRewrite, Cat("source-ip-max-smtp-out 0/0 ", FirstWord(directive)), ""};
}

MigrationRule PerHour(const Statement& directive) {
  const std::string_view count = FirstWord(directive);
  const bool unlimited = EqualsIgnoreCase(count, "unlimited");
  return {Kind::kRewrite, Cat("backoff-max-msg-rate ", count, unlimited ? "" : "/h"), ""};
}

MigrationRule RemoveReceived(const Statement& directive) {
  if (*ParseBool(FirstWord(directive))) return {Kind::kRewrite, "remove-header Received", ""};
  return {Kind::kDisable, "", "nothing is removed unless 'remove-header' says so"};
}

// New names whose value is written differently.
MigrationRule NewValue(const DirectiveRow& row, const Statement& directive) {
  const bool plain = directive.words.size() == 1 && directive.words[0].line == directive.name.line;
  const std::string_view value = FirstWord(directive);
  if (row.name == "max-smtp-out-per-source-ip" && plain && ParseCount(value, 0).ok()) {
    return PerSourceIp(directive);
  }
  if (row.name == "backoff-max-msg-per-hour" && plain && ParseCount(value, 0).ok()) {
    return PerHour(directive);
  }
  if (row.name == "remove-received-headers" && plain && ParseBool(value).ok()) {
    return RemoveReceived(directive);
  }
  return {};
}

std::string Reason(const DirectiveRow& row, std::string_view replacement) {
  const std::string_view effect = row.effect == Effect::kNotSupported ? "not supported"
                                  : row.effect == Effect::kNotYet     ? "no effect yet"
                                                                      : "no effect";
  return Cat(effect, ": ", row.why,
             replacement.empty() ? "" : Cat("; if it is meant: ", replacement));
}

MigrationRule Unknown(const Statement& directive, const DirectiveRow* row, Scope scope) {
  if (row != nullptr) {
    return {Kind::kDisable, "",
            Cat("cannot stand in ", ScopeText(scope), ", but in ", ScopesText(ScopesOf(*row)))};
  }
  const std::string_view hint = HintForDirective(directive.name.text);
  return {Kind::kDisable, "", Cat("unknown directive", hint.empty() ? "" : Cat(": ", hint))};
}

MigrationRule OldName(const DirectiveRow& spelled, const DirectiveRow& row,
                      const Statement& directive, Scope scope) {
  if (spelled.replacement == row.name && (row.scopes & scope) != 0) {
    return {Kind::kRename, std::string(row.name), ""};
  }
  MigrationRule rule = NewValue(spelled, directive);
  if (rule.kind != Kind::kKeep) return rule;
  if (row.effect == Effect::kEffective) {
    return {Kind::kLeave, "", Cat("write '", spelled.replacement, "' instead")};
  }
  return {Kind::kDisable, "", Reason(row, spelled.replacement)};
}

}  // namespace

MigrationRule RuleForDirective(const Statement& directive, Scope scope, bool lenient) {
  const std::string& name = directive.name.text;
  const bool backoff = name.size() == 3 && std::all_of(name.begin(), name.end(), IsDigit);
  if ((backoff && scope == kDomain) || EqualsIgnoreCase(name, "include")) return {};
  const DirectiveRow* spelled = FindDirective(name, scope);
  if (spelled == nullptr || (spelled->scopes & scope) == 0) {
    return lenient ? Unknown(directive, spelled, scope) : MigrationRule{};
  }
  const DirectiveRow& row =
      spelled->alias_of.empty() ? *spelled : *FindDirective(spelled->alias_of, kDomain | kSource);
  if (!spelled->replacement.empty()) return OldName(*spelled, row, directive, scope);
  const bool useless =
      row.effect == Effect::kNoEffect || (row.effect == Effect::kNotSupported && lenient);
  if (useless) return {Kind::kDisable, "", Reason(row, "")};
  return {};
}

MigrationRule RuleForSection(const Statement& opening, Scope scope, bool lenient) {
  const SectionKind* kind = FindSection(opening.name.text);
  if (kind == nullptr || (kind->inside & scope) == 0) {
    const std::string_view hint = HintForSection(opening.name.text);
    if (!lenient || kind != nullptr) return {};
    return {Kind::kDisable, "", Cat("unknown section", hint.empty() ? "" : Cat(": ", hint))};
  }
  DirectiveRow row;
  row.effect = kind->effect;
  row.why = kind->why;
  const bool useless =
      row.effect == Effect::kNoEffect || (row.effect == Effect::kNotSupported && lenient);
  if (useless) return {Kind::kDisable, "", Reason(row, "")};
  return {};
}

}  // namespace convoy::config
