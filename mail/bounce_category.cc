#include "mail/bounce_category.h"

#include <array>
#include <iterator>
#include <string>

#include "base/text.h"

namespace convoy::mail {
namespace {

using enum BounceCategory;

constexpr std::array<std::string_view, kBounceCategoryCount> kNames = {
    "bad-configuration",   "bad-connection",
    "bad-domain",          "bad-mailbox",
    "content-related",     "inactive-mailbox",
    "invalid-sender",      "message-expired",
    "no-answer-from-host", "other",
    "policy-related",      "protocol-errors",
    "quota-issues",        "relaying-issues",
    "routing-errors",      "spam-related",
    "virus-related",       "success",
};

struct CodeRule {
  int subject;
  int detail;
  BounceCategory category;
};
constexpr CodeRule kPrecise[] = {
    {1, 1, kBadMailbox},       {1, 2, kBadDomain},        {1, 3, kBadMailbox},
    {1, 4, kBadMailbox},       {1, 6, kBadMailbox},       {1, 7, kInvalidSender},
    {1, 8, kInvalidSender},    {1, 10, kBadDomain},       {2, 2, kQuotaIssues},
    {2, 3, kContentRelated},   {3, 1, kQuotaIssues},      {3, 4, kContentRelated},
    {3, 5, kBadConfiguration}, {4, 1, kNoAnswerFromHost}, {4, 2, kBadConnection},
    {4, 3, kRoutingErrors},    {4, 4, kRoutingErrors},    {4, 6, kRoutingErrors},
    {4, 7, kMessageExpired},   {5, 1, kProtocolErrors},   {5, 2, kProtocolErrors},
    {5, 3, kPolicyRelated},    {5, 4, kProtocolErrors},   {5, 5, kProtocolErrors},
    {6, 7, kContentRelated},   {6, 9, kContentRelated},   {7, 8, kBadConfiguration},
    {7, 13, kInactiveMailbox}, {7, 17, kInactiveMailbox}, {7, 18, kBadDomain},
    {7, 27, kInvalidSender},
};

// By subject 0..7, when neither the code nor the text said more.
constexpr BounceCategory kBySubject[] = {
    kOther,         kBadMailbox,     kBadMailbox,     kOther,
    kRoutingErrors, kProtocolErrors, kContentRelated, kPolicyRelated,
};

struct PhraseRule {
  std::string_view phrase;  // lower case
  BounceCategory category;
};
// Order matters: what names a cause stands before what only names a refusal.
constexpr PhraseRule kPhrases[] = {
    {"virus", kVirusRelated},
    {"malware", kVirusRelated},
    {"infected", kVirusRelated},
    {"trojan", kVirusRelated},

    {"relay access denied", kRelayingIssues},
    {"relaying denied", kRelayingIssues},
    {"relay denied", kRelayingIssues},
    {"relaying not ", kRelayingIssues},
    {"relay not ", kRelayingIssues},
    {"relaying is ", kRelayingIssues},
    {"unable to relay", kRelayingIssues},
    {"not permitted to relay", kRelayingIssues},
    {"not allowed to relay", kRelayingIssues},
    {"do not relay", kRelayingIssues},

    {"greylist", kPolicyRelated},
    {"graylist", kPolicyRelated},
    {"grey-list", kPolicyRelated},
    {"grey list", kPolicyRelated},
    {"receiving mail too quickly", kQuotaIssues},
    {"receiving mail at a rate", kQuotaIssues},

    {"blocked using", kSpamRelated},
    {"block list", kSpamRelated},
    {"blocklist", kSpamRelated},
    {"blacklist", kSpamRelated},
    {"black list", kSpamRelated},
    {"black-list", kSpamRelated},
    {"spamhaus", kSpamRelated},
    {"spamcop", kSpamRelated},
    {"barracudacentral", kSpamRelated},
    {"sorbs", kSpamRelated},
    {"dnsbl", kSpamRelated},
    {"rbl", kSpamRelated},
    {"unsolicited", kSpamRelated},
    {"as spam", kSpamRelated},
    {"considered spam", kSpamRelated},
    {"is spam", kSpamRelated},
    {"likely spam", kSpamRelated},
    {"spam content", kSpamRelated},
    {"spam detected", kSpamRelated},
    {"spam message", kSpamRelated},
    {"junk mail", kSpamRelated},
    {"dt:spm", kSpamRelated},
    {"mail content denied", kSpamRelated},
    {"user complaints", kSpamRelated},

    {"sender address rejected", kInvalidSender},
    {"sender rejected", kInvalidSender},
    {"sender domain", kInvalidSender},
    {"domain of sender", kInvalidSender},
    {"sender verify failed", kInvalidSender},
    {"sender address does not exist", kInvalidSender},
    {"invalid sender", kInvalidSender},
    {"bad sender", kInvalidSender},
    {"unresolvable sender", kInvalidSender},

    {"account disabled", kInactiveMailbox},
    {"account is disabled", kInactiveMailbox},
    {"account has been disabled", kInactiveMailbox},
    {"account has been suspended", kInactiveMailbox},
    {"account is suspended", kInactiveMailbox},
    {"account suspended", kInactiveMailbox},
    {"account expired", kInactiveMailbox},
    {"account is inactive", kInactiveMailbox},
    {"account inactive", kInactiveMailbox},
    {"reach is disabled", kInactiveMailbox},
    {"reach is inactive", kInactiveMailbox},
    {"mailbox disabled", kInactiveMailbox},
    {"mailbox is disabled", kInactiveMailbox},
    {"mailbox is inactive", kInactiveMailbox},
    {"mailbox inactive", kInactiveMailbox},
    {"mailbox has been disabled", kInactiveMailbox},
    {"user is inactive", kInactiveMailbox},
    {"inactive user", kInactiveMailbox},
    {"inactive account", kInactiveMailbox},
    {"inactive mailbox", kInactiveMailbox},
    {"deactivated", kInactiveMailbox},
    {"no longer active", kInactiveMailbox},
    {"no longer accepting", kInactiveMailbox},

    {"over quota", kQuotaIssues},
    {"over-quota", kQuotaIssues},
    {"overquota", kQuotaIssues},
    {"quota exceeded", kQuotaIssues},
    {"exceeded storage", kQuotaIssues},
    {"exceeds quota", kQuotaIssues},
    {"exceeded quota", kQuotaIssues},
    {"exceeded his quota", kQuotaIssues},
    {"exceeded its quota", kQuotaIssues},
    {"mailbox full", kQuotaIssues},
    {"mailbox is full", kQuotaIssues},
    {"inbox is full", kQuotaIssues},
    {"out of storage", kQuotaIssues},
    {"insufficient storage", kQuotaIssues},
    {"insufficient system storage", kQuotaIssues},
    {"insufficient disk", kQuotaIssues},
    {"disk full", kQuotaIssues},

    {"no such domain", kBadDomain},
    {"domain not found", kBadDomain},
    {"domain name not found", kBadDomain},
    {"domain does not exist", kBadDomain},
    {"domain doesn't exist", kBadDomain},
    {"domain unknown", kBadDomain},
    {"unknown domain", kBadDomain},
    {"invalid domain", kBadDomain},
    {"domain is not hosted", kBadDomain},
    {"null mx", kBadDomain},
    {"nullmx", kBadDomain},

    {"user unknown", kBadMailbox},
    {"unknown user", kBadMailbox},
    {"unknown local user", kBadMailbox},
    {"unknown address", kBadMailbox},
    {"unknown recipient", kBadMailbox},
    {"unknown or illegal alias", kBadMailbox},
    {"unknown mailbox", kBadMailbox},
    {"recipient unknown", kBadMailbox},
    {"recipient not found", kBadMailbox},
    {"recipient address rejected", kBadMailbox},
    {"recipient rejected", kBadMailbox},
    {"recipient does not", kBadMailbox},
    {"no such user", kBadMailbox},
    {"no such recipient", kBadMailbox},
    {"no such mailbox", kBadMailbox},
    {"no such address", kBadMailbox},
    {"no such person", kBadMailbox},
    {"no such account", kBadMailbox},
    {"no mailbox here", kBadMailbox},
    {"no account", kBadMailbox},
    {"does not exist", kBadMailbox},
    {"doesn't exist", kBadMailbox},
    {"doesn't have a", kBadMailbox},
    {"not exist", kBadMailbox},
    {"user not found", kBadMailbox},
    {"user doesn't", kBadMailbox},
    {"address not found", kBadMailbox},
    {"address unknown", kBadMailbox},
    {"mailbox not found", kBadMailbox},
    {"mailbox unknown", kBadMailbox},
    {"mailbox unavailable", kBadMailbox},
    {"mailbox not available", kBadMailbox},
    {"invalid recipient", kBadMailbox},
    {"invalid mailbox", kBadMailbox},
    {"invalid address", kBadMailbox},
    {"invalid user", kBadMailbox},
    {"bad destination mailbox", kBadMailbox},
    {"not a valid mailbox", kBadMailbox},
    {"not a known user", kBadMailbox},
    {"not our customer", kBadMailbox},
    {"unrouteable address", kBadMailbox},
    {"unroutable address", kBadMailbox},
    {"undeliverable address", kBadMailbox},
    {"destinataire invalide", kBadMailbox},

    {"spam", kSpamRelated},

    {"message too large", kContentRelated},
    {"message size exceeds", kContentRelated},
    {"message file too big", kContentRelated},
    {"message is too big", kContentRelated},
    {"maximum message size", kContentRelated},
    {"size limit", kContentRelated},
    {"attachment", kContentRelated},
    {"message content", kContentRelated},
    {"content rejected", kContentRelated},
    {"content filter", kContentRelated},
    {"prohibited content", kContentRelated},
    {"mime", kContentRelated},
    {"line too long", kContentRelated},
    {"lines longer than", kContentRelated},
    {"5322", kContentRelated},

    {"expired", kMessageExpired},
    {"connection timed out", kNoAnswerFromHost},
    {"connection refused", kNoAnswerFromHost},
    {"no answer", kNoAnswerFromHost},
    {"host unreachable", kNoAnswerFromHost},
    {"lost connection", kBadConnection},
    {"connection lost", kBadConnection},
    {"connection reset", kBadConnection},
    {"connection dropped", kBadConnection},
    {"broken pipe", kBadConnection},
    {"too many hops", kRoutingErrors},
    {"too many received", kRoutingErrors},
    {"hop count exceeded", kRoutingErrors},
    {"mail loop", kRoutingErrors},
    {"loops back", kRoutingErrors},
    {"routing loop", kRoutingErrors},
    {"loop detected", kRoutingErrors},
    {"unable to route", kRoutingErrors},
    {"no route", kRoutingErrors},
    {"syntax error", kProtocolErrors},
    {"unrecognized command", kProtocolErrors},
    {"command unrecognized", kProtocolErrors},
    {"command not recognized", kProtocolErrors},
    {"command not implemented", kProtocolErrors},
    {"unknown command", kProtocolErrors},
    {"bad sequence", kProtocolErrors},
    {"out of sequence", kProtocolErrors},
    {"starttls", kProtocolErrors},
    {"timeout waiting for command", kProtocolErrors},

    {"policy", kPolicyRelated},
    {"rate limit", kPolicyRelated},
    {"rate-limit", kPolicyRelated},
    {"unusual rate", kPolicyRelated},
    {"frequency limited", kPolicyRelated},
    {"throttl", kPolicyRelated},
    {"too many", kPolicyRelated},
    {"exceeded the maximum", kPolicyRelated},
    {"temporarily deferred", kPolicyRelated},
    {"reputation", kPolicyRelated},
    {"dmarc", kPolicyRelated},
    {"dkim", kPolicyRelated},
    {"spf", kPolicyRelated},
    {"reverse dns", kPolicyRelated},
    {"ptr", kPolicyRelated},
    {"rdns", kPolicyRelated},
    {"authentication", kPolicyRelated},
    {"not authorized", kPolicyRelated},
    {"access denied", kPolicyRelated},
    {"blocked", kPolicyRelated},
    {"banned", kPolicyRelated},
    {"denied", kPolicyRelated},
    {"rejected", kPolicyRelated},
    {"refused", kPolicyRelated},
    {"prohibited", kPolicyRelated},
    {"not allowed", kPolicyRelated},
};

std::optional<BounceCategory> FromPreciseCode(const EnhancedStatus& status) {
  for (const CodeRule& rule : kPrecise) {
    if (rule.subject == status.subject && rule.detail == status.detail) return rule.category;
  }
  return {};
}

// Lower case, cut, and without <local@domain>.
std::string SearchableText(std::string_view diagnostic) {
  std::string text = Lower(diagnostic.substr(0, kDiagnosticBytesMax));
  for (size_t open = text.find('<'); open != std::string::npos; open = text.find('<', open + 1)) {
    const size_t close = text.find('>', open);
    if (close == std::string::npos) break;
    const size_t at = text.find('@', open);
    if (at < close) text.replace(open + 1, close - open - 1, 1, '@');
  }
  return text;
}

bool ContainsAtWordStart(std::string_view text, std::string_view phrase) {
  for (size_t at = text.find(phrase); at != std::string_view::npos;
       at = text.find(phrase, at + 1)) {
    if (at == 0 || !IsAlnum(text[at - 1])) return true;
  }
  return false;
}

std::optional<BounceCategory> FromText(std::string_view diagnostic) {
  const std::string text = SearchableText(diagnostic);
  for (const PhraseRule& rule : kPhrases) {
    if (ContainsAtWordStart(text, rule.phrase)) return rule.category;
  }
  return {};
}

}  // namespace

std::string_view BounceCategoryName(BounceCategory category) {
  return kNames[static_cast<size_t>(category)];
}

std::optional<BounceCategory> ParseBounceCategory(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (EqualsIgnoreCase(kNames[i], name)) return static_cast<BounceCategory>(i);
  }
  return {};
}

BounceCategory CategorizeBounce(const EnhancedStatus& status, std::string_view diagnostic) {
  if (status.klass == 2) return kSuccess;
  if (const std::optional<BounceCategory> exact = FromPreciseCode(status)) return *exact;
  if (const std::optional<BounceCategory> told = FromText(diagnostic)) return *told;
  // A disabled mailbox, unless the text told of a rate or a quota (450 4.2.1 of large providers).
  if (status.subject == 2 && status.detail == 1) return kInactiveMailbox;
  const bool known =
      status.subject >= 0 && status.subject < static_cast<int>(std::size(kBySubject));
  return known ? kBySubject[status.subject] : kOther;
}

}  // namespace convoy::mail
