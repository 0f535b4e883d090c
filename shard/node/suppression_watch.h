// Keeps the suppression lists as their files are: read at start and at a reload, read again when a
// file has changed.
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

#include "runtime/event_loop.h"
#include "shard/engine/suppression_book.h"

namespace convoy::shard {

class SuppressionWatch {
 public:
  static constexpr Duration kInterval = Seconds(1);

  // What a file was when it was looked at.
  struct Stamp {
    int64_t modified_ns = 0;
    int64_t bytes = -1;  // -1: it could not be looked at
    auto operator<=>(const Stamp&) const = default;
  };
  static Stamp StampOf(const std::string& path);
  struct Entry {
    std::shared_ptr<const SuppressionList> list;
    Stamp stamp;  // of the file, taken before it was read
  };
  using Lists = std::map<std::string, Entry>;

  SuppressionWatch(EventLoop& loop, SuppressionBook& book) : loop_(loop), book_(book) {}
  // Waits for a read that is under way.
  ~SuppressionWatch();

  // These lists, by path, instead of those before, which the caller gets. True if a file is another
  // one or has other content than what was in force.
  bool Replace(Lists* lists);
  void Start();

 private:
  void Look();
  void Read(const std::string& path);

  EventLoop& loop_;
  SuppressionBook& book_;
  Lists seen_;
  TimerId timer_;
  bool reading_ = false;
  std::thread reader_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace convoy::shard
