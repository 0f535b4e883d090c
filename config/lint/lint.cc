#include "config/lint/lint.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "base/text.h"
#include "config/lint/rules.h"

namespace convoy::config {
namespace {

// The comment on the line, or the one that stands alone on the line above it.
bool IsAllowed(const Finding& finding, const std::vector<std::string_view>& lines) {
  const auto allows = [&](std::string_view line) {
    const size_t hash = line.find('#');
    if (hash == std::string_view::npos) return false;
    const std::string_view comment = line.substr(hash);
    const size_t at = comment.find("lint: allow ");
    return at != std::string_view::npos && comment.find(finding.id, at) != std::string_view::npos;
  };
  const auto line = static_cast<size_t>(finding.where.line);
  if (line == 0 || line > lines.size()) return false;
  if (allows(lines[line - 1])) return true;
  return line > 1 && Trim(lines[line - 2]).starts_with('#') && allows(lines[line - 2]);
}

void RemoveAllowed(const Survey& survey, LintResult* result) {
  std::map<std::string_view, std::vector<std::string_view>> lines;
  for (const SourceFile& file : survey.files) {
    if (file.text.find("lint: allow ") != std::string::npos) {
      lines.try_emplace(file.path, Split(file.text, '\n'));
    }
  }
  result->allowed = std::erase_if(result->findings, [&](const Finding& finding) {
    const auto file = lines.find(finding.where.file);
    return file != lines.end() && IsAllowed(finding, file->second);
  });
}

void Sort(const Survey& survey, std::vector<Finding>* findings) {
  std::map<std::string_view, size_t> order;
  for (size_t i = 0; i < survey.files.size(); ++i) order.try_emplace(survey.files[i].path, i);
  const auto key = [&](const Finding& f) {
    const auto file = order.find(f.where.file);
    return std::tuple(file == order.end() ? 0 : file->second, f.where.line, f.where.column, f.id);
  };
  std::stable_sort(findings->begin(), findings->end(),
                   [&](const Finding& a, const Finding& b) { return key(a) < key(b); });
  // One finding of a kind is enough for a place; a file may be included twice.
  findings->erase(std::unique(findings->begin(), findings->end(),
                              [&](const Finding& a, const Finding& b) { return key(a) == key(b); }),
                  findings->end());
}

}  // namespace

const std::vector<LintRule>& LintRules() {
  using namespace lint;  // NOLINT: the rules are its only content
  static const std::vector<LintRule> rules = {
      {"L101", "a setting that the same section, or one for the same name, sets again", SetAgain},
      {"L102", "a setting of a macro that every one of its domains sets itself", SetForEveryDomain},
      {"L103", "settings of a domain whose mail is queued under another name", QueuedElsewhere},
      {"L104", "queue-to or suppress-file where only the top level counts", NotInThisScope},
      {"L106", "a <domain> name that no address can have", OddDomainNames},
      {"L107", "a rollup by pattern without hosts", RollupWithoutHosts},
      {"L108", "a <domain> name that neither mx lines nor queue-to lead to", NameWithoutMail},
      {"L109", "a name with a final dot where names have none", FinalDots},
      {"L201", "a reply pattern that an earlier one covers", CoveredReplies},
      {"L202", "a bounce category pattern that an earlier one covers", CoveredCategories},
      {"L203", "a pattern that no reply can match", NeverAReply},
      {"L204", "a regex that does not mean what it looks like", OddRegexes},
      {"L301", "a limit of backoff mode above that of normal mode", BackoffAboveNormal},
      {"L302", "a limit that is never reached: one around it is lower", AboveTheLimitAround},
      {"L303", "max-cold-virtual-mta-msg without a cold-virtual-mta", ColdWithoutVmta},
      {"L304", "mail that bounces before it is tried again", NoSecondAttempt},
      {"L305", "a retry-interval that min-retry-interval overrides", IntervalNeverHolds},
      {"L306", "backoff mode that tries more often than normal mode", BackoffRetriesSooner},
      {"L401", "a virtual MTA or pool that no submission by SMTP can choose", NobodyChooses},
      {"L402", "a virtual MTA without a source address where others have one", NoSourceHost},
      {"L403", "a source address of two virtual MTAs", SharedAddress},
      {"L404", "an EHLO name that is no full host name", OddHostName},
      {"L501", "relaying open to the world", OpenRelay},
      {"L502", "TLS required and switched off", TlsRequiredAndOff},
      {"L503", "dkim-sign without a key that could sign", SignedWithoutKey},
      {"L504", "a domain-key, and dkim-sign nowhere", KeyWithoutSigning},
      {"L601", "a domain-macro that nothing uses", UnusedMacros},
      {"L602", "a list that nothing uses", UnusedLists},
      {"L603", "an <acct-file> that no record goes to", FileWithoutRecords},
  };
  return rules;
}

LintResult LintConfig(const std::string& path, const FileAccess& access,
                      const ReadOptions& options) {
  // No rule looks at a secret, and they need not be where the lint is.
  const Survey survey =
      SurveyConfig(path, access, {.lenient = options.lenient, .resolve_secrets = false});
  LintResult result;
  if (survey.config == nullptr) {
    for (const Diagnostic& d : survey.diagnostics) {
      if (d.severity == Severity::kError) result.diagnostics.push_back(d);
    }
    return result;
  }
  for (const LintRule& rule : LintRules()) rule.run(survey, &result.findings);
  Sort(survey, &result.findings);
  RemoveAllowed(survey, &result);
  return result;
}

}  // namespace convoy::config
