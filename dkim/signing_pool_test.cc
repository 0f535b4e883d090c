#include "dkim/signing_pool.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <utility>

#include "base/text.h"
#include "dkim/rfc_vectors.h"

namespace convoy::dkim {
namespace {

using Field = absl::StatusOr<std::string>;

SigningJob MakeJob() {
  SigningJob job;
  job.key = *PrivateKey::FromPem(vectors::kRsaPem);
  job.options.domain = "football.example.com";
  job.options.selector = "test";
  job.header_block = vectors::kHeader;
  job.body_hash = BodyHash(job.options.body, vectors::kBody);
  return job;
}

// Submits a job whose callback holds its thread until Release().
class Blocker {
 public:
  explicit Blocker(SigningPool* pool) {
    EXPECT_TRUE(pool->Submit(MakeJob(), [this](Field) {
      entered_.set_value();
      release_.get_future().wait();
    }));
    entered_.get_future().wait();
  }
  void Release() { release_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> release_;
};

TEST(SigningPool, SignsWhatSignSigns) {
  SigningPool pool({.threads = 2});
  std::promise<Field> promise;
  ASSERT_TRUE(pool.Submit(MakeJob(), [&](Field field) { promise.set_value(std::move(field)); }));
  const Field field = promise.get_future().get();
  const SigningJob job = MakeJob();
  ASSERT_TRUE(field.ok()) << field.status();
  EXPECT_EQ(*field, *Sign(*job.key, job.options, job.header_block, job.body_hash));
  pool.Stop();
  EXPECT_EQ(pool.signed_count(), 1u);
  EXPECT_EQ(pool.depth(), 0u);
}

TEST(SigningPool, ErrorsReachTheCallback) {
  SigningPool pool({.threads = 1});
  SigningJob job = MakeJob();
  job.header_block = "Subject: no author\r\n";
  std::promise<Field> promise;
  ASSERT_TRUE(
      pool.Submit(std::move(job), [&](Field field) { promise.set_value(std::move(field)); }));
  EXPECT_TRUE(absl::IsInvalidArgument(promise.get_future().get().status()));
  pool.Stop();
  EXPECT_EQ(pool.signed_count(), 0u);
}

TEST(SigningPool, FullQueueRefusesAndTouchesNothing) {
  SigningPool pool({.threads = 1, .queue_max = 2});
  Blocker blocker(&pool);
  std::atomic<int> calls{0};
  EXPECT_TRUE(pool.Submit(MakeJob(), [&](Field) { ++calls; }));
  EXPECT_TRUE(pool.Submit(MakeJob(), [&](Field) { ++calls; }));
  SigningJob job = MakeJob();
  SigningPool::Callback callback = [&](Field) { calls += 100; };
  EXPECT_FALSE(pool.Submit(std::move(job), std::move(callback)));
  EXPECT_NE(job.key, nullptr);
  EXPECT_FALSE(job.header_block.empty());
  EXPECT_TRUE(callback != nullptr);
  EXPECT_EQ(pool.depth(), 3u);
  blocker.Release();
  pool.Stop();
  EXPECT_EQ(pool.depth(), 0u);
  EXPECT_EQ(calls, 2) << "signed or cancelled, each once";
}

TEST(SigningPool, StopCancelsWhatWaitsAndWaitsForWhatRuns) {
  auto pool = std::make_unique<SigningPool>(SigningPool::Options{.threads = 1});
  Blocker blocker(pool.get());
  std::promise<Field> waiting;
  ASSERT_TRUE(pool->Submit(MakeJob(), [&](Field field) {
    waiting.set_value(std::move(field));
    blocker.Release();  // the running job can end only now: Stop must not hold the lock here
  }));
  pool->Stop();
  EXPECT_TRUE(absl::IsCancelled(waiting.get_future().get().status()));
  EXPECT_FALSE(pool->Submit(MakeJob(), [](Field) { ADD_FAILURE() << "called after Stop"; }));
  pool->Stop();
  EXPECT_EQ(pool->depth(), 0u);
}

TEST(SigningPool, ManySubmittersEveryJobAnsweredOnce) {
  constexpr int kThreads = 4;
  constexpr int kJobsEach = 100;
  std::atomic<int> accepted{0};
  std::atomic<int> answered{0};
  const SigningJob job = MakeJob();
  {
    SigningPool pool({.threads = 3, .queue_max = 16});
    std::vector<std::thread> submitters;
    for (int t = 0; t < kThreads; ++t) {
      submitters.emplace_back([&] {
        for (int i = 0; i < kJobsEach; ++i) {
          SigningJob copy = job;
          if (pool.Submit(std::move(copy), [&](Field) { ++answered; })) ++accepted;
          EXPECT_LE(pool.depth(), 16u + 3u);
        }
      });
    }
    for (std::thread& thread : submitters) thread.join();
  }
  EXPECT_GT(accepted, 0);
  EXPECT_EQ(answered, accepted);
}

TEST(SigningPool, CallbackMaySubmit) {
  std::atomic<int> calls{0};
  std::promise<void> done;
  SigningPool pool({.threads = 1});
  SigningPool::Callback again = [&](Field) {
    if (++calls == 10) {
      done.set_value();
      return;
    }
    SigningPool::Callback copy = again;
    EXPECT_TRUE(pool.Submit(MakeJob(), std::move(copy)));
  };
  SigningPool::Callback first = again;
  ASSERT_TRUE(pool.Submit(MakeJob(), std::move(first)));
  done.get_future().wait();
  pool.Stop();
  EXPECT_EQ(calls, 10);
}

}  // namespace
}  // namespace convoy::dkim
