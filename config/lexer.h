// Cuts a configuration file into statements: directives, section openings and section ends.
//
//     max-smtp-out 20        # a directive: name, words
//     <domain "gmail.com">   # an opening: name, words
//     </domain>              # an end
//
// A comment runs from `#` to the end of the line, wherever it stands. A word with blanks is quoted;
// inside quotes \" and "" are a quote. A directive that ends with a comma goes on in the next line.
// LF and CRLF end lines. Positions are kept for every word.
//
// Errors:    as diagnostics; the statement at fault is left out
// Determinism: pure
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostic.h"

namespace convoy::config {

struct Word {
  std::string text;
  int line = 0;
  int column = 0;
  bool quoted = false;
};

struct Statement {
  enum class Kind { kDirective, kOpen, kClose };
  Kind kind = Kind::kDirective;
  Word name;
  std::vector<Word> words;
  std::string rest;  // everything after the name as written, without comment, trimmed
};

std::vector<Statement> Lex(std::string_view file, std::string_view text,
                           std::vector<Diagnostic>* diagnostics);

}  // namespace convoy::config
