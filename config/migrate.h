// Rewrites a configuration file without old names and without lines that do nothing: `convoy
// config migrate`.
//
//     before                          after
//     route [192.0.2.7]               smtp-hosts [192.0.2.7]
//     max-smtp-out-per-source-ip 5    source-ip-max-smtp-out 0/0 5
//     remove-received-headers yes     remove-header Received
//     sync-msg-create false           # sync-msg-create false  # no effect: ...
//     <spool /var/spool/x>            # <spool /var/spool/x>  # no effect: ... (to its end)
//
// A name is replaced where the new one means the same; where that would change what the
// configuration does (smtp-port would open a listener), the line becomes a comment that says what
// to write. Lines keep their numbers, comments and layout stay. The result means what it meant.
//
// One file is rewritten, the main one or one it includes; the others are only named. Included lines
// mean what the place of the include makes of them, so the walk begins at the main file.
//
// Errors:    as diagnostics of the reader; with one, nothing is rewritten
// Determinism: pure, but for the access given
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/section.h"

namespace convoy::config {

struct MigrationChange {
  Position where;
  std::string text;  // "'route' is now 'smtp-hosts'"; no secrets
};

struct Migration {
  std::string text;                      // the file as it should be
  std::vector<MigrationChange> changes;  // in the order of the file
  std::vector<MigrationChange> left;     // what a person must do, and why
  std::vector<std::string> others;       // included files that have old names, too
};

struct MigrateOptions {
  // The file to rewrite, as the configuration finds it; "": the main one.
  std::string part;
  // What is not known or not supported becomes a comment, too; otherwise it is an error.
  bool lenient = false;
};

// Nothing if there are errors, or if `part` is no file of the configuration.
std::optional<Migration> MigrateConfig(const std::string& path, const FileAccess& access,
                                       const MigrateOptions& options,
                                       std::vector<Diagnostic>* diagnostics);

}  // namespace convoy::config
