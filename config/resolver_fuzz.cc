// Foreign bytes as a configuration, asked about every name that is in it.
//
// How it works: 1. the text is read leniently, and the words of its statements are the names: those
// of virtual MTAs and pools, and up to kDomains others as domains; 2. which <domain> sections hold
// for a queue is found here by a slow and plain reading of domain_rules.h, and must be what the
// Config finds, in an order that ends with the most specific; 3. sites are followed to their end,
// so that another shard finds the same one; 4. members of pools are virtual MTAs; 5. an explanation
// names every setting that somebody made, with its place, and no secret; 6. the cache says what the
// Config says.

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "config/lexer.h"
#include "config/load.h"
#include "config/macros.h"
#include "config/policy_cache.h"

namespace {

namespace config = convoy::config;
using config::DomainPattern;
using config::Section;
using convoy::Cat;
using convoy::Lower;

constexpr size_t kDomains = 5;
constexpr size_t kVmtas = 2;
constexpr std::string_view kSecret = "s3cretfromtheenvironment";

config::FileAccess Access(const std::string& text) {
  config::FileAccess access;
  access.read = [&text](const std::string& path) -> absl::StatusOr<std::string> {
    if (path == "f") return text;
    return absl::NotFoundError(Cat("cannot read ", path));
  };
  access.glob = [](const std::string&) { return std::vector<std::string>(); };
  access.environment = [](const std::string&) { return std::string(kSecret); };
  return access;
}

// Words that may be meant as domains, and a name below and beside each pattern.
std::vector<std::string> Domains(const std::string& text) {
  std::vector<std::string> domains = {"a.example"};
  std::vector<config::Diagnostic> ignored;
  for (const config::Statement& statement : config::Lex("f", text, &ignored, true)) {
    for (const config::Word& word : statement.words) {
      const auto pattern = config::ParseDomainPattern(Lower(word.text));
      if (!pattern.ok() || pattern->kind == DomainPattern::Kind::kAny) continue;
      if (domains.size() >= kDomains) return domains;
      if (pattern->kind == DomainPattern::Kind::kRange) {
        domains.push_back(Cat('[', pattern->range.network.ToString(), ']'));
        continue;
      }
      domains.push_back(pattern->name);
      if (pattern->kind != DomainPattern::Kind::kExact) domains.push_back("x." + pattern->name);
    }
  }
  return domains;
}

// domain_rules.h, as one would explain it.
bool Matches(const DomainPattern& pattern, const std::string& domain) {
  const bool under = domain.ends_with("." + pattern.name);
  switch (pattern.kind) {
    case DomainPattern::Kind::kAny:
      return true;
    case DomainPattern::Kind::kUnder:
      return under;
    case DomainPattern::Kind::kUnderOrEqual:
      return under || domain == pattern.name;
    case DomainPattern::Kind::kExact:
      return domain == pattern.name;
    case DomainPattern::Kind::kRange:
      break;
  }
  if (!domain.starts_with('[') || !domain.ends_with(']')) return false;
  std::string inside = domain.substr(1, domain.size() - 2);
  if (inside.starts_with("ipv6:")) inside.erase(0, 5);
  const auto ip = convoy::IpAddress::Parse(inside);
  return ip.ok() && pattern.range.Contains(*ip);
}

// The more specific, the larger: the kind, then the length of the suffix or range.
using Weight = std::pair<int, size_t>;
Weight WeightOf(const DomainPattern& pattern) {
  switch (pattern.kind) {
    case DomainPattern::Kind::kAny:
      return {0, 0};
    case DomainPattern::Kind::kRange:
      return {1, static_cast<size_t>(pattern.range.bits)};
    case DomainPattern::Kind::kUnderOrEqual:
      return {2, pattern.name.size()};
    case DomainPattern::Kind::kUnder:
      return {3, pattern.name.size()};
    case DomainPattern::Kind::kExact:
      return {4, 0};
  }
  return {0, 0};
}

// A top-level <domain> section and what it is for.
struct Rule {
  std::string place;
  bool macro = false;
  std::vector<DomainPattern> patterns;
};

std::vector<Rule> RulesOf(const Section& root) {
  std::vector<config::Diagnostic> ignored;
  config::Macros macros(&ignored);
  macros.Read(root);
  std::vector<Rule> rules;
  for (const Section& section : root.children) {
    if (section.scope != config::kDomain) continue;
    Rule rule{section.where.ToString(), section.argument.find('$') != std::string::npos, {}};
    for (const std::string& one : macros.Expand(Lower(section.argument), section.where)) {
      const auto pattern = config::ParseDomainPattern(one);
      if (pattern.ok()) rule.patterns.push_back(*pattern);
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

// The sections found for `domain` are those that hold for it, each as often as it holds for one
// reason more, and the last ones are the most specific.
void CheckPath(const std::vector<Rule>& rules, const std::string& domain,
               const std::vector<const Section*>& path) {
  std::set<std::string> expected;
  Weight heaviest{-1, 0};
  std::set<std::string> last;
  for (const Rule& rule : rules) {
    for (const DomainPattern& pattern : rule.patterns) {
      if (!Matches(pattern, domain)) continue;
      expected.insert(rule.place);
      const Weight weight = WeightOf(pattern);
      if (weight > heaviest) last.clear();
      if (weight >= heaviest) last.insert(rule.place);
      heaviest = std::max(weight, heaviest);
    }
  }
  std::set<std::string> found;
  for (const Section* section : path) found.insert(section->where.ToString());
  CHECK(found == expected);
  if (!path.empty()) CHECK(last.contains(path.back()->where.ToString()));
}

void CheckExplanation(const config::Config& loaded, const std::string& domain,
                      const std::string& vmta, const config::Policy& policy) {
  const auto text = config::Explain(loaded, Cat(domain, '/', vmta), false);
  if (domain.find('/') != std::string::npos) return;
  CHECK(text.ok());
  CHECK(text->find(kSecret) == std::string::npos);
  for (const auto& [name, origin] : policy.origins) {
    const config::DirectiveRow* row = config::FindDirective(name, config::kDomain);
    if (row->effect != config::Effect::kEffective) continue;
    const size_t at = text->find(Cat("\n", name, " "));
    CHECK(at != std::string::npos);
    const std::string line = text->substr(at + 1, text->find('\n', at + 1) - at - 1);
    CHECK(line.ends_with(" " + config::Printable(origin.where.ToString())));
  }
}

std::shared_ptr<const config::Policy> Same(const config::Policy& policy) {
  return std::make_shared<const config::Policy>(policy);
}

void CheckQueue(const config::Config& loaded, config::PolicyCache<config::Policy>* cache,
                const std::string& site, const std::string& vmta) {
  const config::Policy policy = loaded.PolicyFor(site, vmta);
  const auto cached = cache->PolicyFor(site, vmta);
  CHECK(cached == cache->PolicyFor(site, vmta));
  CHECK(cached->max_smtp_out == policy.max_smtp_out && cached->queue_to == policy.queue_to);
  CHECK(cached->suppress_files == policy.suppress_files);
  CHECK(cached->origins.size() == policy.origins.size());
  CHECK(!policy.retry_after.empty() && !policy.retry_interval.empty());
  CHECK(loaded.PathFor(site, convoy::Lower(vmta)) == loaded.PathFor(site, vmta));
  CheckExplanation(loaded, site, vmta, policy);
}

void CheckNames(const config::Config& loaded, const std::string& text) {
  for (const std::string& vmta : loaded.VmtaNames()) {
    CHECK(loaded.FindVmta(vmta) != nullptr);
    CHECK(loaded.MembersOf(vmta) == std::vector<std::string>{vmta});
  }
  std::vector<config::Diagnostic> ignored;
  for (const config::Statement& statement : config::Lex("f", text, &ignored, true)) {
    for (const config::Word& word : statement.words) {
      for (const std::string& member : loaded.MembersOf(word.text)) {
        CHECK(loaded.FindVmta(member) != nullptr);
      }
    }
  }
  for (const config::MxRollup& rollup : loaded.lists().mx_rollups) {
    CHECK(rollup.name.ends_with(".rollup") && rollup.pattern == Lower(rollup.pattern));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (text.find(kSecret) != std::string::npos) return 0;  // it may be printed then
  const config::FileAccess access = Access(text);
  const config::ReadOptions options{.lenient = true};
  const config::LoadResult result = config::LoadConfig("f", access, options);
  if (result.config == nullptr) return 0;
  const config::Config& loaded = *result.config;
  CheckNames(loaded, text);
  std::vector<config::SourceFile> files;
  std::vector<config::Diagnostic> ignored;
  const Section root = config::ReadSections("f", access, &files, &ignored, options);
  const std::vector<Rule> rules = RulesOf(root);
  config::PolicyCache<config::Policy> cache(result.config, Same);
  std::vector<std::string> vmtas = loaded.VmtaNames();
  vmtas.resize(std::min(vmtas.size(), kVmtas));
  for (const std::string& domain : Domains(text)) {
    CheckPath(rules, domain, loaded.PathFor(domain, "{default}").global);
    const std::string site = loaded.SiteOf(domain);
    CHECK(loaded.SiteOf(site) == site);
    for (const std::string& vmta : vmtas) {
      CheckQueue(loaded, &cache, site, vmta);
      for (const config::DomainKeyEntry& key : loaded.DomainKeysFor(vmta, domain)) {
        CHECK(key.domain == domain && !key.file.empty());
      }
    }
  }
  return 0;
}
