// A configuration as read and as meant, and queues that stand for all that it can have.
//
// Names of queues are unlimited; the ways in which <domain> sections combine are not. A *probe* is
// a domain that stands for every domain with the same sections:
//
//     probe          stands for
//     example.com    itself: it is named, by a section or through a macro
//     *.example.com  every name below it that no section names
//     *              every name that nothing else matches
//     [192.0.2.0]    address literals of a range
//
// A virtual MTA without <domain> sections of its own or of its pool is like any other of that kind;
// they are looked at as one, under the name "".
//
// Thread:    immutable
// Determinism: pure, but for the access given
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace convoy::config {

struct Survey {
  Section root;
  std::vector<SourceFile> files;
  std::shared_ptr<const Config> config;  // null if there are errors
  std::vector<Diagnostic> diagnostics;
  std::vector<std::string> probes;  // in byte order
  std::vector<std::string> vmtas;   // those with <domain> sections; "" comes first
};
Survey SurveyConfig(const std::string& path, const FileAccess& access,
                    const ReadOptions& options = {});

// What each <domain> section with macros in its argument stands for, by the argument, lower case.
using MacroDomains = std::map<std::string, std::vector<std::string>, std::less<>>;
MacroDomains AllMacroDomains(const Section& root);

// A setting that holds for a queue, and the <domain> section it stands in.
struct Holding {
  const Setting* setting;
  const Section* section;
};
// By the name of the directive; "" are backoff lines. Several values only of what adds up.
using Holdings = std::map<std::string_view, std::vector<Holding>>;
Holdings HoldingsOf(const PolicyPath& path);

// The value as it is meant: equal texts mean the same ("1h" and "60m"). Secrets are in it.
std::string Meaning(const DirectiveRow& row, const Setting& setting);
// The same of the default; "" if there is none.
std::string DefaultMeaning(const DirectiveRow& row);

}  // namespace convoy::config
