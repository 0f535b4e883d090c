#include "shard/suppress/suppression_list.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace convoy::shard {
namespace {

bool IsEntry(std::string_view entry) {
  if (entry.size() > SuppressionList::kEntryBytesMax || entry.find(' ') != std::string_view::npos) {
    return false;
  }
  const size_t at = entry.rfind('@');
  const std::string_view domain = at == std::string_view::npos ? entry : entry.substr(at + 1);
  return domain.size() > 1 && domain.find('.') != std::string_view::npos && domain.front() != '.';
}

}  // namespace

SuppressionList::Digest SuppressionList::DigestOf(std::string_view entry) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(entry.data()), entry.size(), hash);
  Digest digest;
  std::memcpy(digest.data(), hash, sizeof digest);
  return digest;
}

absl::StatusOr<std::shared_ptr<const SuppressionList>> SuppressionList::Parse(
    std::string_view name, std::string_view text) {
  std::shared_ptr<SuppressionList> list(new SuppressionList(name));
  int number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    line = Trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (!IsEntry(line)) {
      return absl::InvalidArgumentError(
          Cat(name, ':', number, ": '", Escape(line.substr(0, 80)),
              "' is neither an address (user@example.com) nor a domain (@example.com)"));
    }
    const std::string entry = Lower(line);
    const bool is_domain = entry.find('@') == std::string::npos;
    const Digest digest = DigestOf(is_domain ? Cat('@', entry) : entry);
    if (list->entries_.insert(digest).second) list->identity_ += digest[0];
  }
  return list;
}

absl::StatusOr<std::shared_ptr<const SuppressionList>> SuppressionList::Load(
    const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::NotFoundError(
        Cat("suppress-file ", path, " cannot be opened: ", std::strerror(errno)));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return Parse(path, std::move(text).str());
}

bool SuppressionList::Contains(std::string_view address) const {
  if (entries_.empty()) return false;
  const std::string entry = Lower(address);
  if (entries_.contains(DigestOf(entry))) return true;
  const size_t at = entry.rfind('@');
  return at != std::string::npos && entries_.contains(DigestOf(std::string_view(entry).substr(at)));
}

}  // namespace convoy::shard
