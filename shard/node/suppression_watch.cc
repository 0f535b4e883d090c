#include "shard/node/suppression_watch.h"

#include <sys/stat.h>

#include <utility>

#include "base/log.h"

namespace convoy::shard {

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

bool SuppressionWatch::Replace(Lists* lists) {
  bool changed = lists->size() != seen_.size();
  for (const auto& [path, entry] : seen_) {
    if (!lists->contains(path)) book_.Remove(path);
  }
  for (const auto& [path, entry] : *lists) {
    const auto known = seen_.find(path);
    changed = changed || known == seen_.end() || !known->second.list->SameAs(*entry.list);
    LogInfo("suppress", path, ": ", entry.list->size(), " entries");
    book_.Set(path, entry.list);
  }
  seen_.swap(*lists);
  return changed;
}

void SuppressionWatch::Start() {
  timer_ = loop_.CallAfter(kInterval, [this] { Look(); });
}

void SuppressionWatch::Look() {
  if (!reading_) {
    for (auto& [path, entry] : seen_) {
      const Stamp now = StampOf(path);
      if (now == entry.stamp) continue;
      entry.stamp = now;
      Read(path);
      break;  // one at a time; the next look takes the next one
    }
  }
  timer_ = loop_.CallAfter(kInterval, [this] { Look(); });
}

void SuppressionWatch::Read(const std::string& path) {
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
      const auto entry = seen_.find(path);
      if (entry == seen_.end()) return;  // a reload has dropped it meanwhile
      entry->second.list = *list;
      LogInfo("suppress", path, " has changed: ", (*list)->size(), " entries");
      book_.Set(path, *std::move(list));
    });
  });
}

}  // namespace convoy::shard
