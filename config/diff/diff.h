// What a reload from one configuration to another changes: `convoy config diff`.
//
// Queues are compared by the policy they get, whatever sections give it; everything else by its
// settings, section by section. Values that mean the same are equal (1h and 60m, a default written
// out). What has no effect is not compared; what has no effect yet is, and says so. A change that
// reaches a queue through a more general pattern is told once, there.
//
//     hotmail.com/*: max-smtp-out 20 -> 5 (new.conf:12)
//     $microsoft (31 domains)/*: retry-after 10m -> 1h (new.conf:20)
//     */vmta-1: dkim-sign no -> yes (new.conf:44)
//     virtual-mta v3: removed (old.conf:30); its mail bounces with 5.3.5 when it is due
//     top level: smtp-listener 127.0.0.1:2526 added (new.conf:2); takes effect at restart
//
// A queue is DOMAIN/VMTA: `*` for the domain stands for all that no other section names, for the
// virtual MTA it stands for all without <domain> sections of their own.
//
// Errors:    none
// Determinism: pure
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/survey/survey.h"

namespace convoy::config {

struct Change {
  enum class Kind { kAdded, kRemoved, kChanged };
  Kind kind = Kind::kChanged;
  std::string subject;    // "hotmail.com/*", "virtual-mta v3", "top level"
  std::string directive;  // "" for a section as a whole
  std::string before;     // as written; "" if there was none, "(hidden)" of a secret
  std::string after;
  Position place;                    // in the new configuration; what is gone: in the old one
  std::string note;                  // what else there is to know
  bool at_restart = false;           // a reload does not bring it
  std::vector<std::string> domains;  // of queues: those it is about, in byte order
};

// Of what is accepted for nothing, or skipped in lenient reading.
constexpr bool NeverHasEffect(Effect effect) {
  return effect == Effect::kNoEffect || effect == Effect::kNotSupported;
}

// Both must have been loaded without errors. Secrets are compared as read, or as written if they
// were not (ReadOptions::resolve_secrets).
std::vector<Change> DiffConfigs(const Survey& before, const Survey& after);
// For people one line each and a summary, or JSON.
std::string DiffReport(const std::vector<Change>& changes, bool json);

}  // namespace convoy::config
