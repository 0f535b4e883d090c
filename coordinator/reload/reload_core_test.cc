// The two phases on their own, then random histories with lost answers, crashes and newcomers.

#include "coordinator/reload/reload_core.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <set>

#include "base/rng.h"
#include "base/text.h"

namespace convoy::coordinator {
namespace {

using Kind = ReloadAction::Kind;
using Phase = ReloadCore::Phase;
using State = ReloadCore::State;

const Holder kA{"a", 1};
const Holder kB{"b", 1};

class ReloadCoreTest : public testing::Test {
 protected:
  void Start(const std::vector<Holder>& holders) {
    core_ = std::make_unique<ReloadCore>(ReloadOptions{}, now_, holders, &out_);
  }
  ReloadCore::Actions Take() { return std::exchange(out_, {}); }

  MonoTime now_{Seconds(100).us};
  ReloadCore::Actions out_;
  std::unique_ptr<ReloadCore> core_;
};

TEST_F(ReloadCoreTest, AllReadyThenDurableThenCommitted) {
  Start({kA, kB});
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kPrepare, kA}, {Kind::kPrepare, kB}}));
  core_->OnPrepared(kA, true, &out_);
  EXPECT_TRUE(Take().empty());
  core_->OnPrepared(kB, true, &out_);
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kStore, {}}}));
  core_->OnStored(now_, &out_);
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kCommit, kA}, {Kind::kCommit, kB}}));
  core_->OnCommitted(now_, kB, true, &out_);
  EXPECT_TRUE(Take().empty());
  core_->OnCommitted(now_, kA, true, &out_);
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kAnswer, {}}}));
  EXPECT_EQ(core_->phase(), Phase::kDone);
}

TEST_F(ReloadCoreTest, OneRefusalChangesNothingAnywhere) {
  Start({kA, kB});
  Take();
  core_->OnPrepared(kA, true, &out_);
  core_->OnPrepared(kB, false, &out_);
  EXPECT_EQ(Take(),
            (ReloadCore::Actions{{Kind::kAbort, kA}, {Kind::kAbort, kB}, {Kind::kAnswer, {}}}));
  core_->OnPrepared(kA, true, &out_);
  core_->OnStored(now_, &out_);
  EXPECT_TRUE(Take().empty());
}

TEST_F(ReloadCoreTest, SilenceUntilTheDeadlineIsARefusal) {
  Start({kA, kB});
  core_->OnPrepared(kA, true, &out_);
  Take();
  EXPECT_EQ(core_->NextDeadline(), now_ + Seconds(10));
  core_->OnTick(now_ + Seconds(10), &out_);
  EXPECT_EQ(core_->phase(), Phase::kRefused);
  EXPECT_EQ(core_->states().at(kB), State::kSilent);
  EXPECT_EQ(core_->states().at(kA), State::kReady);
}

TEST_F(ReloadCoreTest, WhoHoldsNoLeaseAnyMoreIsNotWaitedFor) {
  Start({kA, kB});
  core_->OnPrepared(kA, true, &out_);
  Take();
  core_->OnHolders(now_, {kA}, &out_);
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kStore, {}}}));
  core_->OnStored(now_, &out_);
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kCommit, kA}}));
}

TEST_F(ReloadCoreTest, ARestartedShardMustBeReadyAgain) {
  Start({kA});
  Take();
  const Holder again{"a", 2};
  core_->OnHolders(now_, {again}, &out_);
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kPrepare, again}}));
  core_->OnPrepared(kA, true, &out_);
  EXPECT_TRUE(Take().empty()) << "the old run's answer counts for nothing";
  core_->OnPrepared(again, true, &out_);
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kStore, {}}}));
}

TEST_F(ReloadCoreTest, ALostCommitIsRepeatedAndThenNamed) {
  Start({kA});
  core_->OnPrepared(kA, true, &out_);
  core_->OnStored(now_, &out_);
  Take();
  core_->OnCommitted(now_, kA, false, &out_);
  EXPECT_EQ(core_->NextDeadline(), now_ + Milliseconds(100));
  core_->OnTick(now_ + Milliseconds(100), &out_);
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kCommit, kA}}));
  core_->OnTick(now_ + Seconds(5), &out_);
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kAnswer, {}}}));
  EXPECT_EQ(core_->phase(), Phase::kDone);
  EXPECT_EQ(core_->states().at(kA), State::kLate);
}

TEST_F(ReloadCoreTest, WithoutShardsTheVersionIsStored) {
  Start({});
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kStore, {}}}));
  core_->OnStored(now_, &out_);
  EXPECT_EQ(Take(), (ReloadCore::Actions{{Kind::kAnswer, {}}}));
}

// --- Random histories ---

// A shard as far as a reload goes: what it runs, what it holds ready.
struct ModelShard {
  Holder id;
  bool up = true;
  bool lease = true;
  bool can_run = true;  // else it refuses to prepare
  int running = 1;
  bool ready = false;
};

class History {
 public:
  explicit History(uint64_t seed) : rng_(seed) {
    for (int i = 0; i < 3; ++i) {
      shards_.push_back({.id = {Cat("s", i), 1}, .can_run = !rng_.Chance(0.15)});
      shards_.back().lease = !rng_.Chance(0.2);
    }
    ReloadCore::Actions out;
    core_ = std::make_unique<ReloadCore>(ReloadOptions{}, now_, Holders(), &out);
    Carry(out);
  }

