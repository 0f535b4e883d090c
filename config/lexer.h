// Cuts a configuration file into statements: directives, section openings and section ends.
//
//     max-smtp-out 20        # a directive: name, words
//     <domain "gmail.com">   # an opening: name, words
//     </domain>              # an end
//
//     reply /4\d\d try/ mode=backoff    # a regex is one word, with everything between its slashes
//
// A comment runs from `#` to the end of the line, wherever it stands. A word with blanks is quoted;
// inside quotes \" and "" are a quote. A directive that ends with a comma goes on in the next line,
// and so does a domain-macro that is only a name; a section or another directive ends the list.
// Regexes stand at the start of a line and after reply, header, mail-from, rcpt-to, address and
// relay-address; inside, only \/ is special. One that is not closed on its line is an error, or
// joined with the next line by a blank if `lenient`. LF and CRLF end lines. Positions are kept for
// every word.
//
// Errors:    as diagnostics; the statement at fault is left out, but that a section begins or ends
//            even where its <...> is at fault, so that what is in it is not misplaced as well
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
  int end = 0;  // the column behind it, as written; of a regex without `lenient` only
  bool quoted = false;
  bool regex = false;  // text is what stands between the slashes
};

struct Statement {
  enum class Kind { kDirective, kOpen, kClose };
  Kind kind = Kind::kDirective;
  Word name;  // "/re/" for a line that starts with a regex, which is then the first word
  std::vector<Word> words;
  std::string rest;  // everything after the name as written, without comment, trimmed
};

std::vector<Statement> Lex(std::string_view file, std::string_view text,
                           std::vector<Diagnostic>* diagnostics, bool lenient = false);

}  // namespace convoy::config
