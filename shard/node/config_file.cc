#include "shard/node/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kMagic = "convoy-config 1 ";

absl::Status Failed(std::string_view doing, const std::string& path) {
  return absl::UnavailableError(Cat("cannot ", doing, " ", path, ": ", std::strerror(errno)));
}

absl::Status WriteSynced(const std::string& path, std::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return Failed("create", path);
  absl::Status status;
  if (fchmod(fd, S_IRUSR | S_IWUSR) != 0) status = Failed("protect", path);
  while (status.ok() && !bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      status = Failed("write", path);
    } else {
      bytes.remove_prefix(static_cast<size_t>(written));
    }
  }
  if (status.ok() && fsync(fd) != 0) status = Failed("sync", path);
  close(fd);
  return status;
}

}  // namespace

absl::Status WriteReadyConfig(const std::string& directory, const StoredConfig& config) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (chmod(directory.c_str(), S_IRWXU) != 0) return Failed("make", directory);
  return WriteSynced(directory + "/ready", Cat(kMagic, config.version, '\n', config.bundle));
}

absl::Status PromoteReadyConfig(const std::string& directory) {
  const std::string ready = directory + "/ready";
  if (std::rename(ready.c_str(), (directory + "/current").c_str()) != 0) {
    return Failed("rename", ready);
  }
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed("open", directory);
  const bool synced = fsync(fd) == 0;
  close(fd);
  return synced ? absl::OkStatus() : Failed("sync", directory);
}

absl::StatusOr<StoredConfig> ReadCurrentConfig(const std::string& directory) {
  const std::string path = directory + "/current";
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(Cat(path, " is not there"));
  std::ostringstream text;
  text << file.rdbuf();
  const std::string bytes = std::move(text).str();
  const size_t end = bytes.find('\n');
  if (!bytes.starts_with(kMagic) || end == std::string::npos) {
    return absl::DataLossError(Cat(path, " is no stored configuration"));
  }
  const auto version =
      ParseUint(std::string_view(bytes).substr(kMagic.size(), end - kMagic.size()));
  if (!version.has_value() || *version == 0) {
    return absl::DataLossError(Cat(path, " has no version"));
  }
  return StoredConfig{.version = *version, .bundle = bytes.substr(end + 1)};
}

}  // namespace convoy::shard
