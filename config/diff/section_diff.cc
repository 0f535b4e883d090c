#include "config/diff/section_diff.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "config/macros.h"
#include "config/restart.h"
#include "config/section_table.h"

namespace convoy::config {
namespace {

struct Value {
  std::string meant;
  std::string shown;
  Position where;
};

// A section, or several of the same name: their lines add up as the reader adds them.
struct Part {
  Position where;
  Scope scope = kGlobal;
  std::string kind;
  // By directive; in lists, where the order of all lines counts, under "line".
  std::map<std::string, std::vector<Value>> values;
  std::map<std::string, const DirectiveRow*> rows;
};
using Parts = std::map<std::string, Part>;  // "virtual-mta v1" -> ...

constexpr uint32_t kLists = kPatternList | kSmtpPatternList | kBounceCategories | kMxRollupList |
                            kAddressList | kRewriteList | kAliases;

bool HasNoEffect(const Section& section) {
  const SectionKind* kind = FindSection(section.kind);
  return kind != nullptr && NeverHasEffect(kind->effect);
}

class Collector {
 public:
  explicit Collector(const Survey& survey) : macros_(&said_) {
    macros_.Read(survey.root);
    Add(survey.root, "");
  }
  Parts Take() { return std::move(parts_); }

 private:
  void Add(const Section& section, const std::string& outer) {
    const std::string name =
        section.kind.empty() ? "top level"
        : section.argument.empty()
            ? Cat(outer, section.kind)
            : Cat(outer, section.kind, ' ',
                  section.scope == kAcctFile ? section.argument : Lower(section.argument));
    Part& part = parts_[name];
    if (part.kind.empty()) part.where = section.where;
    part.scope = section.scope;
    part.kind = section.kind;
    for (const Setting& setting : section.settings) AddSetting(section, setting, &part);
    for (const Section& child : section.children) {
      if (child.scope == kDomain || child.scope == kNoScope || HasNoEffect(child)) continue;
      if (section.scope == kPatternList) continue;  // part of its line
      Add(child, section.kind.empty() ? "" : Cat(name, " > "));
    }
  }

  void AddSetting(const Section& section, const Setting& setting, Part* part) {
    const DirectiveRow* row = setting.row;
    if (row == nullptr || NeverHasEffect(row->effect) || row->name == "domain-macro") return;
    if ((section.scope & kLists) != 0) {
      const std::string line = Line(section, setting);
      part->values["line"].push_back({line, line, setting.where});
      part->rows["line"] = row;
      return;
    }
    const std::string name(row->name);
    std::vector<Value>& values = part->values[name];
    if (!row->repeatable) values.clear();  // the last one counts
    for (Value& value : ValuesOf(*row, setting)) values.push_back(std::move(value));
    part->rows[name] = row;
  }

  // With the nested list of a line in braces.
  static std::string Line(const Section& section, const Setting& setting) {
    std::string line = setting.row->name == "/re/" ? "" : setting.spelled;
    for (const Word& word : setting.words) {
      const std::string_view slash = word.regex ? "/" : "";
      CatTo(&line, line.empty() ? "" : " ", slash, word.text, slash);
    }
    if (setting.child < 0) return line;
    const Section& nested = section.children[static_cast<size_t>(setting.child)];
    line += " {";
    for (const Setting& inner : nested.settings) CatTo(&line, ' ', Line(nested, inner), ';');
    return line + " }";
  }

  // A line with macros is one value for each domain.
  std::vector<Value> ValuesOf(const DirectiveRow& row, const Setting& setting) {
    std::vector<Value> values;
    const std::string text = setting.value();
    const bool macros = row.name == "domain-key" || row.name == "relay-domain";
    if (macros && text.find('$') != std::string::npos && text.find("$domain") == text.npos) {
      for (std::string& one : macros_.Expand(Lower(text), setting.where)) {
        values.push_back({one, one, setting.where});
      }
      return values;
    }
    values.push_back({Meaning(row, setting), row.secret ? "(hidden)" : text, setting.where});
    return values;
  }

  std::vector<Diagnostic> said_;  // by the builder already
  Macros macros_;
  Parts parts_;
};

class SectionDiff {
 public:
  std::vector<Change> Run(const Parts& before, const Parts& after) {
    std::set<std::string> names;
    for (const auto& [name, part] : before) names.insert(name);
    for (const auto& [name, part] : after) names.insert(name);
    for (const std::string& name : names) {
      const auto was = before.find(name);
      const auto is = after.find(name);
      if (is == after.end()) {
        Whole(Change::Kind::kRemoved, name, was->second);
      } else if (was == before.end()) {
        Whole(Change::Kind::kAdded, name, is->second);
      } else {
        Compare(name, was->second, is->second);
      }
    }
    return std::move(changes_);
  }

