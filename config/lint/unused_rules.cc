// L601 to L603: what nothing uses.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "config/lint/rules.h"

namespace convoy::config::lint {
namespace {

void AddMacros(std::string_view text, std::set<std::string>* used) {
  for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at + 1)) {
    size_t end = at + 1;
    while (end < text.size() && (IsAlnum(text[end]) || text[end] == '_')) ++end;
    used->insert(Lower(text.substr(at + 1, end - at - 1)));
  }
}

void AddCalls(const std::vector<PatternRule>& rules, std::set<std::string>* names) {
  for (const PatternRule& rule : rules) {
    if (!rule.call_to.empty()) names->insert(rule.call_to);
    AddCalls(rule.nested, names);
  }
}

// Section -> the directive that uses such a list.
struct ListKind {
  Scope scope;
  std::string_view directive;
};
constexpr ListKind kListKinds[] = {{kSmtpPatternList, "smtp-pattern-list"},
                                   {kPatternList, "pattern-list"},
                                   {kAddressList, "suppression-lists"},
                                   {kRewriteList, "rewrite-list"},
                                   {kProxy, "use-proxy"},
                                   {kSourceGroup, "source-group"}};

}  // namespace

void UnusedMacros(const Survey& survey, Findings* out) {
  std::set<std::string> used;
  std::map<std::string, const Setting*> defined;
  EachSection(survey.root, nullptr, [&](const Section& section, const Section*) {
    AddMacros(section.argument, &used);
    for (const Setting& setting : section.settings) {
      AddMacros(setting.value(), &used);
      if (setting.row == nullptr || setting.row->name != "domain-macro") continue;
      const std::string_view first = setting.first();
      defined.try_emplace(Lower(first.substr(0, first.find(','))), &setting);
    }
  });
  for (const auto& [name, setting] : defined) {
    if (used.contains(name)) continue;
    out->push_back({"L601", setting->where, Cat("nothing uses the macro '", name, "'"),
                    Cat("remove it, or write $", name, " where it is meant")});
  }
}

void UnusedLists(const Survey& survey, Findings* out) {
  std::map<std::string_view, std::set<std::string>> used;
  EachSection(survey.root, nullptr, [&](const Section& section, const Section*) {
    for (const Setting& setting : section.settings) {
      if (setting.row == nullptr) continue;
      const std::string value = setting.value();
      for (const std::string_view piece : Split(value, ',')) {
        used[setting.row->name].insert(Lower(Trim(piece)));
      }
    }
  });
  for (const PatternList& list : survey.config->lists().pattern_lists) {
    AddCalls(list.rules, &used["pattern-list"]);
  }
  for (const Section& section : survey.root.children) {
    const auto* const kind =
        std::find_if(std::begin(kListKinds), std::end(kListKinds),
                     [&](const ListKind& one) { return one.scope == section.scope; });
    if (kind == std::end(kListKinds) || section.argument.empty()) continue;
    if (used[kind->directive].contains(Lower(section.argument))) continue;
    out->push_back({"L602", section.where,
                    Cat("nothing uses <", section.kind, " ", section.argument, ">"),
                    Cat("write '", kind->directive, " ", section.argument, "' into ",
                        ScopesText(ScopesOf(*FindDirective(kind->directive))), ", or remove it")});
  }
}

void FileWithoutRecords(const Survey& survey, Findings* out) {
  const auto& files = survey.config->acct_files();
  for (const Section& section : survey.root.children) {
    if (section.scope != kAcctFile || section.argument.starts_with('|')) continue;
    const std::string path = ResolvePath(section.where.file, section.argument);
    const bool written = std::any_of(files.begin(), files.end(),
                                     [&](const AcctFile& file) { return file.path == path; });
    if (written) continue;
    const Setting* records = FindSetting(section, "records");
    out->push_back({"L603", records == nullptr ? section.where : records->where,
                    Cat("no record goes to <acct-file ", section.argument,
                        ">: records of these types are not written yet"),
                    "leave out 'records' for deliveries and bounces"});
  }
}

}  // namespace convoy::config::lint
