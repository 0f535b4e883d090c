// A bounded pool of threads that makes DKIM signatures off the event loop.
//
// An RSA-2048 signature takes a quarter of a millisecond: too long for a loop turn. The loop
// submits a job and goes on; the callback runs on a pool thread and is expected to post the result
// to its loop. The queue is bounded: when it is full Submit refuses and the caller stops taking
// work on (back-pressure), so unsigned mail is never delayed by a signing backlog.
//
// Every accepted job gets its callback exactly once: with the field, with the error of Sign(), or
// with Cancelled if the pool stopped first.
//
// Limits:    Options::queue_max jobs waiting; beyond it Submit returns false
// Thread:    thread-safe; callbacks run on pool threads and must not call Stop()
// Determinism: none (threads); a simulation calls dkim::Sign itself
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "dkim/key.h"
#include "dkim/signer.h"

namespace convoy::dkim {

struct SigningJob {
  PrivateKey::Ptr key;
  SignOptions options;       // checked by CheckSignOptions when the configuration was loaded
  std::string header_block;  // as it will be sent, without the new field
  std::string body_hash;     // of a BodyHasher made with options.body
};

class SigningPool {
 public:
  // The field to prepend, or why there is none.
  using Callback = std::function<void(absl::StatusOr<std::string>)>;

  struct Options {
    int threads = 1;
    size_t queue_max = 1024;
  };

  // Starts the threads.
  explicit SigningPool(Options options);
  // Stops.
  ~SigningPool();
  SigningPool(const SigningPool&) = delete;
  SigningPool& operator=(const SigningPool&) = delete;

  // False if the queue is full or the pool has stopped; then neither argument was touched.
  [[nodiscard]] bool Submit(SigningJob&& job, Callback&& callback);

  // Refuses new jobs, cancels those waiting, lets those running end, joins the threads. All
  // callbacks have returned when it returns. May be called twice, but by one thread at a time.
  void Stop();

  // Jobs waiting and running. High values mean that signing is the bottleneck: add threads or use
  // Ed25519.
  size_t depth() const;
  // Jobs that ended with a field since the start.
  size_t signed_count() const { return signed_; }

 private:
  struct Item {
    SigningJob job;
    Callback callback;
  };
  void Work();

  const Options options_;
  // Protected by mutex_.
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> queue_;
  size_t running_ = 0;
  bool stopped_ = false;
  // Its own synchronisation.
  std::atomic<size_t> signed_{0};
  // Touched by the constructor and Stop only.
  std::vector<std::thread> threads_;
};

}  // namespace convoy::dkim
