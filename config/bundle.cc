#include "config/bundle.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "base/stable_hash.h"
#include "base/text.h"
#include "config/say.h"

namespace convoy::config {
namespace {

constexpr std::string_view kMagic = "convoy-bundle 1\n";
constexpr size_t kDigestBytes = 16;

std::string Hex(uint64_t hash) {
  std::string octets;
  for (int shift = 56; shift >= 0; shift -= 8) octets.push_back(static_cast<char>(hash >> shift));
  return HexEncode(octets);
}

void Put(char tag, std::string_view value, std::string* out) {
  CatTo(out, tag, value.size(), ':', value, '\n');
}

std::string HexDigest(std::string_view bytes) { return Hex(StableHash(bytes)); }

// Takes one record off the front; false if there is none.
bool Take(std::string_view* in, char* tag, std::string_view* value) {
  if (in->size() < 2) return false;
  *tag = in->front();
  const size_t colon = in->find(':');
  if (colon == std::string_view::npos) return false;
  const auto length = ParseUint(in->substr(1, colon - 1));
  if (!length.has_value() || *length >= in->size() - colon - 1) return false;
  *value = in->substr(colon + 1, *length);
  if ((*in)[colon + 1 + *length] != '\n') return false;
  in->remove_prefix(colon + 2 + *length);
  return true;
}

// Reads through `access`, each file once: what is loaded is what is carried.
class Recorder {
 public:
  Recorder(const FileAccess& access, Bundle* bundle) : access_(access), bundle_(bundle) {}

  FileAccess Access() {
    return {.read = [this](const std::string& path) { return Read(path); },
            .glob = [this](const std::string& pattern) { return Glob(pattern); }};
  }

 private:
  absl::StatusOr<std::string> Read(const std::string& path) {
    if (const std::string* known = bundle_->Find(path)) return *known;
    absl::StatusOr<std::string> text = access_.read(path);
    if (text.ok()) bundle_->files.push_back({path, *text});
    return text;
  }
  std::vector<std::string> Glob(const std::string& pattern) {
    for (const Bundle::Glob& known : bundle_->globs) {
      if (known.pattern == pattern) return known.paths;
    }
    bundle_->globs.push_back({pattern, access_.glob(pattern)});
    return bundle_->globs.back().paths;
  }

  const FileAccess& access_;
  Bundle* const bundle_;
};

// Carries one named file, or makes it a local one.
void AddNamed(const std::string& path, const Position& where, std::string_view what,
              const FileAccess& access, Gathered* out) {
  Bundle& bundle = out->bundle;
  const bool known =
      bundle.Find(path) != nullptr ||
      std::find(bundle.local.begin(), bundle.local.end(), path) != bundle.local.end();
  if (known) return;
  const absl::StatusOr<std::string> text = access.read(path);
  Said why;
  if (!text.ok()) {
    why = Say<"it cannot be read at the coordinator">();
  } else if (text->size() > kNamedFileBytesMax) {
    why = Say<"it has {} octets, at most {} travel">(text->size(), kNamedFileBytesMax);
  } else if (bundle.bytes() + text->size() > kBundleBytesMax) {
    why = Say<"all files together have more than {} MiB">(kBundleBytesMax >> 20);
  } else {
    bundle.files.push_back({path, *text});
    return;
  }
  bundle.local.push_back(path);
  out->loaded.diagnostics.push_back({Severity::kWarning, where,
                                     Say<"{} {} does not travel: {}">(what, path, why),
                                     Say<"each shard must have it">()});
}

}  // namespace

const std::string* Bundle::Find(std::string_view path) const {
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const SourceFile& file) { return file.path == path; });
  return found == files.end() ? nullptr : &found->text;
}

uint64_t Bundle::bytes() const {
  uint64_t bytes = 0;
  for (const SourceFile& file : files) bytes += file.path.size() + file.text.size();
  return bytes;
}

