#include "config/diff/policy_diff.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "base/text.h"

namespace convoy::config {
namespace {

// A directive of one queue before and after, as meant and as shown.
struct Step {
  std::string directive;
  std::string meant_before;
  std::string meant_after;
  std::string before;
  std::string after;
  const Holding* place = nullptr;  // the new setting, or the old one if there is none now
  const DirectiveRow* row = nullptr;
};

// What identifies a change wherever it shows.
using StepKey = std::tuple<std::string, std::string, std::string>;
StepKey KeyOf(const Step& step) { return {step.directive, step.meant_before, step.meant_after}; }

struct Value {
  std::string meant;
  std::string shown;
};

Value ValueOf(const std::vector<Holding>* held, const DirectiveRow* row) {
  Value value;
  if (held == nullptr || held->empty()) {
    if (row == nullptr) return {};
    return {DefaultMeaning(*row), std::string(row->default_text)};
  }
  for (const Holding& one : *held) {
    const std::string_view between = held->front().setting == one.setting ? "" : ", ";
    const bool hidden = row != nullptr && row->secret;
    const std::string meant = row == nullptr ? Cat(one.setting->spelled, ' ', one.setting->rest)
                                             : Meaning(*row, *one.setting);
    const std::string shown = row == nullptr ? meant : one.setting->value();
    CatTo(&value.meant, between, meant);
    CatTo(&value.shown, between, hidden ? "(hidden)" : shown);
  }
  return value;
}

class PolicyDiff {
 public:
  PolicyDiff(const Survey& before, const Survey& after)
      : before_(before),
        after_(after),
        macros_before_(AllMacroDomains(before.root)),
        macros_after_(AllMacroDomains(after.root)) {}

  std::vector<Change> Run() {
    std::set<std::string> probes(before_.probes.begin(), before_.probes.end());
    probes.insert(after_.probes.begin(), after_.probes.end());
    for (const std::string& vmta : Vmtas()) {
      // From the general to the special: "*", then "*.x" by length, then names.
      std::vector<std::string> order(probes.begin(), probes.end());
      std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
        const bool wild = a.starts_with('*');
        if (wild != b.starts_with('*')) return wild;
        return wild && a.size() < b.size();
      });
      for (const std::string& probe : order) Compare(probe, vmta);
    }
    return Grouped();
  }

 private:
  struct Group {
    Step step;
    std::string vmta;
    std::vector<std::string> domains;
  };

  // Those that both have: one that is new or gone is told as a whole.
  std::vector<std::string> Vmtas() const {
    std::set<std::string> names(before_.vmtas.begin(), before_.vmtas.end());
    names.insert(after_.vmtas.begin(), after_.vmtas.end());
    std::vector<std::string> both;
    for (const std::string& name : names) {
      const bool in_both =
          before_.config->FindVmta(name) != nullptr && after_.config->FindVmta(name) != nullptr;
      if (name.empty() || in_both) both.push_back(name);
    }
    return both;
  }

  void Compare(const std::string& probe, const std::string& vmta) {
    const Holdings was = HoldingsOf(before_.config->PathFor(probe, vmta));
    const Holdings is = HoldingsOf(after_.config->PathFor(probe, vmta));
    std::set<std::string_view> names;
    for (const auto& [name, held] : was) names.insert(name);
    for (const auto& [name, held] : is) names.insert(name);
    std::set<StepKey>& told = told_[{probe, vmta}];
    for (const std::string_view name : names) {
      const auto old_held = was.find(name);
      const auto new_held = is.find(name);
      const auto step = Difference(name, old_held == was.end() ? nullptr : &old_held->second,
                                   new_held == is.end() ? nullptr : &new_held->second);
      if (!step.has_value()) continue;
      told.insert(KeyOf(*step));
      if (!IsInherited(*step, probe, vmta)) Add(*step, probe, vmta);
    }
  }

