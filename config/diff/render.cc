// A difference as text and as JSON.
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/diff/diff.h"

namespace convoy::config {
namespace {

constexpr std::string_view kNames[] = {"added", "removed", "changed"};

std::string_view KindText(Change::Kind kind) { return kNames[static_cast<size_t>(kind)]; }

std::string Place(const Position& where) { return Cat(where.file, ':', where.line); }

std::string Shown(const std::string& value) { return value.empty() ? "-" : value; }

// "max-smtp-out 20 -> 5", "smtp-source-host 192.0.2.1 a added", "auth-password changed".
std::string What(const Change& change) {
  if (change.directive.empty()) return std::string(KindText(change.kind));
  const bool secret = change.before == "(hidden)" || change.after == "(hidden)";
  if (secret) {
    const std::string_view how = change.before.empty()  ? "set"
                                 : change.after.empty() ? "removed"
                                                        : "changed";
    return Cat(change.directive, ' ', how);
  }
  if (change.before.empty() && change.after.empty()) return Cat(change.directive, " changed");
  const std::string name = change.directive == "line" ? "" : change.directive;
  const std::string_view blank = name.empty() ? "" : " ";
  if (change.kind != Change::Kind::kChanged) {
    const std::string& value = change.kind == Change::Kind::kAdded ? change.after : change.before;
    return Cat(name, blank, value, ' ', KindText(change.kind));
  }
  return Cat(name, blank, Shown(change.before), " -> ", Shown(change.after));
}

std::string Text(const std::vector<Change>& changes) {
  std::string text;
  size_t waiting = 0;
  for (const Change& change : changes) {
    std::string line = Cat(change.subject, ": ", What(change), " (", Place(change.place), ")");
    if (!change.note.empty()) CatTo(&line, "; ", change.note);
    if (change.at_restart) line += "; takes effect at restart";
    waiting += change.at_restart ? 1 : 0;
    CatTo(&text, Printable(line), "\n");
  }
  if (changes.empty()) return "no difference\n";
  CatTo(&text, changes.size(), changes.size() == 1 ? " difference" : " differences");
  if (waiting > 0) CatTo(&text, ", ", waiting, " at restart only");
  return text + "\n";
}

std::string Json(const std::vector<Change>& changes) {
  nlohmann::json all = nlohmann::json::array();
  for (const Change& change : changes) {
    nlohmann::json one = {{"kind", KindText(change.kind)},
                          {"subject", Printable(change.subject)},
                          {"directive", Printable(change.directive)},
                          {"before", Printable(change.before)},
                          {"after", Printable(change.after)},
                          {"file", Printable(change.place.file)},
                          {"line", change.place.line},
                          {"column", change.place.column},
                          {"at_restart", change.at_restart},
                          {"note", Printable(change.note)},
                          {"domains", nlohmann::json::array()}};
    for (const std::string& domain : change.domains) one["domains"].push_back(Printable(domain));
    all.push_back(std::move(one));
  }
  return nlohmann::json({{"differences", changes.size()}, {"changes", all}}).dump(2) + "\n";
}

}  // namespace

std::string DiffReport(const std::vector<Change>& changes, bool json) {
  return json ? Json(changes) : Text(changes);
}

}  // namespace convoy::config
