#include "base/gauge_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace convoy {
namespace {

constexpr char kMagic[] = "CONVOYG1";
constexpr size_t kMagicBytes = 8;
constexpr size_t kFileBytes = kMagicBytes + 8 * static_cast<size_t>(Gauge::kCount);

static_assert(sizeof(std::atomic<uint64_t>) == 8 && std::atomic<uint64_t>::is_always_lock_free);

}  // namespace

absl::StatusOr<std::unique_ptr<GaugeFile>> GaugeFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || ftruncate(fd, kFileBytes) != 0) {
    const std::string why = std::strerror(errno);
    if (fd >= 0) close(fd);
    return absl::UnavailableError(Cat("gauge file ", path, ": ", why));
  }
  void* map = mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (map == MAP_FAILED) {
    return absl::UnavailableError(Cat("gauge file ", path, ": ", std::strerror(errno)));
  }
  std::memcpy(map, kMagic, kMagicBytes);
  auto* slots = reinterpret_cast<std::atomic<uint64_t>*>(static_cast<char*>(map) + kMagicBytes);
  return std::unique_ptr<GaugeFile>(new GaugeFile(slots));
}

GaugeFile::~GaugeFile() { munmap(reinterpret_cast<char*>(slots_) - kMagicBytes, kFileBytes); }

}  // namespace convoy
