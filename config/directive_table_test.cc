// The table against itself, the page made from it, and the tests of effects.
#include "config/directive_table.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "config/reference.h"
#include "config/section_table.h"
#include "config/value_check.h"

namespace convoy::config {
namespace {

TEST(DirectiveTable, RowsAreComplete) {
  for (const DirectiveRow& row : DirectiveTable()) {
    SCOPED_TRACE(std::string(row.name));
    EXPECT_NE(row.scopes, 0u);
    EXPECT_LT(row.scopes, kScopeEnd);
    EXPECT_EQ(row.name, Lower(row.name));
    if (!row.alias_of.empty()) {
      const DirectiveRow* real = FindDirective(row.alias_of, row.scopes);
      ASSERT_NE(real, nullptr);
      EXPECT_TRUE(real->alias_of.empty()) << "an alias of an alias";
      continue;
    }
    EXPECT_FALSE(row.help.empty());
    EXPECT_EQ(row.effect == Effect::kEffective, row.why.empty());
    EXPECT_EQ(row.kind == ValueKind::kChoice, !row.choices.empty());
    EXPECT_LT(row.least, row.most);
  }
}

TEST(DirectiveTable, RowsOfOneNameStandInDifferentSections) {
  const std::vector<DirectiveRow>& rows = DirectiveTable();
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(RowIndex(rows[i]), i);
    for (size_t j = i + 1; j < rows.size(); ++j) {
      if (rows[i].name == rows[j].name) {
        EXPECT_EQ(rows[i].scopes & rows[j].scopes, 0u) << rows[i].name;
      }
    }
  }
}

// What explain shows for a setting that nobody made must be a value of that kind.
TEST(DirectiveTable, DefaultsAreValuesOfTheirKind) {
  for (const DirectiveRow& row : DirectiveTable()) {
    if (row.default_text.empty() || FindDirective(row.default_text) != nullptr) continue;
    if (ValueText(row).starts_with("CIDR")) continue;  // no range has a limit
    Setting setting;
    setting.row = &row;
    setting.words = {{std::string(row.default_text), 1, 1}};
    setting.rest = row.default_text;
    EXPECT_TRUE(CheckValue(setting).ok()) << row.name << ": " << CheckValue(setting).message();
  }
}

TEST(DirectiveTable, FindsNamesAndFamiliesByScope) {
  EXPECT_EQ(FindDirective("MAX-SMTP-OUT", kVirtualMta)->default_text, "unlimited");
  EXPECT_EQ(FindDirective("max-smtp-out", kDomain)->default_text, "20");
  EXPECT_EQ(FindDirective("http-tls-ciphers")->name, "http-tls-*");
  EXPECT_EQ(FindDirective("tls-certificate", kSmtpListener)->name, "tls-*");
  EXPECT_EQ(FindDirective("tls-certificate", kSmtpUser)->name, "tls-certificate");
  EXPECT_EQ(FindDirective("http-tls-"), nullptr);
  EXPECT_EQ(FindDirective("nothing"), nullptr);
}

TEST(DirectiveTable, FoundingTextIsEffective) {
  for (const std::string_view name : {"smtp-source-host",
                                      "outbound-auth",
                                      "auth-username",
                                      "auth-password",
                                      "queue-to",
                                      "retry-interval",
                                      "min-retry-interval",
                                      "max-retry-time",
                                      "retry-after",
                                      "bounce-after",
                                      "max-smtp-out",
                                      "max-msg-per-connection",
                                      "max-errors-per-connection",
                                      "max-msg-per-hour",
                                      "max-msg-rate",
                                      "bounce-on-4xx-status",
                                      "log-delivery-failures",
                                      "log-fallback-failures",
                                      "use-starttls",
                                      "require-starttls",
                                      "dkim-sign",
                                      "domain-key",
                                      "suppress-file",
                                      "max-loop-count",
                                      "sanitize-headers",
                                      "always-allow-relay",
                                      "process-x-virtual-mta",
                                      "smtp-service",
                                      "virtual-mta"}) {
    const DirectiveRow* row = FindDirective(name);
    ASSERT_NE(row, nullptr) << name;
    if (!row->alias_of.empty()) row = FindDirective(row->alias_of, row->scopes);
    EXPECT_EQ(row->effect, Effect::kEffective) << name;
  }
}

TEST(DirectiveTable, EverySectionHasAScopeAndAReason) {
  std::set<std::string_view> names;
  for (const SectionKind& kind : SectionKinds()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_EQ(kind.effect == Effect::kEffective, kind.why.empty()) << kind.name;
    EXPECT_EQ(kind.text, Cat("<", kind.name, ">"));
  }
}

// An effective directive names a file that shows it, once there are such files.
TEST(DirectiveTable, EffectiveRowsHaveTests) {
  if (!std::filesystem::is_directory("tests/effects")) return;
  for (const DirectiveRow& row : DirectiveTable()) {
    const std::string test = row.EffectTest();
    if (!test.empty()) {
      EXPECT_TRUE(std::filesystem::exists(test)) << row.name << " has no " << test;
    }
  }
}

TEST(Reference, PageIsUpToDate) {
  std::ifstream file("docs/reference/directives.md", std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), ReferencePage()) << "run: bazel run //config:reference_writer";
}

TEST(Reference, HelpShowsReasonReplacementAndSecrets) {
  EXPECT_EQ(*DirectiveHelp("http-api-key", false),
            "http-api-key TEXT\n"
            "  does      key expected in X-API-Key\n"
            "  stands in the top level\n"
            "  effect    not yet: there is no web monitor\n"
            "  note      secret\n");
  EXPECT_EQ(*DirectiveHelp("route", false),
            "route TEXT...\n"
            "  does      hosts instead of MX: h1,h2;[ip]:port or lookup-mx:D\n"
            "  stands in <domain>\n"
            "  effect    effective\n"
            "  note      the same as smtp-hosts; old name, write smtp-hosts\n");
}

}  // namespace
}  // namespace convoy::config
