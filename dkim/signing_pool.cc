#include "dkim/signing_pool.h"

#include <utility>

#include "absl/status/status.h"
#include "base/check.h"

namespace convoy::dkim {

SigningPool::SigningPool(Options options) : options_(options) {
  CHECK(options_.threads > 0);
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Work(); });
}

SigningPool::~SigningPool() { Stop(); }

bool SigningPool::Submit(SigningJob&& job, Callback&& callback) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || queue_.size() >= options_.queue_max) return false;
    queue_.push_back({std::move(job), std::move(callback)});
  }
  wake_.notify_one();
  return true;
}

void SigningPool::Stop() {
  std::deque<Item> cancelled;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    cancelled.swap(queue_);
  }
  wake_.notify_all();
  for (Item& item : cancelled) item.callback(absl::CancelledError("the signing pool has stopped"));
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

size_t SigningPool::depth() const {
  const std::lock_guard lock(mutex_);
  return queue_.size() + running_;
}

void SigningPool::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
    if (queue_.empty()) return;
    Item item = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    lock.unlock();
    absl::StatusOr<std::string> field =
        Sign(*item.job.key, item.job.options, item.job.header_block, item.job.body_hash);
    if (field.ok()) ++signed_;
    item.callback(std::move(field));
    item = Item();  // what the callback holds is let go before the job counts as ended
    lock.lock();
    --running_;
  }
}

}  // namespace convoy::dkim
