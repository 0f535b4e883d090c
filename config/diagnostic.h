// What the configuration reader has to say about a place in a file.
//
// Determinism: pure
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/say.h"

namespace convoy::config {

// A note tells what is accepted without effect; nothing has to be done about it.
enum class Severity { kWarning, kError, kNote };

std::string_view SeverityText(Severity severity);  // "error", "warning", "note"

// Lines and columns count from 1; 0 means the file as a whole.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;

  // "file:line:column", without the parts that are 0.
  std::string ToString() const;
};

struct Diagnostic {
  Severity severity = Severity::kError;
  Position where;
  Said message;
  Said hint;  // how to mend it; may be empty

  // "quickstart.conf:7:5: error: unknown directive 'max-smtpout' (did you mean 'max-smtp-out'?)"
  // Without a place, it begins with the severity. Control characters of the file are shown as \xNN.
  std::string ToString() const;
};

// `text` as a terminal and JSON can take it: control characters and octets that are not UTF-8 as
// \xNN.
std::string Printable(std::string_view text);

bool HasErrors(const std::vector<Diagnostic>& diagnostics);

// The candidate nearest to `word`, if it is near enough to be meant; else "".
std::string Nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace convoy::config
