#include "dkim/header_hash.h"

#include "absl/container/flat_hash_map.h"
#include "base/text.h"
#include "dkim/sha256.h"

namespace convoy::dkim {

std::string HeaderHash(Canonicalization c, const mail::HeaderBlock& header,
                       const std::vector<std::string>& names, std::string_view signature_field,
                       const mail::HeaderField* own) {
  absl::flat_hash_map<std::string, std::vector<const mail::HeaderField*>> untaken;
  for (const std::string& name : names) untaken.try_emplace(Lower(name));
  for (const mail::HeaderField& field : header.fields()) {
    const auto it = untaken.find(Lower(field.name));
    if (it != untaken.end() && &field != own) it->second.push_back(&field);
  }
  Sha256 sha;
  std::string canonical;
  for (const std::string& name : names) {
    std::vector<const mail::HeaderField*>& instances = untaken[Lower(name)];
    if (instances.empty()) continue;
    canonical.clear();
    AppendCanonicalField(c, instances.back()->raw, &canonical);
    instances.pop_back();
    sha.Update(canonical);
  }
  canonical.clear();
  AppendCanonicalField(c, signature_field, &canonical);
  canonical.resize(canonical.size() - 2);
  sha.Update(canonical);
  return sha.Finish();
}

}  // namespace convoy::dkim
