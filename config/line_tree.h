// One configuration file with nothing lost: each line, its comment, and the statements on it.
//
//     LineTree tree = ReadLines("convoy.conf", text, &diagnostics);
//
// The lexer gives statements and drops what is for people; what rewrites a file (format.h,
// migrate.h) needs both. A line is its code and its comment: `#` begins one wherever it stands.
// The line is code, comment and tail in this order; a byte
// order mark is left out. Included files are not looked at.
//
// Errors:    as diagnostics, those of the lexer; with one, the tree is not to be rewritten
// Determinism: pure
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/lexer.h"

namespace convoy::config {

struct SourceLine {
  std::string code;     // before the comment, with its blanks: columns of words count in it
  std::string comment;  // from '#' on; "" if there is none
  std::string tail;     // blanks at the end of the line, and CR
  size_t first = 0;     // statements that begin on this line: [first, first + count)
  size_t count = 0;
  int depth = 0;        // sections that are open around it; an end counts as outside
  int continues = -1;   // the statement that goes on here; -1: none
  bool behind = false;  // ends a section that began behind another statement

  bool blank() const;  // neither code nor comment
};

struct LineTree {
  std::vector<SourceLine> lines;  // lines[i] is line i + 1
  std::vector<Statement> statements;
};

LineTree ReadLines(std::string_view file, std::string_view text,
                   std::vector<Diagnostic>* diagnostics);

// The word as it is written, with quotes or slashes.
std::string_view Spelling(const LineTree& tree, const Word& word);
// Blanks are part of the value: a backoff line, whose pattern stands without quotes.
bool BlanksCount(const Statement& directive);
// True if both texts are cut into the same statements; blanks between words do not count, but for
// lines in which they have a meaning: backoff lines and names of sections with blanks in them.
bool SameStatements(std::string_view one, std::string_view other);

}  // namespace convoy::config
