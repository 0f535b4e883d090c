#include "shard/node/shard_config.h"

#include <algorithm>

#include "base/text.h"
#include "config/bundle.h"

namespace convoy::shard {
namespace {

using config::Diagnostic;
using config::Say;
using config::Severity;

bool SameAccounting(const config::Config& a, const config::Config& b) {
  return std::equal(a.acct_files().begin(), a.acct_files().end(), b.acct_files().begin(),
                    b.acct_files().end(), [](const auto& x, const auto& y) {
                      return x.path == y.path && x.records == y.records && x.max_size == y.max_size;
                    });
}

// The shard's own file, else the copy that travelled.
void LoadList(const std::string& path, const config::Position& where,
              const ShardConfigSource& source, config::Fingerprint* fingerprint,
              LoadedShardConfig* out) {
  SuppressionWatch::Entry entry{.list = nullptr, .stamp = SuppressionWatch::StampOf(path)};
  absl::StatusOr<std::string> text = source.own.read(path);
  const absl::StatusOr<std::string> carried = source.files.read(path);
  if (text.ok() && carried.ok() && *text != *carried) {
    out->diagnostics.push_back(
        {Severity::kWarning,
         where,
         Say<"suppress-file: this shard's own {} is used; it differs from the "
             "coordinator's">(path),
         {}});
  }
  if (!text.ok()) text = carried;
  if (!text.ok()) {
    out->diagnostics.push_back(
        {Severity::kError, where, Say<"suppress-file: {}">(text.status()), {}});
    return;
  }
  auto list = SuppressionList::Parse(path, *text);
  if (!list.ok()) {
    out->diagnostics.push_back(
        {Severity::kError, where, Say<"suppress-file: {}">(list.status()), {}});
    return;
  }
  entry.list = *std::move(list);
  fingerprint->Add(path, *text);
  out->config->lists.emplace(path, std::move(entry));
}

}  // namespace

LoadedShardConfig LoadShardConfig(const ShardConfigSource& source) {
  LoadedShardConfig out;
  config::LoadResult loaded = config::LoadConfig(source.root, source.files);
  out.diagnostics = std::move(loaded.diagnostics);
  if (loaded.config == nullptr) return out;
  out.config = std::make_unique<ShardConfig>();
  out.config->root = source.root;
  out.config->config = loaded.config;
  out.config->keys = KeyRing::Load(loaded.config, source.files, &out.diagnostics);
  config::Fingerprint fingerprint(*loaded.config);
  for (const config::DomainKeyEntry& key : loaded.config->AllDomainKeys()) {
    if (const auto pem = source.files.read(key.file); pem.ok()) fingerprint.Add(key.file, *pem);
  }
  for (const auto& [path, where] : loaded.config->suppress_files()) {
    LoadList(path, where, source, &fingerprint, &out);
  }
  if (config::HasErrors(out.diagnostics)) {
    out.config = nullptr;
    return out;
  }
  out.config->fingerprint = fingerprint.text();
  out.config->policies = std::make_unique<ConfigPolicyBook>(loaded.config);
  for (const auto& [domain, vmta] : source.queues) {
    out.config->policies->PolicyFor(domain, vmta);
  }
  return out;
}

LoadedShardConfig LoadCarriedConfig(std::string_view bundle, const config::FileAccess& own,
                                    std::vector<std::pair<std::string, std::string>> queues) {
  const absl::StatusOr<config::Bundle> carried = config::DecodeBundle(bundle);
  if (!carried.ok()) {
    LoadedShardConfig out;
    out.diagnostics.push_back({Severity::kError, {}, Say<"{}">(carried.status()), {}});
    return out;
  }
  return LoadShardConfig({.root = carried->root,
                          .files = config::FilesOf(*carried, own),
                          .own = own,
                          .queues = std::move(queues)});
}

std::vector<std::string> RestartDirectives(const config::Config& in_effect,
                                           const config::Config& next, bool smtp_fixed,
                                           bool grpc_fixed) {
  std::vector<std::string> names;
  if (!SameAccounting(in_effect, next)) names.emplace_back("acct-file");
  if (!grpc_fixed && in_effect.grpc_listener() != next.grpc_listener()) {
    names.emplace_back("grpc-listener");
  }
  if (in_effect.name_servers() != next.name_servers()) names.emplace_back("name-server");
  if (!smtp_fixed && in_effect.smtp_listeners() != next.smtp_listeners()) {
    names.emplace_back("smtp-listener");
  }
  return names;
}

std::vector<Diagnostic> RestartWarnings(const std::string& root,
                                        const std::vector<std::string>& directives) {
  std::vector<Diagnostic> warnings;
  for (const std::string& name : directives) {
    warnings.push_back(
        {Severity::kWarning, {root, 0, 0}, Say<"takes effect at restart: {}">(name), {}});
  }
  return warnings;
}

}  // namespace convoy::shard
