#include "config/invented_names.h"

#include "base/text.h"

namespace convoy::config {
namespace {

struct Invented {
  std::string_view name;
  std::string_view hint;
};

constexpr Invented kDirectives[] = {
    {"http-listener", "write 'http-mgmt-port PORT'"},
    {"bounce-classification-file", "write a <bounce-category-patterns> section"},
    {"routing-file", "write 'smtp-hosts' or 'queue-to' in <domain>"},
    {"map-header-to-column", "write 'map-header-to-field'"},
    {"domain-selection", "write <domain NAME> sections"},
    {"suppress-delivery", "write 'suppress-file FILE' in <domain>"},
    {"backoff-reroute-to", "write 'backoff-reroute-to-virtual-mta'"},
    {"min-smtp-out", "connections are opened as mail needs them; only 'max-smtp-out' is a limit"},
    {"deliver-unmatched-to", "write 'forward-unmatched-to'"},
    {"bounce-address", "the envelope sender comes with each message"},
    {"throttle", "write 'max-msg-rate N/h' in <domain>"},
    {"max-conn-rate", "write 'max-connect-rate'"},
    {"smtp-source-ip", "write 'smtp-source-host IP HOST'"},
};

constexpr Invented kSections[] = {
    {"queue", "write <domain NAME> within <virtual-mta NAME>"},
    {"vmta", "write <virtual-mta NAME>"},
    {"vmta-pool", "write <virtual-mta-pool NAME>"},
    {"smtp-pattern", "write <smtp-pattern-list NAME> with lines 'reply /4\\d\\d/ mode=backoff'"},
    {"bind", "write 'smtp-source-host IP HOST' in <virtual-mta>"},
    {"http-listener", "write 'http-mgmt-port PORT'"},
};

template <size_t kCount>
std::string_view Find(const Invented (&list)[kCount], std::string_view name) {
  for (const Invented& one : list) {
    if (EqualsIgnoreCase(one.name, name)) return one.hint;
  }
  return "";
}

}  // namespace

std::string_view HintForDirective(std::string_view name) { return Find(kDirectives, name); }

std::string_view HintForSection(std::string_view name) { return Find(kSections, name); }

}  // namespace convoy::config
