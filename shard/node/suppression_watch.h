// Keeps the suppression lists as their files are: read at start, read again when a file has
// changed.
//
// A file is looked at every kInterval and read by a thread of its own, so that a list of a million
// lines does not stop the loop. A file that has become unreadable or wrong leaves the list as it
// was, and says so: a broken edit must not let mail through.
//
// Thread:    loop-affine; reading happens on its own thread
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "runtime/event_loop.h"
#include "shard/engine/suppression_book.h"

namespace convoy::shard {

class SuppressionWatch {
 public:
  static constexpr Duration kInterval = Seconds(1);

  SuppressionWatch(EventLoop& loop, SuppressionBook& book, std::vector<std::string> paths);
  // Waits for a read that is under way.
  ~SuppressionWatch();

  // Reads every file now; before the loop runs.
  absl::Status Load();
  void Start();

 private:
  struct Stamp {
    int64_t modified_ns = 0;
    int64_t bytes = -1;
    auto operator<=>(const Stamp&) const = default;
  };
  static Stamp StampOf(const std::string& path);
  void Look();
  void Read(const std::string& path, Stamp stamp);

  EventLoop& loop_;
  SuppressionBook& book_;
  std::map<std::string, Stamp> seen_;
  TimerId timer_;
  bool reading_ = false;
  std::thread reader_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace convoy::shard
