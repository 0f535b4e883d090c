#include "shard/account/file_worker.h"

#include <utility>

#include "shard/spool/work_thread.h"

namespace convoy::shard {
namespace {

class FileThread final : public FileWorker {
 public:
  explicit FileThread(EventLoop& loop)
      : loop_(loop), alive_(std::make_shared<bool>(true)), thread_("accounting") {}

  void Run(Callback work, Callback done) override {
    thread_.Run([this, work = std::move(work), done = std::move(done)]() mutable {
      work();
      loop_.Post([alive = std::weak_ptr<bool>(alive_), done = std::move(done)]() mutable {
        if (!alive.expired()) done();
      });
    });
  }

 private:
  EventLoop& loop_;
  const std::shared_ptr<bool> alive_;
  WorkThread thread_;
};

class LoopFileWorker final : public FileWorker {
 public:
  explicit LoopFileWorker(EventLoop& loop) : loop_(loop), alive_(std::make_shared<bool>(true)) {}

  void Run(Callback work, Callback done) override {
    loop_.Post([alive = std::weak_ptr<bool>(alive_), work = std::move(work),
                done = std::move(done)]() mutable {
      if (alive.expired()) return;
      work();
      done();
    });
  }

 private:
  EventLoop& loop_;
  const std::shared_ptr<bool> alive_;
};

}  // namespace

std::unique_ptr<FileWorker> MakeFileThread(EventLoop& loop) {
  return std::make_unique<FileThread>(loop);
}

std::unique_ptr<FileWorker> MakeLoopFileWorker(EventLoop& loop) {
  return std::make_unique<LoopFileWorker>(loop);
}

}  // namespace convoy::shard
