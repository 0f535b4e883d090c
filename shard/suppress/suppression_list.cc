#include "shard/suppress/suppression_list.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/status_macros.h"
#include "base/text.h"
#include "mail/address.h"
#include "shard/suppress/fold.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// The first column of a line, without the comment: what is before the first ',', ';' or tab, or
// before a '#' that follows a blank. None of these ends it inside double quotes, which are either
// those of a quoted local part or those of the CSV.
std::string_view FirstColumn(std::string_view line) {
  bool quoted = false;
  size_t i = 0;
  for (; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') {
      ++i;
      continue;
    }
    if (line[i] == '"') quoted = !quoted;
    if (quoted) continue;
    const bool comment = line[i] == '#' && (i == 0 || IsBlank(line[i - 1]));
    if (comment || line[i] == ',' || line[i] == ';' || line[i] == '\t') break;
  }
  return Trim(line.substr(0, i));
}

// "ann@example.com" in a CSV's own quotes, in which a quote is doubled; else as it is.
std::string WithoutCsvQuotes(std::string_view column) {
  if (column.size() < 2 || column.front() != '"' || column.back() != '"') {
    return std::string(column);
  }
  std::string out;
  for (size_t i = 1; i + 1 < column.size(); ++i) {
    out.push_back(column[i]);
    if (column[i] == '"' && column[i + 1] == '"') ++i;
  }
  return out;
}

// What the local part means rather than how it is written: "ann" and an\n" in quotes are ann.
std::string Unquoted(std::string_view local) {
  if (local.empty() || local.front() != '"') return std::string(local);
  std::string out;
  for (size_t i = 1; i + 1 < local.size(); ++i) {
    if (local[i] == '\\') ++i;
    out.push_back(local[i]);
  }
  return out;
}

// The two kinds of key differ in their first octet, since ""@example.com is an address too.
std::string KeyOfDomain(const mail::Address& address) { return Cat('@', address.DomainKey()); }
std::string KeyOfAddress(const mail::Address& address) {
  return Cat('=', FoldCase(Unquoted(address.local)), '@', address.DomainKey());
}

absl::StatusOr<std::string> KeyOfEntry(std::string_view entry) {
  if (entry.size() > SuppressionList::kEntryBytesMax) {
    return absl::InvalidArgumentError("entry too long");
  }
  if (entry.size() > 2 && entry.front() == '<' && entry.back() == '>') {
    entry = entry.substr(1, entry.size() - 2);
  }
  const size_t at = entry.rfind('@');
  if (at != std::string_view::npos && at > 0) {
    ASSIGN_OR_RETURN(const mail::Address address, mail::ParseAddress(entry));
    return KeyOfAddress(address);
  }
  // A word alone is no domain: it is the title of a column, or a local part that lost the rest.
  if (at == std::string_view::npos && entry.find('.') == std::string_view::npos) {
    return absl::InvalidArgumentError("a word");
  }
  ASSIGN_OR_RETURN(const mail::Address any,
                   mail::ParseAddress(Cat("any@", at == 0 ? entry.substr(1) : entry)));
  return KeyOfDomain(any);
}

}  // namespace

SuppressionList::Digest SuppressionList::DigestOf(std::string_view key) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), hash);
  Digest digest;
  std::memcpy(digest.data(), hash, sizeof digest);
  return digest;
}

absl::StatusOr<std::shared_ptr<const SuppressionList>> SuppressionList::Parse(
    std::string_view name, std::string_view text) {
  std::shared_ptr<SuppressionList> list(new SuppressionList(name));
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  int number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    line = Trim(line);
    if (line.empty() || line.front() == '#') continue;
    const auto key = KeyOfEntry(WithoutCsvQuotes(FirstColumn(line)));
    if (!key.ok()) {
      return absl::InvalidArgumentError(
          Cat(name, ':', number, ": '", Escape(line.substr(0, 80)),
              "' is neither an address (user@example.com) nor a domain (@example.com)"));
    }
    const Digest digest = DigestOf(*key);
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
  const auto parsed = mail::ParseAddress(address);
  if (!parsed.ok()) return false;
  return entries_.contains(DigestOf(KeyOfAddress(*parsed))) ||
         entries_.contains(DigestOf(KeyOfDomain(*parsed)));
}

}  // namespace convoy::shard
