// The statements of a configuration with the section each stands in, over all included files.
//
// What rewrites or judges a file as written needs to know which directive a name means, and that
// depends on where it stands; an included file is visited once for each place that includes it.
// What the reader would refuse is visited too: its scope is kNoScope within an unknown section.
//
//     WalkSource("convoy.conf", access, [](const Visit& visit) { ... });
//
// Errors:    none: files that cannot be read are left out, as are circles
// Determinism: pure, but for the access given
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/section.h"

namespace convoy::config {

struct Visit {
  const std::string& file;
  const std::vector<Statement>& statements;  // of the file
  size_t index;                              // of this one
  Scope scope;                               // of the section around it
  const Statement& statement() const { return statements[index]; }
};

void WalkSource(const std::string& path, const FileAccess& access,
                const std::function<void(const Visit&)>& visitor);

}  // namespace convoy::config
