// How the rows of the directive table are written (directives_*.cc); see directive_table.h.
//
//     Effective("use-starttls", kDomain, kBool, "yes", "TLS if offered").Standard("RFC 3207"),
//     NotYet("use-dane", kDomain, kBool, "no", "check TLSA records", "TLSA is not looked up"),
//
// Determinism: pure
#pragma once

#include <vector>

#include "config/directive_table.h"

namespace convoy::config {

struct Row : DirectiveRow {
  constexpr Row Unit(std::string_view text) const {
    Row row = *this;
    row.unit = text;
    return row;
  }
  constexpr Row Choices(std::string_view text) const {
    Row row = *this;
    row.choices = text;
    return row;
  }
  constexpr Row Standard(std::string_view text) const {
    Row row = *this;
    row.standard = text;
    return row;
  }
  constexpr Row Replacement(std::string_view text) const {
    Row row = *this;
    row.replacement = text;
    return row;
  }
  constexpr Row Range(int64_t from, int64_t to) const {
    Row row = *this;
    row.least = from;
    row.most = to;
    return row;
  }
  constexpr Row Secret() const {
    Row row = *this;
    row.secret = true;
    return row;
  }
  constexpr Row Repeatable() const {
    Row row = *this;
    row.repeatable = true;
    return row;
  }
};

constexpr Row Effective(std::string_view name, uint32_t scopes, ValueKind kind,
                        std::string_view default_text, std::string_view help) {
  return {{name, scopes, kind, Effect::kEffective, default_text, help}};
}
constexpr Row NoEffect(std::string_view name, uint32_t scopes, ValueKind kind,
                       std::string_view help, std::string_view why) {
  return {{name, scopes, kind, Effect::kNoEffect, "", help, why}};
}
constexpr Row NotYet(std::string_view name, uint32_t scopes, ValueKind kind,
                     std::string_view default_text, std::string_view help, std::string_view why) {
  return {{name, scopes, kind, Effect::kNotYet, default_text, help, why}};
}
constexpr Row NotSupported(std::string_view name, uint32_t scopes, ValueKind kind,
                           std::string_view help, std::string_view why) {
  return {{name, scopes, kind, Effect::kNotSupported, "", help, why}};
}
// A second spelling: reader and docs go to the row of `alias_of`.
constexpr Row Alias(std::string_view name, uint32_t scopes, ValueKind kind,
                    std::string_view alias_of) {
  Row row{{name, scopes, kind}};
  row.alias_of = alias_of;
  return row;
}

// The rows by topic.
std::vector<DirectiveRow> GlobalRows();
std::vector<DirectiveRow> MonitorRows();
std::vector<DirectiveRow> SourceRows();
std::vector<DirectiveRow> DomainLimitRows();
std::vector<DirectiveRow> DomainRetryRows();
std::vector<DirectiveRow> DomainRouteRows();
std::vector<DirectiveRow> DomainContentRows();
std::vector<DirectiveRow> VirtualMtaRows();
std::vector<DirectiveRow> AcctFileRows();
std::vector<DirectiveRow> ListRows();
std::vector<DirectiveRow> OtherSectionRows();
std::vector<DirectiveRow> ObsoleteRows();

}  // namespace convoy::config
