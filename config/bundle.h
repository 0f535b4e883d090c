// A configuration with everything it is made of, as one value that can be sent and stored.
//
// The coordinator gathers it from its files; a shard loads it as if the files were its own. Small
// files that the configuration names (DKIM keys, suppression lists) travel with it. A named file
// that is too large, or that the gatherer cannot read, is *local*: each shard must have its own.
//
//     convoy-bundle 1\n                 R root, F path, T text of that path, G pattern, P path that
//     <tag><length>:<octets>\n ...      it stands for, L path of a local file; in this order, F..L
//                                       repeated
//     .<digest>\n                       16 hexadecimal digits over everything before
//
// Bundles hold keys and passwords: whoever stores one makes the file 0600, and none is ever shown.
//
// Limits:    kNamedFileBytesMax for a named file, kBundleBytesMax for all of it
// Errors:    Decode: DataLoss for octets that are no bundle
// Determinism: pure, but for the FileAccess given
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "config/load.h"

namespace convoy::config {

inline constexpr size_t kNamedFileBytesMax = size_t{256} << 10;
inline constexpr size_t kBundleBytesMax = size_t{8} << 20;

struct Bundle {
  struct Glob {
    std::string pattern;
    std::vector<std::string> paths;
    bool operator==(const Glob&) const = default;
  };

  std::string root;                // path of the main file, absolute
  std::vector<SourceFile> files;   // each path once, in the order of reading
  std::vector<Glob> globs;         // what include patterns stood for
  std::vector<std::string> local;  // named, but not carried

  // Null if it is not carried.
  const std::string* Find(std::string_view path) const;
  uint64_t bytes() const;
};

struct Gathered {
  Bundle bundle;
  LoadResult loaded;  // config is null if there are errors
};
// Loads the configuration at `path` and gathers what it is made of. What each shard must have of
// its own is a warning.
Gathered GatherBundle(const std::string& path, const FileAccess& access);

// The bundle's files; those it does not carry but names come from `local`, and so does what its
// secrets refer to (file:, env:), which never travels.
FileAccess FilesOf(const Bundle& bundle, FileAccess local);

std::string EncodeBundle(const Bundle& bundle);
absl::StatusOr<Bundle> DecodeBundle(std::string_view bytes);
// Identifies the content. `bytes` as EncodeBundle gave them.
std::string DigestOf(std::string_view bytes);

// Identifies what a configuration makes of its files: those it is written in, and the content of
// each file that it names. The same on the coordinator and on a shard that uses what travelled.
// What secrets refer to is not in it: who sees a fingerprint could try passwords on it.
class Fingerprint {
 public:
  explicit Fingerprint(const Config& config) : text_(config.fingerprint()) {}
  // A named file; in any order, a path twice counts once.
  void Add(const std::string& path, std::string_view content);
  std::string text() const;

 private:
  const std::string text_;
  std::map<std::string, uint64_t> named_;
};
// With what the bundle carries of them. `config` is what was loaded from it.
std::string FingerprintOf(const Bundle& bundle, const Config& config);

}  // namespace convoy::config
