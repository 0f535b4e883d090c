// The canonical layout of a configuration file: `convoy config fmt`.
//
//   * four blanks for each open section, and for the lines on which a list goes on
//   * one blank between words, two before a comment behind them; nothing is aligned
//   * one blank line after a section; elsewhere one at most, none at the start or end of a section
//     or of the file
//   * LF line ends, one at the end of the file
//
// Words, comments and the lines of lists stay as they are, so that the formatted file reads the
// same (SameStatements), and formatting it again changes nothing.
//
// Errors:    as diagnostics: a file that the lexer cannot cut is not formatted
// Determinism: pure
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"

namespace convoy::config {

// Nothing if there are errors.
std::optional<std::string> FormatConfig(std::string_view file, std::string_view text,
                                        std::vector<Diagnostic>* diagnostics);

}  // namespace convoy::config
