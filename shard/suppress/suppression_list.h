// A suppression list: addresses and domains that must not be mailed, as loaded from a
// `suppress-file`.
//
// One entry a line, in UTF-8 with or without a byte order mark:
//
//     user@example.com     <user@example.com>     "odd user"@example.com     user@bücher.example
//     @example.com         example.com            the whole domain, not what is below it
//     user@example.com,2024-01-01,unsubscribed    a CSV: its first column, quoted or not; the
//                                                 separator is ',' or ';' or a tab
//     # at the start of a line or after a blank: a comment to the end of the line
//
// An entry and a recipient are compared as what they mean, not as they are written: the domain as
// its A-label in lower case, the local part without quotes and backslashes and without case (see
// fold.h for letters outside ASCII). A person who unsubscribed as Ann@ must not get mail as ann@
// (RFC 5321 2.4 would let the two differ).
//
// Entries are kept as the first 16 octets of their SHA-256, so a million of them take about 30 MB
// and the file's addresses do not lie in memory.
//
// RFC:       5321 4.1.2 (quoted local parts), 5891 (A-labels)
// Limits:    kEntryBytesMax per entry
// Errors:    a line that is neither form (the titles of a CSV's columns too): InvalidArgument
//            naming file and line; nothing is loaded
// Thread:    immutable after Load, shared
// Determinism: pure (Parse)
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"

namespace convoy::shard {

class SuppressionList {
 public:
  static constexpr size_t kEntryBytesMax = 1024;

  // `name` is what errors and bounce records call the list (its file name).
  static absl::StatusOr<std::shared_ptr<const SuppressionList>> Parse(std::string_view name,
                                                                      std::string_view text);
  static absl::StatusOr<std::shared_ptr<const SuppressionList>> Load(const std::string& path);

  // `address` is local@domain in any spelling; true if it or its domain is listed. What is no
  // address is not listed.
  bool Contains(std::string_view address) const;
  size_t size() const { return entries_.size(); }
  // By size and a hash over all entries: does not walk through them.
  bool SameAs(const SuppressionList& other) const {
    return size() == other.size() && identity_ == other.identity_;
  }
  const std::string& name() const { return name_; }

 private:
  using Digest = std::array<uint64_t, 2>;
  explicit SuppressionList(std::string_view name) : name_(name) {}
  static Digest DigestOf(std::string_view key);

  std::string name_;
  absl::flat_hash_set<Digest> entries_;
  uint64_t identity_ = 0;  // sum over the entries, so in any order
};

}  // namespace convoy::shard
