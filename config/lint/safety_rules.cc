// L501 to L504: who may relay, TLS and signatures.
#include <algorithm>

#include "base/text.h"
#include "config/lint/always.h"
#include "config/lint/rules.h"

namespace convoy::config::lint {
namespace {

constexpr char kOpenFix[] =
    "allow relaying only in <source> sections of your own addresses, or with require-auth yes";

bool OnlyLoopback(const Config& config) {
  const auto& listeners = config.smtp_listeners();
  return !listeners.empty() && std::all_of(listeners.begin(), listeners.end(),
                                           [](const auto& one) { return one.ip.is_loopback(); });
}

// An address in the range that no configuration has a reason to name: one of documentation.
IpAddress Stranger(const Cidr& range) {
  const IpAddress test_net = IpAddress::V4(198, 51, 100, 77);
  return range.bits == 0 || range.Contains(test_net) ? test_net : range.network;
}

bool MayRelay(const Survey& survey, const IpAddress& client) {
  const SourceSettings source = survey.config->SourceFor(client);
  return source.smtp_service && source.always_allow_relaying;
}

bool IsYes(const Setting* setting) {
  return setting != nullptr && ParseBool(setting->first()).value_or(false);
}

bool HasKeys(const Survey& survey, std::string_view vmta) {
  if (IsSet(survey.root, "domain-key")) return true;
  for (const Section& section : survey.root.children) {
    if ((section.scope & (kVirtualMta | kPool)) == 0 || !IsSet(section, "domain-key")) continue;
    for (const std::string& member : survey.config->MembersOf(section.argument)) {
      if (EqualsIgnoreCase(member, vmta)) return true;
    }
  }
  return false;
}

}  // namespace

void OpenRelay(const Survey& survey, Findings* out) {
  constexpr int kWideBits = 8;  // a range of that size is nobody's own network
  if (OnlyLoopback(*survey.config)) return;
  bool told = false;
  for (const Section& section : survey.root.children) {
    if (section.scope != kSource) continue;
    const auto range = ParseCidr(section.argument);
    const Setting* setting = FindSetting(section, "always-allow-relaying");
    if (!range.ok() || range->bits >= kWideBits || !IsYes(setting)) continue;
    if (!MayRelay(survey, Stranger(*range))) continue;
    told = true;
    out->push_back({"L501", setting->where,
                    Cat("anyone in ", section.argument, " may send mail to anyone: an open relay"),
                    kOpenFix});
  }
  const Setting* global = FindSetting(survey.root, "always-allow-relaying");
  if (told || !IsYes(global) || !MayRelay(survey, Stranger({}))) return;
  out->push_back(
      {"L501", global->where, "any client may send mail to anyone: an open relay", kOpenFix});
}

void TlsRequiredAndOff(const Survey& survey, Findings* out) {
  Always always("L502");
  EachQueue(survey, [&](const Queue& queue) {
    if (!queue.policy.require_starttls) return;
    always.See(queue.Find("use-starttls"), queue.Find("require-starttls"),
               !queue.policy.use_starttls,
               "'require-starttls yes' and 'use-starttls no': no mail can be delivered",
               "write 'use-starttls yes'");
  });
  always.Report(out);
}

void SignedWithoutKey(const Survey& survey, Findings* out) {
  Always always("L503");
  EachQueue(survey, [&](const Queue& queue) {
    if (!queue.policy.dkim_sign) return;
    const bool key = std::any_of(queue.vmtas.begin(), queue.vmtas.end(),
                                 [&](const std::string& name) { return HasKeys(survey, name); });
    always.See(queue.Find("dkim-sign"), nullptr, !key && !queue.vmtas.empty(),
               "'dkim-sign yes' signs nothing: there is no domain-key for this mail",
               "write 'domain-key SELECTOR,DOMAIN,FILE' at the top level or into the virtual MTA");
  });
  always.Report(out);
}

void KeyWithoutSigning(const Survey& survey, Findings* out) {
  const Setting* key = nullptr;
  bool signs = false;
  EachSection(survey.root, nullptr, [&](const Section& section, const Section*) {
    if (section.scope != kDomainKeyList && key == nullptr) key = FindSetting(section, "domain-key");
    signs = signs || IsYes(FindSetting(section, "dkim-sign"));
  });
  if (key == nullptr || signs) return;
  out->push_back({"L504", key->where, "a key, and no <domain> section has 'dkim-sign yes'",
                  "write 'dkim-sign yes' into <domain *>"});
}

}  // namespace convoy::config::lint