  void Run() {
    for (int step = 0; step < 300 && !(core_->ended() && mail_.empty()); ++step) {
      Step();
      Check();
    }
    EXPECT_TRUE(core_->ended());
    EXPECT_EQ(answers_, 1);
    const bool applied = core_->phase() == Phase::kDone;
    EXPECT_EQ(applied, current_ == 2);
    // Quiet: everybody renews its lease, and takes what is current first.
    for (ModelShard& shard : shards_) {
      if (shard.up && shard.can_run) shard.running = current_;
    }
    Check();
  }

  int applied() const { return core_->phase() == Phase::kDone ? 1 : 0; }

 private:
  std::vector<Holder> Holders() const {
    std::vector<Holder> holders;
    for (const ModelShard& shard : shards_) {
      if (shard.lease) holders.push_back(shard.id);
    }
    return holders;
  }
  ModelShard* Find(const Holder& id) {
    for (ModelShard& shard : shards_) {
      if (shard.up && shard.id == id) return &shard;
    }
    return nullptr;
  }

  void Carry(const ReloadCore::Actions& actions) {
    for (const ReloadAction& action : actions) {
      EXPECT_EQ(answers_, 0) << "the answer is the last action";
      if (action.kind == Kind::kStore) CheckEveryHolderIsReady();
      if (action.kind == Kind::kCommit) {
        EXPECT_EQ(current_, 2) << "commit before the version is durable";
      }
      if (action.kind == Kind::kAnswer) {
        ++answers_;
      } else {
        mail_.push_back(action);
      }
    }
  }

  void CheckEveryHolderIsReady() {
    for (const ModelShard& shard : shards_) {
      if (shard.lease && shard.up) {
        EXPECT_TRUE(shard.ready || shard.running == 2) << shard.id.shard;
      }
    }
  }

  // Nobody runs what was never made durable; a refused reload leaves everybody on the old version.
  void Check() const {
    for (const ModelShard& shard : shards_) {
      EXPECT_LE(shard.running, current_);
      if (core_->phase() == Phase::kRefused) {
        EXPECT_EQ(shard.running, 1);
      }
    }
  }

  void Step() {
    now_ = now_ + Milliseconds(static_cast<int64_t>(rng_.Below(400)));
    ReloadCore::Actions out;
    if (rng_.Chance(0.1)) Disturb(&out);
    if (!mail_.empty()) Deliver(&out);
    const auto deadline = core_->NextDeadline();
    if (deadline.has_value() && *deadline <= now_) core_->OnTick(now_, &out);
    Carry(out);
  }

  void Disturb(ReloadCore::Actions* out) {
    ModelShard& shard = shards_[rng_.Below(shards_.size())];
    if (rng_.Chance(0.5)) {  // restarted: what it held ready is gone
      shard.id.incarnation += 1;
      shard.up = true;
      shard.lease = true;
      shard.ready = false;
      if (shard.can_run) shard.running = current_;
    } else {
      shard.lease = !shard.lease;
      if (shard.lease && shard.can_run) shard.running = current_;
    }
    core_->OnHolders(now_, Holders(), out);
  }

  void Deliver(ReloadCore::Actions* out) {
    const size_t at = rng_.Below(mail_.size());  // in any order
    const ReloadAction action = mail_[at];
    mail_.erase(mail_.begin() + static_cast<int64_t>(at));
    if (action.kind == Kind::kStore) {
      current_ = 2;
      core_->OnHolders(now_, Holders(), out);
      return core_->OnStored(now_, out);
    }
    const bool lost = rng_.Chance(0.2);
    const bool answer_lost = rng_.Chance(0.2);
    ModelShard* shard = Find(action.holder);
    bool ok = false;
    if (shard != nullptr && !lost) ok = Do(action.kind, shard);
    core_->OnHolders(now_, Holders(), out);
    if (action.kind == Kind::kPrepare) {
      // A lost call is a failed one, known at its deadline.
      core_->OnPrepared(action.holder, ok && !answer_lost, out);
    } else if (action.kind == Kind::kCommit) {
      core_->OnCommitted(now_, action.holder, ok && !answer_lost, out);
    }
  }

  bool Do(Kind kind, ModelShard* shard) {
    if (kind == Kind::kPrepare) {
      shard->ready = shard->can_run;
      return shard->ready;
    }
    if (kind == Kind::kAbort) {
      shard->ready = false;
      return true;
    }
    if (shard->running == 2) return true;
    if (!shard->ready) return false;
    shard->running = 2;
    return true;
  }

  Rng rng_;
  MonoTime now_{Seconds(50).us};
  std::vector<ModelShard> shards_;
  std::unique_ptr<ReloadCore> core_;
  std::deque<ReloadAction> mail_;
  int current_ = 1;
  int answers_ = 0;
};

TEST(ReloadHistories, AllOrNothingWhateverIsLost) {
  int applied = 0;
  constexpr int kRuns = 20000;
  for (uint64_t seed = 1; seed <= kRuns && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(Cat("seed ", seed));
    History history(seed);
    history.Run();
    applied += history.applied();
  }
  EXPECT_GT(applied, kRuns / 10);
  EXPECT_LT(applied, kRuns * 9 / 10);
}

}  // namespace
}  // namespace convoy::coordinator
