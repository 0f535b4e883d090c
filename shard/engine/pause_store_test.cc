#include "shard/engine/pause_store.h"

#include <gtest/gtest.h>

#include "runtime/virtual_loop.h"
#include "shard/spool/memory_kv_store.h"

namespace convoy::shard {
namespace {

class PauseStoreTest : public testing::Test {
 protected:
  PauseStoreTest() : store_(loop_, &disk_, {}) {}

  void PutKey(std::string_view key) {
    KvBatch batch;
    batch.Put(Cf::kState, key, std::string_view());
    ASSERT_TRUE(store_.CommitNow(batch).ok());
  }
  bool HasKey(std::string_view key) { return store_.GetNow(Cf::kState, key).ok(); }
  PauseSet Recover() {
    absl::StatusOr<PauseSet> pauses = RecoverPauses(store_);
    EXPECT_TRUE(pauses.ok()) << pauses.status();
    return *std::move(pauses);
  }

  VirtualLoop loop_;
  MemoryKvStore::Disk disk_;
  MemoryKvStore store_;
};

TEST_F(PauseStoreTest, WhatWasPutIsRecoveredUntilErased) {
  KvBatch batch;
  const PauseSelector exact = *PauseSelector::Make("a.example", "V1");
  const PauseSelector any = *PauseSelector::Make("b.example", "*");
  PutPause(exact, &batch);
  PutPause(any, &batch);
  ASSERT_TRUE(store_.CommitNow(batch).ok());
  EXPECT_TRUE(Recover().Covers("a.example", "v1"));
  EXPECT_TRUE(Recover().Covers("b.example", "v7"));

  KvBatch erased;
  ErasePause(exact, &erased);
  ASSERT_TRUE(store_.CommitNow(erased).ok());
  EXPECT_FALSE(Recover().Covers("a.example", "v1"));
  EXPECT_TRUE(Recover().Covers("b.example", "v7"));
}

TEST_F(PauseStoreTest, KeysOfFormerVersionsAreReadAndRewritten) {
  PutKey("pause/a.example/v1");
  PutKey("pause/b.example/Vmta-Warm");
  EXPECT_TRUE(Recover().Covers("a.example", "v1"));
  EXPECT_TRUE(Recover().Covers("b.example", "vmta-warm"));
  EXPECT_TRUE(HasKey("pause/a.example/v1"));
  EXPECT_FALSE(HasKey("pause/b.example/Vmta-Warm")) << "an erased pause would come back";
  EXPECT_TRUE(HasKey("pause/b.example/vmta-warm"));
}

TEST_F(PauseStoreTest, OtherStateIsLeftAlone) {
  PutKey("pause/no-slash");
  PutKey("pausf");
  PutKey("backoff/a.example/v1");
  EXPECT_EQ(Recover().size(), 0u);
  EXPECT_TRUE(HasKey("pause/no-slash"));
}

}  // namespace
}  // namespace convoy::shard