 private:
  void Whole(Change::Kind kind, const std::string& name, const Part& part) {
    Change change;
    change.kind = kind;
    change.subject = name;
    change.place = part.where;
    change.at_restart = TakesEffectAtRestart(part.kind);
    const SectionKind* known = FindSection(part.kind);
    if (known != nullptr && known->effect == Effect::kNotYet) {
      change.note = Cat("not yet: ", known->why);
    } else if (part.scope == kVirtualMta && kind == Change::Kind::kRemoved) {
      change.note = "its mail bounces with 5.3.5 when it is due";
    }
    changes_.push_back(std::move(change));
  }

  void Compare(const std::string& name, const Part& was, const Part& is) {
    std::set<std::string> directives;
    for (const auto& [directive, values] : was.values) directives.insert(directive);
    for (const auto& [directive, values] : is.values) directives.insert(directive);
    for (const std::string& directive : directives) {
      const auto row = is.rows.contains(directive) ? is.rows.at(directive) : was.rows.at(directive);
      const auto old_values = was.values.find(directive);
      const auto new_values = is.values.find(directive);
      const std::vector<Value> none;
      subject_ = {name, directive, row, is.kind.empty() ? directive : is.kind};
      Values(old_values == was.values.end() ? none : old_values->second,
             new_values == is.values.end() ? none : new_values->second);
    }
  }

  void Values(const std::vector<Value>& was, const std::vector<Value>& is) {
    const bool list = subject_.row->repeatable || subject_.directive == "line";
    if (!list) return One(was, is);
    size_t same = 0;
    for (const Value& value : is) {
      if (Has(was, value)) {
        ++same;
      } else {
        Tell(Change::Kind::kAdded, "", value.shown, value.where);
      }
    }
    for (const Value& value : was) {
      if (!Has(is, value)) Tell(Change::Kind::kRemoved, value.shown, "", value.where);
    }
    if (same == was.size() && same == is.size() && !SameOrder(was, is)) {
      subject_.directive =
          Cat("order of ", subject_.directive == "line" ? "the lines" : subject_.directive);
      Tell(Change::Kind::kChanged, "", "", is.front().where);
    }
  }

  static bool Has(const std::vector<Value>& values, const Value& wanted) {
    return std::any_of(values.begin(), values.end(),
                       [&](const Value& value) { return value.meant == wanted.meant; });
  }

  static bool SameOrder(const std::vector<Value>& a, const std::vector<Value>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const Value& x, const Value& y) { return x.meant == y.meant; });
  }

  void One(const std::vector<Value>& was, const std::vector<Value>& is) {
    const DirectiveRow& row = *subject_.row;
    const std::string fallback = DefaultMeaning(row);
    const std::string& old_meaning = was.empty() ? fallback : was.back().meant;
    const std::string& new_meaning = is.empty() ? fallback : is.back().meant;
    if (old_meaning == new_meaning) return;
    Tell(Change::Kind::kChanged, was.empty() ? std::string(row.default_text) : was.back().shown,
         is.empty() ? std::string(row.default_text) : is.back().shown,
         is.empty() ? was.back().where : is.back().where);
  }

  void Tell(Change::Kind kind, std::string before, std::string after, const Position& where) {
    Change change;
    change.kind = kind;
    change.subject = subject_.name;
    change.directive = subject_.directive;
    change.before = std::move(before);
    change.after = std::move(after);
    change.place = where;
    if (subject_.row->effect != Effect::kEffective) {
      change.note = EffectText(*subject_.row);
    } else {
      change.at_restart = TakesEffectAtRestart(subject_.restart);
    }
    changes_.push_back(std::move(change));
  }

  struct Subject {
    std::string name;
    std::string directive;
    const DirectiveRow* row = nullptr;
    std::string restart;  // the directive or section that decides when it takes effect
  };
  Subject subject_;
  std::vector<Change> changes_;
};

}  // namespace

std::vector<Change> DiffSections(const Survey& before, const Survey& after) {
  return SectionDiff().Run(Collector(before).Take(), Collector(after).Take());
}

}  // namespace convoy::config
