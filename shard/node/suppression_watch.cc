#include "shard/node/suppression_watch.h"

#include <sys/stat.h>

#include <utility>

#include "base/log.h"
#include "base/status_macros.h"

namespace convoy::shard {

SuppressionWatch::SuppressionWatch(EventLoop& loop, SuppressionBook& book,
                                   std::vector<std::string> paths)
    : loop_(loop), book_(book) {
  for (std::string& path : paths) seen_.emplace(std::move(path), Stamp{});
}

SuppressionWatch::~SuppressionWatch() {
  *alive_ = false;
  loop_.Cancel(timer_);
  if (reader_.joinable()) reader_.join();
}

SuppressionWatch::Stamp SuppressionWatch::StampOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return {int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec, info.st_size};
}

absl::Status SuppressionWatch::Load() {
  for (auto& [path, stamp] : seen_) {
    stamp = StampOf(path);
    auto list = SuppressionList::Load(path);
    RETURN_IF_ERROR(list.status());
    LogInfo("suppress", path, ": ", (*list)->size(), " entries");
    book_.Set(path, *std::move(list));
  }
  return absl::OkStatus();
}

void SuppressionWatch::Start() {
  timer_ = loop_.CallAfter(kInterval, [this] { Look(); });
}

void SuppressionWatch::Look() {
  if (!reading_) {
    for (auto& [path, stamp] : seen_) {
      const Stamp now = StampOf(path);
      if (now == stamp) continue;
      stamp = now;
      Read(path, now);
      break;  // one at a time; the next look takes the next one
    }
  }
  timer_ = loop_.CallAfter(kInterval, [this] { Look(); });
}

void SuppressionWatch::Read(const std::string& path, Stamp) {
  reading_ = true;
  if (reader_.joinable()) reader_.join();
  reader_ = std::thread([this, path, alive = alive_, &loop = loop_] {
    auto list = SuppressionList::Load(path);
    loop.Post([this, path, alive, list = std::move(list)]() mutable {
      if (!*alive) return;
      reading_ = false;
      if (!list.ok()) {
        return LogError("suppress", "kept the old list: ", std::string(list.status().message()));
      }
      LogInfo("suppress", path, " has changed: ", (*list)->size(), " entries");
      book_.Set(path, *std::move(list));
    });
  });
}

}  // namespace convoy::shard
