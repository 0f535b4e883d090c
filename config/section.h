// A configuration file as read: sections with settings, each checked against the directive table.
//
// Determinism: pure
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/diagnostic.h"
#include "config/directive_table.h"
#include "config/lexer.h"

namespace convoy::config {

struct Setting {
  const DirectiveRow* row =
      nullptr;          // of the directive itself, never of an alias; null: a backoff line
  std::string spelled;  // as written
  std::vector<Word> words;
  std::string rest;
  std::string secret;  // the value itself, where the row is secret (secret.h)
  Position where;
  int child = -1;  // of a line of a <pattern-list>: the nested list, in the section's children

  std::string_view first() const { return words.empty() ? std::string_view() : words[0].text; }
  // All words with a blank between them, without the quotes.
  std::string value() const;
  // Where a word stands, for a diagnostic about it; the directive if there is no such word.
  Position place(size_t word) const;
  // Of the first word with the beginning of `piece` in it; regexes are not looked at.
  Position place(std::string_view piece) const;
};

inline std::string Setting::value() const {
  std::string text;
  for (const Word& word : words) {
    if (&word != words.data()) text += ' ';
    text += word.text;
  }
  return text;
}

inline Position Setting::place(size_t word) const {
  return word < words.size() ? Position{where.file, words[word].line, words[word].column} : where;
}

inline Position Setting::place(std::string_view piece) const {
  piece = piece.substr(0, piece.find(' '));
  for (size_t i = 0; i < words.size() && !piece.empty(); ++i) {
    if (!words[i].regex && words[i].text.find(piece) != std::string::npos) return place(i);
  }
  return where;
}

struct Section {
  Scope scope = kGlobal;
  std::string kind;      // "domain", "virtual-mta", ...
  std::string argument;  // pattern or name, as written
  Position where;
  std::vector<Setting> settings;
  std::vector<Section> children;
};

// How files are found, so that tests and a coordinator can hand them in. `read` gives the text;
// `glob` the matching paths in byte order; `environment` a variable (absent: none is set);
// `read_secret` a file that a secret refers to (absent: `read`).
struct FileAccess {
  std::function<absl::StatusOr<std::string>(const std::string& path)> read;
  std::function<std::vector<std::string>(const std::string& pattern)> glob;
  std::function<std::optional<std::string>(const std::string& name)> environment = nullptr;
  std::function<absl::StatusOr<std::string>(const std::string& path)> read_secret = nullptr;
};
// Files of up to kFileBytesMax octets and the process's environment.
constexpr size_t kFileBytesMax = size_t{16} << 20;
FileAccess RealFiles();

struct ReadOptions {
  // Mends what can be mended and skips what is not known, each with a warning: regexes broken over
  // two lines, unknown and unsupported directives.
  bool lenient = false;
  // Reads file:PATH and env:NAME of secrets. Off where the secrets are not: they stay empty.
  bool resolve_secrets = true;
};

struct SourceFile {
  std::string path;
  std::string text;
};
// The top level with everything in it. `files` gets each file once, in the order of reading.
Section ReadSections(const std::string& path, const FileAccess& access,
                     std::vector<SourceFile>* files, std::vector<Diagnostic>* diagnostics,
                     const ReadOptions& options = {});

// `path` as meant in a file at `base`: unchanged if absolute, else beside that file.
std::string ResolvePath(std::string_view base, std::string_view path);

}  // namespace convoy::config
