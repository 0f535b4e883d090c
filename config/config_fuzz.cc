// Foreign bytes as a whole configuration: read, checked, resolved, explained.
//
// How it works: the input is files separated by lines "%%%", which include each other as f0, f1,
// ...; the first one is loaded, strictly and leniently. A configuration without errors answers for
// domains and virtual MTAs it names; the cache says what PolicyFor says; a diagnostic has a place
// in a file; whatever is printed is printable and holds no secret.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "config/load.h"
#include "config/policy_cache.h"

namespace {

namespace config = convoy::config;
using convoy::Cat;

constexpr std::string_view kSecret = "s3cretfromtheenvironment";

std::vector<std::string> Files(std::string_view text) {
  constexpr std::string_view kSeparator = "%%%\n";
  std::vector<std::string> files;
  while (true) {
    const size_t at = text.find(kSeparator);
    files.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos || files.size() >= 8) return files;
    text.remove_prefix(at + kSeparator.size());
  }
}

config::FileAccess Access(const std::vector<std::string>& files) {
  config::FileAccess access;
  access.read = [&files](const std::string& path) -> absl::StatusOr<std::string> {
    for (size_t i = 0; i < files.size(); ++i) {
      if (path == Cat("f", i)) return files[i];
    }
    return absl::NotFoundError(Cat("cannot read ", path));
  };
  access.glob = [&files](const std::string&) {
    std::vector<std::string> names;
    for (size_t i = 1; i < files.size(); ++i) names.push_back(Cat("f", i));
    return names;
  };
  access.environment = [](const std::string&) { return std::string(kSecret); };
  return access;
}

void CheckText(const std::string& text) {
  CHECK(text.find(kSecret) == std::string::npos);
  for (const char c : text)
    CHECK(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
}

// Every diagnostic has a place in one of the files, or is about one as a whole.
void CheckPlaces(const std::vector<std::string>& files, const config::LoadResult& result) {
  for (const config::Diagnostic& diagnostic : result.diagnostics) {
    const config::Position& where = diagnostic.where;
    size_t file = 0;
    while (file < files.size() && where.file != Cat("f", file)) ++file;
    CHECK(file < files.size());
    CHECK((where.line == 0) == (where.column == 0));
    if (where.line == 0) continue;
    const std::vector<std::string_view> lines = convoy::Split(files[file], '\n');
    CHECK(where.line >= 1 && static_cast<size_t>(where.line) <= lines.size());
    const std::string_view line = lines[static_cast<size_t>(where.line) - 1];
    CHECK(where.column >= 1 && static_cast<size_t>(where.column) <= line.size() + 1);
  }
}

std::shared_ptr<const config::Policy> Same(const config::Policy& policy) {
  return std::make_shared<const config::Policy>(policy);
}

void Ask(const std::shared_ptr<const config::Config>& loaded) {
  config::PolicyCache<config::Policy> cache(loaded, Same);
  std::vector<std::string> names = loaded->VmtaNames();
  names.resize(std::min<size_t>(names.size(), 3));
  for (const std::string& vmta : names) {
    CHECK(loaded->FindVmta(vmta) != nullptr);
    for (const char* domain : {"a.example", "b.a.example", "[192.0.2.1]", "gmail.com", ""}) {
      const std::string site = loaded->SiteOf(domain);
      const auto policy = cache.PolicyFor(site, vmta);
      const config::Policy computed = loaded->PolicyFor(site, vmta);
      CHECK(policy->max_smtp_out == computed.max_smtp_out);
      CHECK(policy->retry_after == computed.retry_after);
      CHECK(!policy->retry_after.empty());
      CHECK(policy->origins.size() == computed.origins.size());
      loaded->DomainKeysFor(vmta, domain);
    }
    if (const auto text = config::Explain(*loaded, Cat("a.example/", vmta), false); text.ok()) {
      CHECK(text->find(kSecret) == std::string::npos);
    }
    config::Explain(*loaded, Cat("a.example/", vmta), true).IgnoreError();
  }
  loaded->SourceFor(convoy::IpAddress::V4(192, 0, 2, 1));
  loaded->SourceFor(convoy::IpAddress::V4(10, 0, 0, 1), "app");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> files =
      Files(std::string_view(reinterpret_cast<const char*>(data), size));
  for (const std::string& file : files) {
    if (file.find(kSecret) != std::string::npos) return 0;  // it may be printed then
  }
  const config::FileAccess access = Access(files);
  const config::LoadResult strict = config::LoadConfig("f0", access);
  const config::LoadResult lenient = config::LoadConfig("f0", access, {.lenient = true});
  CHECK((strict.config == nullptr) == config::HasErrors(strict.diagnostics));
  CHECK(strict.config == nullptr || lenient.config != nullptr);
  for (const config::LoadResult* result : {&strict, &lenient}) {
    CheckText(config::CheckReport(*result, false));
    CheckText(config::CheckReport(*result, true));
    CheckPlaces(files, *result);
    if (result->config != nullptr) Ask(result->config);
  }
  return 0;
}
