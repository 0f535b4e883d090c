#include "config/load.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/text.h"

namespace convoy::config {
namespace {

// In the order in which a reader of the files meets them.
void SortByPlace(const std::vector<SourceFile>& files, std::vector<Diagnostic>* diagnostics) {
  std::map<std::string_view, size_t> order;
  for (size_t i = 0; i < files.size(); ++i) order.try_emplace(files[i].path, i);
  const auto key = [&](const Diagnostic& d) {
    const auto found = order.find(d.where.file);
    return std::tuple(found == order.end() ? files.size() : found->second, d.where.line,
                      d.where.column);
  };
  std::stable_sort(diagnostics->begin(), diagnostics->end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
}

}  // namespace

LoadResult LoadConfig(const std::string& path, const FileAccess& access,
                      const ReadOptions& options) {
  LoadResult result;
  std::vector<SourceFile> files;
  const Section root = ReadSections(path, access, &files, &result.diagnostics, options);
  result.config = Config::Build(root, files, &result.diagnostics);
  SortByPlace(files, &result.diagnostics);
  return result;
}

LoadResult LoadConfig(const std::string& path) { return LoadConfig(path, RealFiles()); }

std::vector<Diagnostic> CheckFiles(const Config& config) {
  std::vector<Diagnostic> diagnostics;
  const FileAccess files = RealFiles();
  const auto check = [&](const std::string& path, const Position& where, std::string_view what,
                         const Said& hint) {
    const absl::StatusOr<std::string> text = files.read(path);
    if (text.ok()) return;
    diagnostics.push_back({Severity::kError, where, Say<"{}: {}">(what, text.status()),
                           absl::IsNotFound(text.status()) ? hint : Said()});
  };
  for (const DomainKeyEntry& key : config.AllDomainKeys()) {
    check(key.file, key.where, "domain-key",
          Say<"make one with: openssl genrsa -out {} 2048">(key.file));
  }
  for (const auto& [path, where] : config.suppress_files()) {
    check(path, where, "suppress-file", Say<"make an empty one with: touch {}">(path));
  }
  return diagnostics;
}

std::string CheckReport(const LoadResult& result, bool json) {
  const auto count = [&](Severity severity) {
    return std::count_if(result.diagnostics.begin(), result.diagnostics.end(),
                         [&](const Diagnostic& d) { return d.severity == severity; });
  };
  const auto errors = count(Severity::kError);
  const auto warnings = count(Severity::kWarning);
  const auto notes = count(Severity::kNote);
  if (json) {
    nlohmann::json out = {{"errors", errors}, {"warnings", warnings}, {"notes", notes}};
    out["diagnostics"] = nlohmann::json::array();
    for (const Diagnostic& d : result.diagnostics) {
      out["diagnostics"].push_back({{"severity", SeverityText(d.severity)},
                                    {"file", Printable(d.where.file)},
                                    {"line", d.where.line},
                                    {"column", d.where.column},
                                    {"message", Printable(d.message.text())},
                                    {"hint", Printable(d.hint.text())}});
    }
    return out.dump(2) + "\n";
  }
  std::string text;
  for (const Diagnostic& d : result.diagnostics) CatTo(&text, d.ToString(), "\n");
  CatTo(&text, errors == 0 ? "configuration is good" : "configuration is not usable", ": ", errors,
        errors == 1 ? " error, " : " errors, ", warnings, warnings == 1 ? " warning" : " warnings");
  if (notes > 0) CatTo(&text, ", ", notes, notes == 1 ? " note" : " notes");
  text += '\n';
  return text;
}

absl::StatusOr<std::string> Explain(const Config& config, std::string_view queue, bool json) {
  const size_t slash = queue.find('/');
  if (slash == std::string_view::npos) {
    return Invalid(
        Say<"'{}' is not a queue: write DOMAIN/VIRTUAL-MTA, for example hotmail.com/vmta-warm-1">(
            queue));
  }
  const std::string vmta(queue.substr(slash + 1));
  if (config.FindVmta(vmta) == nullptr) {
    return Invalid(Say<"no virtual MTA is named '{}'">(vmta));
  }
  const std::string domain = Lower(queue.substr(0, slash));
  const std::string site = config.SiteOf(domain);
  const Policy policy = config.PolicyFor(site, vmta);
  nlohmann::json rows = nlohmann::json::array();
  std::string text =
      Cat("queue ", site, '/', vmta,
          site == domain ? "" : Cat("  (mail for ", domain, " is queued here)"), "\n");
  const auto add = [&](std::string_view directive, const std::string& value,
                       const std::string& from) {
    rows.push_back({{"directive", directive}, {"value", value}, {"from", from}});
    std::string name(directive);
    name.resize(std::max<size_t>(name.size(), 32), ' ');
    std::string shown = value.empty() ? "-" : value;
    shown.resize(std::max<size_t>(shown.size(), 28), ' ');
    CatTo(&text, name, ' ', shown, ' ', from, "\n");
  };
  for (const DirectiveRow& row : DirectiveTable()) {
    if ((row.scopes & kDomain) == 0 || !row.alias_of.empty()) continue;
    if (row.effect != Effect::kEffective || row.name == "include") continue;
    const auto origin = policy.origins.find(row.name);
    const bool set = origin != policy.origins.end();
    const std::string value = Printable(set ? origin->second.text : std::string(row.default_text));
    const std::string from = Printable(set ? origin->second.where.ToString() : "default");
    add(row.name, value, from);
  }
  for (const BackoffLine& line : policy.backoff_lines) {
    add("backoff line", Printable(line.text), Printable(line.where.ToString()));
  }
  if (!json) return text;
  return nlohmann::json({{"queue", Printable(Cat(site, '/', vmta))}, {"settings", rows}}).dump(2) +
         "\n";
}

}  // namespace convoy::config
