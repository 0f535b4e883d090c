// Findings as text and as JSON.
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/lint/lint.h"

namespace convoy::config {
namespace {

std::string Json(const LintResult& result) {
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& finding : result.findings) {
    findings.push_back({{"id", finding.id},
                        {"file", Printable(finding.where.file)},
                        {"line", finding.where.line},
                        {"column", finding.where.column},
                        {"message", Printable(finding.message)},
                        {"fix", Printable(finding.fix)}});
  }
  nlohmann::json errors = nlohmann::json::array();
  for (const Diagnostic& d : result.diagnostics) errors.push_back(d.ToString());
  return nlohmann::json({{"rules", LintRules().size()},
                         {"errors", errors},
                         {"allowed", result.allowed},
                         {"findings", findings}})
             .dump(2) +
         "\n";
}

}  // namespace

std::string LintReport(const LintResult& result, const std::string& path, bool json) {
  if (json) return Json(result);
  std::string text;
  if (!result.diagnostics.empty()) {
    for (const Diagnostic& d : result.diagnostics) CatTo(&text, d.ToString(), "\n");
    return Cat(text, Printable(path),
               " cannot be loaded: mend its errors first, or try --lenient\n");
  }
  for (const Finding& finding : result.findings) {
    CatTo(&text, Printable(Cat(finding.where.ToString(), ": ", finding.id, ": ", finding.message)),
          "\n");
    if (!finding.fix.empty()) CatTo(&text, "    fix: ", Printable(finding.fix), "\n");
  }
  const size_t count = result.findings.size();
  CatTo(&text, Printable(path), ": ", count == 0 ? "no findings" : Cat(count),
        count == 0   ? ""
        : count == 1 ? " finding"
                     : " findings",
        ", ", LintRules().size(), " rules");
  if (result.allowed > 0) CatTo(&text, ", ", result.allowed, " allowed by comments");
  return text + "\n";
}

std::string LintRuleList(bool json) {
  std::string text;
  nlohmann::json all = nlohmann::json::array();
  for (const LintRule& rule : LintRules()) {
    CatTo(&text, rule.id, "  ", rule.about, "\n");
    all.push_back({{"id", rule.id}, {"about", rule.about}});
  }
  return json ? all.dump(2) + "\n" : text;
}

}  // namespace convoy::config
