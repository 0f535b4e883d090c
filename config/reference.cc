#include "config/reference.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/diagnostic.h"
#include "config/directive_table.h"
#include "config/invented_names.h"
#include "config/say.h"
#include "config/section_table.h"

namespace convoy::config {
namespace {

constexpr std::string_view kIntroduction = R"(# Directives

Generated from the directive table (`config/directives_*.cc`) by

    bazel run //config:reference_writer

Do not edit. `convoy config help DIRECTIVE` shows one entry.

A directive is **effective**; or **accepted, no effect**, and nothing is lost by that; or **not
yet**, which is a warning; or **not supported**, which is an error unless the check is lenient. A
name that ends in `*` stands for a family.

Values: `TIME` is `1w2d12h30m10s` or a number of seconds, `N/[M]UNIT` a rate such as `250/h`,
`83/10m` or `unlimited`, `SIZE` octets or `10k`, `250m`, `1g`, `SIZE/PERIOD` a volume such as
`10g/2h`, `CIDR` a range such as `192.0.2.0/24`, `10/8` or `0/0`. `""` takes an inherited value
back.

A **secret** is never printed. It may be written as `file:PATH` (the first line of a file, relative
to the configuration), `env:NAME` (a variable of the process) or, to write one of these words
itself, `literal:TEXT`.

)";

// A cell of a table: '|' would end it.
std::string Cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*') out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

std::string Notes(const DirectiveRow& row) {
  std::string notes;
  const auto add = [&](const std::string& text) { CatTo(&notes, notes.empty() ? "" : "; ", text); };
  if (!row.alias_of.empty()) add(Cat("the same as ", row.alias_of));
  if (row.repeatable) add("repeatable");
  if (row.secret) add("secret");
  if (!row.replacement.empty()) add(Cat("old name, write ", row.replacement));
  return notes;
}

void AddRow(const DirectiveRow& row, std::string* page) {
  const DirectiveRow& real = row.alias_of.empty() ? row : *FindDirective(row.alias_of, row.scopes);
  std::string help = Cat(real.help);
  if (const std::string notes = Notes(row); !notes.empty()) CatTo(&help, " (", notes, ")");
  CatTo(page, "| `", row.name, "` | ", Cell(ValueText(real)), " | ", Cell(real.default_text), " | ",
        Cell(help), " | ", Cell(EffectText(real)), " | ", real.standard, " |\n");
}

std::string Field(std::string_view name, std::string_view value) {
  if (value.empty()) return "";
  std::string padded(name);
  padded.resize(10, ' ');
  return Cat("  ", padded, value, "\n");
}

std::string HelpOf(const DirectiveRow& row) {
  const DirectiveRow& real = row.alias_of.empty() ? row : *FindDirective(row.alias_of, row.scopes);
  std::string text = Cat(row.name, " ", ValueText(real), "\n");
  CatTo(&text, Field("does", real.help), Field("stands in", ScopesText(row.scopes)),
        Field("default", real.default_text), Field("effect", EffectText(real)),
        Field("follows", real.standard), Field("note", Notes(row)));
  return text;
}

}  // namespace

std::string ReferencePage() {
  std::string page(kIntroduction);
  for (uint32_t scope = 1; scope < kScopeEnd; scope <<= 1) {
    CatTo(&page, scope == kGlobal ? "## Top level\n\n" : Cat("## `", ScopeText(scope), "`\n\n"));
    for (const SectionKind& kind : SectionKinds()) {
      if (kind.scope != scope || kind.effect == Effect::kEffective) continue;
      DirectiveRow row;
      row.effect = kind.effect;
      row.why = kind.why;
      CatTo(&page, "`", kind.text, "`: ", EffectText(row), ".\n\n");
    }
    page +=
        "| directive | value | default | meaning | effect | follows |\n|---|---|---|---|---|---|\n";
    std::vector<const DirectiveRow*> rows;
    for (const DirectiveRow& row : DirectiveTable()) {
      if ((row.scopes & scope) != 0) rows.push_back(&row);
    }
    std::stable_sort(rows.begin(), rows.end(), [](const DirectiveRow* a, const DirectiveRow* b) {
      return a->name < b->name;
    });
    for (const DirectiveRow* row : rows) AddRow(*row, &page);
    page += '\n';
  }
  page.pop_back();
  return page;
}

std::vector<std::string_view> AllDirectiveNames() {
  std::vector<std::string_view> names;
  for (const DirectiveRow& row : DirectiveTable()) {
    if (IsAlnum(row.name.front()) && row.name.back() != '*') names.push_back(row.name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

absl::StatusOr<std::string> DirectiveHelp(std::string_view name, bool json) {
  const DirectiveRow* first = FindDirective(name);
  if (first == nullptr) {
    if (const std::string_view hint = HintForDirective(name); !hint.empty()) {
      return NotFound(Say<"no directive is named '{}': {}">(name, hint));
    }
    const std::string nearest = Nearest(name, AllDirectiveNames());
    if (nearest.empty()) return NotFound(Say<"no directive is named '{}'">(name));
    return NotFound(Say<"no directive is named '{}'; did you mean '{}'?">(name, nearest));
  }
  std::string text;
  nlohmann::json all = nlohmann::json::array();
  for (const DirectiveRow& row : DirectiveTable()) {
    if (row.name != first->name) continue;
    const DirectiveRow& real =
        row.alias_of.empty() ? row : *FindDirective(row.alias_of, row.scopes);
    CatTo(&text, text.empty() ? "" : "\n", HelpOf(row));
    all.push_back({{"directive", row.name},
                   {"value", ValueText(real)},
                   {"scopes", ScopesText(row.scopes)},
                   {"default", real.default_text},
                   {"effect", EffectText(real)},
                   {"help", real.help},
                   {"follows", real.standard},
                   {"alias_of", row.alias_of},
                   {"replacement", row.replacement},
                   {"secret", real.secret}});
  }
  return json ? all.dump(2) + "\n" : text;
}

}  // namespace convoy::config
