// What becomes of one directive or section when a file is migrated; see migrate.h.
//
// Determinism: pure
#pragma once

#include <string>

#include "config/directive_table.h"
#include "config/lexer.h"

namespace convoy::config {

struct MigrationRule {
  enum class Kind {
    kKeep,
    kRename,   // `text` is the new name
    kRewrite,  // `text` is the whole new line
    kDisable,  // becomes a comment
    kLeave,    // a person must change it
  };
  Kind kind = Kind::kKeep;
  std::string text;
  std::string reason;

  bool operator==(const MigrationRule&) const = default;
};

// `scope` is that of the section around it. `lenient`: what is not known is disabled, not kept.
MigrationRule RuleForDirective(const Statement& directive, Scope scope, bool lenient);
MigrationRule RuleForSection(const Statement& opening, Scope scope, bool lenient);

}  // namespace convoy::config
