// The files a projector writes, reduced to the two things it does with them.
//
// PosixAccountFiles is the real one, MemoryAccountFiles (simulator, tests) forgets at a crash what
// was not synced.
//
// Thread:    used by one thread at a time, never the loop
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace convoy::shard {

class AccountFiles {
 public:
  virtual ~AccountFiles() = default;

  // Makes an empty file `prefix`NNNN`suffix` that did not exist, with the number after the highest
  // there is (0000 if there is none), and returns its name. Durable. The prefix is a path.
  virtual absl::StatusOr<std::string> Create(std::string_view prefix, std::string_view suffix) = 0;
  // Cuts the file to `offset` bytes, appends `bytes` and syncs. NotFound if the file is gone or
  // shorter than that: somebody has taken it away.
  virtual absl::Status Write(const std::string& name, uint64_t offset, std::string_view bytes) = 0;
};

class PosixAccountFiles final : public AccountFiles {
 public:
  absl::StatusOr<std::string> Create(std::string_view prefix, std::string_view suffix) override;
  absl::Status Write(const std::string& name, uint64_t offset, std::string_view bytes) override;
};

class MemoryAccountFiles final : public AccountFiles {
 public:
  absl::StatusOr<std::string> Create(std::string_view prefix, std::string_view suffix) override;
  absl::Status Write(const std::string& name, uint64_t offset, std::string_view bytes) override;

  // Names and contents.
  std::map<std::string, std::string> files;
  // Not OK: what every call returns.
  absl::Status failure;
};

}  // namespace convoy::shard
