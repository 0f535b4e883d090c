#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/text.h"
#include "config/say.h"
#include "config/section.h"

namespace convoy::config {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode)) {
    return Invalid(Say<"cannot read {}: it is a directory">(path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return NotFound(Say<"cannot read {}: {}">(path, std::strerror(errno)));
  std::string text;
  char block[65536];
  while (file.read(block, sizeof block) || file.gcount() > 0) {
    text.append(block, static_cast<size_t>(file.gcount()));
    if (text.size() > kFileBytesMax) {
      return Invalid(Say<"cannot read {}: it has more than {} octets">(path, kFileBytesMax));
    }
  }
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
