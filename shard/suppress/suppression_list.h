// A suppression list: addresses and domains that must not be mailed, as loaded from a
// `suppress-file`.
//
// One entry a line: `user@example.com`, or `@example.com` / `example.com` for a whole domain. Blank
// lines and everything after `#` are ignored. Addresses compare without case, local part too: a
// person who unsubscribed as Ann@ must not get mail as ann@ (RFC 5321 2.4 would let the two
// differ).
//
// Entries are kept as the first 16 octets of their SHA-256, so a million of them take about 30 MB
// and the file's addresses do not lie in memory.
//
// Limits:    kEntryBytesMax per line
// Errors:    a line that is neither form: InvalidArgument naming file and line; nothing is loaded
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

  // `address` is local@domain in any case; true if it or its domain is listed.
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
  static Digest DigestOf(std::string_view lower_case_entry);

  std::string name_;
  absl::flat_hash_set<Digest> entries_;
  uint64_t identity_ = 0;  // sum over the entries, so in any order
};

}  // namespace convoy::shard
