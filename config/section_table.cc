#include "config/section_table.h"

#include "base/text.h"

namespace convoy::config {

const std::vector<SectionKind>& SectionKinds() {
  using enum Argument;
  using enum Effect;
  constexpr std::string_view kList = "the list is read and checked, and not used";
  constexpr std::string_view kReports = "bounces and complaints are not taken in";
  constexpr std::string_view kAuth = "AUTH is not offered to clients";
  constexpr std::string_view kDirect = "connections are made directly, not through a proxy";
  constexpr std::string_view kNobody = "nothing is reported to anyone";
  constexpr uint32_t kQueues = kGlobal | kVirtualMta | kPool;
  static const std::vector<SectionKind> kinds = {
      {"source", "<source>", kSource, kGlobal, kName, kEffective, ""},
      {"domain", "<domain>", kDomain, kQueues, kName, kEffective, ""},
      {"virtual-mta", "<virtual-mta>", kVirtualMta, kGlobal, kName, kEffective, ""},
      {"virtual-mta-pool", "<virtual-mta-pool>", kPool, kGlobal, kName, kEffective, ""},
      {"acct-file", "<acct-file>", kAcctFile, kGlobal, kText, kEffective, ""},
      {"smtp-listener", "<smtp-listener>", kSmtpListener, kGlobal, kName, kEffective, ""},
      {"domain-key-list", "<domain-key-list>", kDomainKeyList, kGlobal, kOptional, kNotYet,
       "keys are chosen by domain-key lines; X-DKIM-Options is not read"},
      {"smtp-user", "<smtp-user>", kSmtpUser, kGlobal, kName, kNotYet, kAuth},
      {"source-group", "<source-group>", kSourceGroup, kGlobal, kName, kNotYet,
       "inbound connections are counted for the shard as a whole"},
      {"spool", "<spool>", kSpool, kGlobal, kText, kNoEffect, "the spool lies in --data-dir"},
      {"dns", "<dns>", kDns, kGlobal, kNone, kNotYet, "domains are looked up when they are needed"},
      {"proxy", "<proxy>", kProxy, kGlobal, kName, kNotYet, kDirect},
      {"vault", "<vault>", kVault, kGlobal, kOptional, kNotSupported,
       "secrets are read from files and the environment only"},
      {"signals", "<signals>", kSignals, kGlobal, kOptional, kNoEffect, kNobody},
      {"signals-filter", "<signals-filter>", kSignals, kGlobal, kOptional, kNoEffect, kNobody},
      {"sparkpost-analytics", "<sparkpost-analytics>", kSignals, kGlobal, kOptional, kNoEffect,
       kNobody},
      {"pattern-list", "<pattern-list>", kPatternList, kGlobal | kPatternList, kOptional, kNotYet,
       kList},
      {"smtp-pattern-list", "<smtp-pattern-list>", kSmtpPatternList, kGlobal, kName, kEffective,
       ""},
      {"bounce-category-patterns", "<bounce-category-patterns>", kBounceCategories, kGlobal, kNone,
       kNotYet, kList},
      {"mx-rollup-list", "<mx-rollup-list>", kMxRollupList, kGlobal, kNone, kNotYet, kList},
      {"address-list", "<address-list>", kAddressList, kGlobal | kProcessor, kOptional, kNotYet,
       kList},
      {"rewrite-list", "<rewrite-list>", kRewriteList, kGlobal, kName, kNotYet, kList},
      {"bounce-processor", "<bounce-processor>", kProcessor, kGlobal, kNone, kNotYet, kReports},
      {"feedback-loop-processor", "<feedback-loop-processor>", kProcessor, kGlobal, kNone, kNotYet,
       kReports},
      {"email-patterns", "<email-patterns>", kEmailPatterns, kProcessor, kOptional, kNotYet,
       kReports},
      {"transmissions-api", "<transmissions-api>", kTransmissionsApi, kGlobal, kOptional, kNotYet,
       "there is no HTTP submission"},
      {"transmissions-api-listener", "<transmissions-api-listener>", kApiListener, kGlobal, kName,
       kNotYet, "there is no HTTP submission"},
      {"aliases", "<aliases>", kAliases, kGlobal, kNone, kNotYet,
       "mail from the outside is not taken in"},
  };
  return kinds;
}

const SectionKind* FindSection(std::string_view name) {
  for (const SectionKind& kind : SectionKinds()) {
    if (EqualsIgnoreCase(kind.name, name)) return &kind;
  }
  return nullptr;
}

}  // namespace convoy::config