  static std::optional<Step> Difference(std::string_view name, const std::vector<Holding>* was,
                                        const std::vector<Holding>* is) {
    const std::vector<Holding>* any = is != nullptr && !is->empty() ? is : was;
    if (any == nullptr || any->empty()) return std::nullopt;
    const DirectiveRow* row = any->front().setting->row;
    if (row != nullptr && NeverHasEffect(row->effect)) return std::nullopt;
    const Value old_value = ValueOf(was, row);
    const Value new_value = ValueOf(is, row);
    if (old_value.meant == new_value.meant) return std::nullopt;
    return Step{.directive = name.empty() ? "backoff lines" : std::string(name),
                .meant_before = old_value.meant,
                .meant_after = new_value.meant,
                .before = old_value.shown,
                .after = new_value.shown,
                .place = &any->back(),
                .row = row};
  }

  // Told already of a more general pattern, or of all virtual MTAs.
  bool IsInherited(const Step& step, const std::string& probe, const std::string& vmta) const {
    const auto was_told = [&](const std::string& general, const std::string& of) {
      const auto steps = told_.find({general, of});
      return steps != told_.end() && steps->second.contains(KeyOf(step));
    };
    if (!vmta.empty() && was_told(probe, "")) return true;
    if (probe != "*" && was_told("*", vmta)) return true;
    std::string_view rest = probe;
    if (rest.starts_with("*.")) rest.remove_prefix(2);
    if (rest.starts_with('[') || rest == "*") return false;
    for (size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
      rest.remove_prefix(dot + 1);
      if (was_told(Cat("*.", rest), vmta)) return true;
    }
    return false;
  }

  void Add(const Step& step, const std::string& probe, const std::string& vmta) {
    const Position& place = step.place->setting->where;
    Group& group = groups_[{place.file, place.line, place.column, vmta, KeyOf(step)}];
    if (group.domains.empty()) {
      group.step = step;
      held_.push_back(std::make_unique<Holding>(*step.place));
      group.step.place = held_.back().get();
      group.vmta = vmta;
    }
    group.domains.push_back(probe);
  }

  std::vector<Change> Grouped() {
    std::vector<Change> changes;
    for (auto& [key, group] : groups_) {
      std::sort(group.domains.begin(), group.domains.end());
      const Step& step = group.step;
      Change change;
      change.subject = Cat(Label(group), "/", group.vmta.empty() ? "*" : group.vmta);
      change.directive = step.directive;
      change.before = step.before;
      change.after = step.after;
      change.place = step.place->setting->where;
      if (step.row != nullptr && step.row->effect != Effect::kEffective) {
        change.note = EffectText(*step.row);
      }
      change.domains = std::move(group.domains);
      changes.push_back(std::move(change));
    }
    return changes;
  }

  // "a.example", "$macro (3 domains)" or "a.example, b.example and 5 more".
  std::string Label(const Group& group) const {
    const std::vector<std::string>& domains = group.domains;
    if (domains.size() == 1) return domains.front();
    if (domains.size() == 2 && domains[0] == Cat("*.", domains[1])) return Cat("[*.]", domains[1]);
    const std::string argument = Lower(group.step.place->section->argument);
    for (const MacroDomains* macros : {&macros_after_, &macros_before_}) {
      const auto found = macros->find(argument);
      if (found == macros->end()) continue;
      const std::set<std::string> all(found->second.begin(), found->second.end());
      if (all.size() == domains.size()) return Cat(argument, " (", all.size(), " domains)");
      if (all.size() > domains.size()) {
        return Cat(argument, " (", domains.size(), " of ", all.size(), " domains)");
      }
    }
    if (domains.size() == 2) return Cat(domains[0], ", ", domains[1]);
    return Cat(domains[0], ", ", domains[1], " and ", domains.size() - 2, " more");
  }

  const Survey& before_;
  const Survey& after_;
  const MacroDomains macros_before_;
  const MacroDomains macros_after_;
  std::map<std::pair<std::string, std::string>, std::set<StepKey>> told_;
  std::map<std::tuple<std::string, int, int, std::string, StepKey>, Group> groups_;
  std::vector<std::unique_ptr<Holding>> held_;
};

}  // namespace

std::vector<Change> DiffPolicies(const Survey& before, const Survey& after) {
  return PolicyDiff(before, after).Run();
}

}  // namespace convoy::config