Gathered GatherBundle(const std::string& path, const FileAccess& access) {
  Gathered out;
  out.bundle.root = path;
  // Secrets are read where they are used, on the shards.
  out.loaded = LoadConfig(path, Recorder(access, &out.bundle).Access(), {.resolve_secrets = false});
  if (out.loaded.config == nullptr) return out;
  if (out.bundle.bytes() > kBundleBytesMax) {
    out.loaded.config = nullptr;
    out.loaded.diagnostics.push_back(
        {Severity::kError,
         {path, 0, 0},
         Say<"the files have {} octets, at most {}">(out.bundle.bytes(), kBundleBytesMax),
         Say<"move long lists into files of their own">()});
    return out;
  }
  const Config& config = *out.loaded.config;
  for (const DomainKeyEntry& key : config.AllDomainKeys()) {
    AddNamed(key.file, key.where, "key file", access, &out);
  }
  for (const auto& [file, where] : config.suppress_files()) {
    AddNamed(file, where, "suppress-file", access, &out);
  }
  return out;
}

FileAccess FilesOf(const Bundle& bundle, FileAccess local) {
  auto held = std::make_shared<const Bundle>(bundle);
  FileAccess access;
  access.read = [held, local](const std::string& path) -> absl::StatusOr<std::string> {
    if (const std::string* text = held->Find(path)) return *text;
    const auto& names = held->local;
    if (std::find(names.begin(), names.end(), path) != names.end()) return local.read(path);
    return NotFound(Say<"cannot read {}: it is not part of this version">(path));
  };
  access.glob = [held](const std::string& pattern) {
    for (const Bundle::Glob& glob : held->globs) {
      if (glob.pattern == pattern) return glob.paths;
    }
    return std::vector<std::string>();
  };
  access.environment = local.environment;
  access.read_secret = local.read_secret == nullptr ? local.read : local.read_secret;
  return access;
}

std::string EncodeBundle(const Bundle& bundle) {
  std::string out(kMagic);
  Put('R', bundle.root, &out);
  for (const SourceFile& file : bundle.files) {
    Put('F', file.path, &out);
    Put('T', file.text, &out);
  }
  for (const Bundle::Glob& glob : bundle.globs) {
    Put('G', glob.pattern, &out);
    for (const std::string& path : glob.paths) Put('P', path, &out);
  }
  for (const std::string& path : bundle.local) Put('L', path, &out);
  const std::string digest = HexDigest(out);
  CatTo(&out, '.', digest, '\n');
  return out;
}

absl::StatusOr<Bundle> DecodeBundle(std::string_view bytes) {
  const absl::Status damaged =
      DataLoss(Say<"the configuration bundle is damaged: convoy reload makes a new one">());
  const std::string digest = DigestOf(bytes);
  if (!bytes.starts_with(kMagic) || digest.empty()) return damaged;
  std::string_view body = bytes.substr(0, bytes.size() - kDigestBytes - 2);
  if (HexDigest(body) != digest) return damaged;
  body.remove_prefix(kMagic.size());
  Bundle bundle;
  char tag = 0;
  std::string_view value;
  bool in_file = false;
  while (!body.empty()) {
    if (!Take(&body, &tag, &value) || in_file != (tag == 'T')) return damaged;
    in_file = tag == 'F';
    if (tag == 'R') bundle.root = value;
    if (tag == 'F') bundle.files.push_back({std::string(value), ""});
    if (tag == 'T') bundle.files.back().text = value;
    if (tag == 'G') bundle.globs.push_back({std::string(value), {}});
    if (tag == 'P' && bundle.globs.empty()) return damaged;
    if (tag == 'P') bundle.globs.back().paths.emplace_back(value);
    if (tag == 'L') bundle.local.emplace_back(value);
  }
  if (in_file || bundle.root.empty()) return damaged;
  return bundle;
}

std::string DigestOf(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + kDigestBytes + 2) return "";
  const std::string_view end = bytes.substr(bytes.size() - kDigestBytes - 2);
  if (end.front() != '.' || end.back() != '\n') return "";
  return std::string(end.substr(1, kDigestBytes));
}

void Fingerprint::Add(const std::string& path, std::string_view content) {
  named_.emplace(path, StableHash(content));
}

std::string Fingerprint::text() const {
  std::string all = text_;
  for (const auto& [path, hash] : named_) CatTo(&all, '\n', path, ' ', hash);
  return Hex(StableHash(all));
}

std::string FingerprintOf(const Bundle& bundle, const Config& config) {
  Fingerprint fingerprint(config);
  const auto add = [&](const std::string& path) {
    if (const std::string* text = bundle.Find(path)) fingerprint.Add(path, *text);
  };
  for (const DomainKeyEntry& key : config.AllDomainKeys()) add(key.file);
  for (const auto& [path, where] : config.suppress_files()) add(path);
  return fingerprint.text();
}

}  // namespace convoy::config
