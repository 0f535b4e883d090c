#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "config/say.h"
#include "config/section.h"

namespace convoy::config {
namespace {

absl::Status Unreadable(const std::string& path) {
  return NotFound(Say<"cannot read {}: {}">(path, std::strerror(errno)));
}

absl::StatusOr<std::string> ReadOpen(const std::string& path, int fd) {
  struct stat about {};
  if (fstat(fd, &about) != 0) return Unreadable(path);
  if (S_ISDIR(about.st_mode)) return Invalid(Say<"cannot read {}: it is a directory">(path));
  if (!S_ISREG(about.st_mode)) return Invalid(Say<"cannot read {}: it is no regular file">(path));
  std::string text;
  char block[65536];
  for (;;) {
    const ssize_t got = read(fd, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Unreadable(path);
    if (got == 0) return text;
    text.append(block, static_cast<size_t>(got));
    if (text.size() > kFileBytesMax) {
      return Invalid(Say<"cannot read {}: it has more than {} octets">(path, kFileBytesMax));
    }
  }
}

// A pipe or a device might never answer: it is opened without waiting and not read.
absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return Unreadable(path);
  absl::StatusOr<std::string> text = ReadOpen(path, fd);
  close(fd);
  return text;
}

std::vector<std::string> FindFiles(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

FileAccess RealFiles() {
  FileAccess access;
  access.read = ReadFile;
  access.glob = FindFiles;
  access.environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  return access;
}

std::string ResolvePath(std::string_view base, std::string_view path) {
  if (!path.empty() && path.front() == '/') return std::string(path);
  const size_t slash = base.rfind('/');
  if (slash == std::string_view::npos) return std::string(path);
  return Cat(base.substr(0, slash + 1), path);
}

}  // namespace convoy::config
