#include "cli/replace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace convoy::cli {
namespace {

absl::Status Failed(std::string_view what, const std::string& path) {
  return absl::InternalError(Cat("cannot ", what, " ", path, ": ", std::strerror(errno)));
}

bool WriteAll(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(file, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// As the file that it will replace; a new one is as the umask says.
bool CopyOwner(int file, const std::string& path) {
  struct stat old {};
  if (::stat(path.c_str(), &old) != 0) {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return ::fchmod(file, 0666 & ~mask) == 0;
  }
  const bool same = old.st_uid == ::geteuid() && old.st_gid == ::getegid();
  if (!same && ::fchown(file, old.st_uid, old.st_gid) != 0) return false;
  return ::fchmod(file, old.st_mode & 07777) == 0;
}

void SyncDirectory(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

}  // namespace

absl::Status ReplaceFile(const std::string& path, std::string_view text) {
  char real[PATH_MAX];
  const std::string target = ::realpath(path.c_str(), real) == nullptr ? path : real;
  std::string temporary = Cat(target, ".XXXXXX");
  const int file = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) return Failed("write beside", target);
  const bool written = WriteAll(file, text) && CopyOwner(file, target) && ::fsync(file) == 0;
  absl::Status status = written ? absl::OkStatus() : Failed("write", temporary);
  ::close(file);
  if (written && ::rename(temporary.c_str(), target.c_str()) != 0) status = Failed("write", target);
  if (!status.ok()) ::unlink(temporary.c_str());
  if (status.ok()) SyncDirectory(target);
  return status;
}

}  // namespace convoy::cli
