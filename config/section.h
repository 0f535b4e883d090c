// A configuration file as read: sections with settings, each checked against the directive table.
//
// Determinism: pure
#pragma once

#include <functional>
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
  Position where;

  std::string_view first() const { return words.empty() ? std::string_view() : words[0].text; }
};

struct Section {
  Scope scope = kGlobal;
  std::string kind;      // "domain", "virtual-mta", ...
  std::string argument;  // pattern or name, as written
  Position where;
  std::vector<Setting> settings;
  std::vector<Section> children;
};

// How files are found, so that tests and a coordinator can hand them in. `Read` gives the text;
// `Glob` the matching paths in byte order.
struct FileAccess {
  std::function<absl::StatusOr<std::string>(const std::string& path)> read;
  std::function<std::vector<std::string>(const std::string& pattern)> glob;
};
FileAccess RealFiles();

struct SourceFile {
  std::string path;
  std::string text;
};
// The top level with everything in it. `files` gets each file once, in the order of reading.
Section ReadSections(const std::string& path, const FileAccess& access,
                     std::vector<SourceFile>* files, std::vector<Diagnostic>* diagnostics);

// `path` as meant in a file at `base`: unchanged if absolute, else beside that file.
std::string ResolvePath(std::string_view base, std::string_view path);

}  // namespace convoy::config
