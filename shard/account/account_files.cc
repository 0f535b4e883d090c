#include "shard/account/account_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

namespace fs = std::filesystem;

absl::Status Failed(std::string_view operation, const std::string& name) {
  const int code = errno;
  const std::string text = Cat(operation, " ", name, ": ", std::strerror(code));
  if (code == ENOENT) return absl::NotFoundError(text);
  if (code == ENOSPC || code == EDQUOT) return absl::ResourceExhaustedError(text);
  return absl::UnavailableError(text);
}

class Descriptor {
 public:
  Descriptor(const std::string& name, int flags)
      : fd_(open(name.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// The number in `name` if it is `prefix`, digits, `suffix`.
std::optional<uint64_t> NumberIn(std::string_view name, std::string_view prefix,
                                 std::string_view suffix) {
  if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) ||
      !name.ends_with(suffix)) {
    return std::nullopt;
  }
  return ParseUint(name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()));
}

std::string Numbered(std::string_view prefix, uint64_t number, std::string_view suffix) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%04llu", static_cast<unsigned long long>(number));
  return Cat(prefix, digits, suffix);
}

absl::Status WriteAll(int fd, const std::string& name, uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("cannot write", name);
    offset += static_cast<uint64_t>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> PosixAccountFiles::Create(std::string_view prefix,
                                                      std::string_view suffix) {
  const fs::path directory = fs::path(std::string(prefix)).parent_path();
  std::error_code error;
  fs::create_directories(directory, error);
  uint64_t next = 0;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const auto number = NumberIn(it->path().string(), prefix, suffix);
    if (number.has_value()) next = std::max(next, *number + 1);
  }
  if (error) {
    return absl::UnavailableError(Cat("cannot use ", directory.string(), ": ", error.message()));
  }
  for (;; ++next) {
    const std::string name = Numbered(prefix, next, suffix);
    const Descriptor file(name, O_WRONLY | O_CREAT | O_EXCL);
    // Another shard of this host may have taken it.
    if (file.fd() < 0 && errno == EEXIST) continue;
    if (file.fd() < 0) return Failed("cannot create", name);
    const Descriptor dir(directory.string(), O_RDONLY | O_DIRECTORY);
    if (dir.fd() < 0 || fsync(dir.fd()) != 0) return Failed("cannot sync", directory.string());
    return name;
  }
}

absl::Status PosixAccountFiles::Write(const std::string& name, uint64_t offset,
                                      std::string_view bytes) {
  const Descriptor file(name, O_WRONLY);
  if (file.fd() < 0) return Failed("cannot open", name);
  struct stat info {};
  if (fstat(file.fd(), &info) != 0) return Failed("cannot look at", name);
  if (static_cast<uint64_t>(info.st_size) < offset) {
    return absl::NotFoundError(
        Cat(name, " has ", info.st_size, " bytes, ", offset, " were written"));
  }
  if (static_cast<uint64_t>(info.st_size) > offset &&
      ftruncate(file.fd(), static_cast<off_t>(offset)) != 0) {
    return Failed("cannot cut", name);
  }
  RETURN_IF_ERROR(WriteAll(file.fd(), name, offset, bytes));
  // After a failure the caller writes the same bytes again, so this is never a repeated sync.
  if (fdatasync(file.fd()) != 0) return Failed("cannot sync", name);
  return absl::OkStatus();
}

absl::StatusOr<std::string> MemoryAccountFiles::Create(std::string_view prefix,
                                                       std::string_view suffix) {
  if (!failure.ok()) return failure;
  uint64_t next = 0;
  for (const auto& [name, content] : files) {
    const auto number = NumberIn(name, prefix, suffix);
    if (number.has_value()) next = std::max(next, *number + 1);
  }
  std::string name = Numbered(prefix, next, suffix);
  files.emplace(name, "");
  return name;
}

absl::Status MemoryAccountFiles::Write(const std::string& name, uint64_t offset,
                                       std::string_view bytes) {
  if (!failure.ok()) return failure;
  const auto found = files.find(name);
  if (found == files.end() || found->second.size() < offset) {
    return absl::NotFoundError(Cat(name, " is gone"));
  }
  found->second.resize(offset);
  found->second.append(bytes);
  return absl::OkStatus();
}

}  // namespace convoy::shard
