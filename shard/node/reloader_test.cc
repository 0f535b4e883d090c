#include "shard/node/reloader.h"

#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "base/text.h"
#include "runtime/virtual_loop.h"

namespace convoy::shard {
namespace {

class ReloaderTest : public testing::Test {
 protected:
  ReloaderTest() {
    Reloader::Hooks hooks;
    hooks.loader = [this](std::shared_ptr<const ConfigVersion> version) {
      return [this, version] {
        LoadedShardConfig out;
        if (bad_.contains(version->version)) {
          out.diagnostics.push_back(
              {config::Severity::kError, {"c.conf", 7, 5}, config::Say<"no such key">(), {}});
        } else {
          out.config = std::make_unique<ShardConfig>();
        }
        return out;
      };
    };
    hooks.promote = [this] {
      ++promoted_;
      return disk_;
    };
    hooks.apply = [this](uint64_t version, std::unique_ptr<ShardConfig> config) {
      EXPECT_NE(config, nullptr);
      applied_.push_back(version);
    };
    hooks.fetch = [this](uint64_t version, Reloader::Fetched fetched) {
      fetches_.emplace_back(version, std::move(fetched));
    };
    hooks.aside = [this](Callback work) { aside_.push_back(std::move(work)); };
    reloader_ = std::make_unique<Reloader>(loop_, 1, "d1", std::move(hooks));
  }
  static ConfigVersion Version(uint64_t version, std::string digest = "") {
    return {
        .version = version, .digest = digest.empty() ? Cat("d", version) : digest, .bundle = "b"};
  }
  void RunAside() {
    do {
      while (loop_.RunOne()) {
      }
      if (aside_.empty()) return;
      Callback work = std::move(aside_.front());
      aside_.pop_front();
      work();
    } while (true);
  }
  PreparedConfig Prepare(ConfigVersion version) {
    PreparedConfig answer;
    bool answered = false;
    reloader_->Prepare(std::move(version), [&](PreparedConfig prepared) {
      answer = std::move(prepared);
      answered = true;
    });
    EXPECT_FALSE(answered) << "loading is not done on the loop";
    RunAside();
    EXPECT_TRUE(answered);
    return answer;
  }
  absl::Status Commit(uint64_t version, const std::string& digest) {
    absl::Status result = absl::UnknownError("no answer");
    reloader_->Commit(version, digest, [&](const absl::Status& status) { result = status; });
    RunAside();
    return result;
  }

  VirtualLoop loop_;
  std::deque<Callback> aside_;
  std::deque<std::pair<uint64_t, Reloader::Fetched>> fetches_;
  std::set<uint64_t> bad_;
  std::vector<uint64_t> applied_;
  int promoted_ = 0;
  absl::Status disk_;
  std::unique_ptr<Reloader> reloader_;
};

TEST_F(ReloaderTest, PreparesHoldsAndCommits) {
  EXPECT_TRUE(Prepare(Version(2)).ok);
  EXPECT_TRUE(applied_.empty());
  EXPECT_EQ(reloader_->running(), 1u);
  EXPECT_TRUE(Commit(2, "d2").ok());
  EXPECT_EQ(applied_, std::vector<uint64_t>{2});
  EXPECT_EQ(promoted_, 1);
  EXPECT_TRUE(Commit(2, "d2").ok()) << "a repeat is harmless";
  EXPECT_EQ(applied_.size(), 1u);
}

TEST_F(ReloaderTest, AnAbandonedVersionIsNotTakenForALaterOneOfItsNumber) {
  Prepare(Version(2, "old"));
  EXPECT_EQ(Commit(2, "new").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(applied_.empty());
  Prepare(Version(2, "new"));
  EXPECT_EQ(Commit(2, "old").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(Commit(2, "new").ok());
}

TEST_F(ReloaderTest, RefusesWithDiagnosticsAndHoldsNothing) {
  bad_ = {2};
  const PreparedConfig answer = Prepare(Version(2));
  EXPECT_FALSE(answer.ok);
  ASSERT_EQ(answer.diagnostics.size(), 1u);
  EXPECT_EQ(answer.diagnostics[0].ToString(), "c.conf:7:5: error: no such key");
  EXPECT_FALSE(Commit(2, "d2").ok());
}

TEST_F(ReloaderTest, AVersionThatAnotherOneOvertookIsRefusedAndSaidSo) {
  PreparedConfig first;
  reloader_->Prepare(Version(2), [&](PreparedConfig prepared) { first = std::move(prepared); });
  EXPECT_TRUE(Prepare(Version(3)).ok);
  EXPECT_FALSE(first.ok);
  ASSERT_EQ(first.diagnostics.size(), 1u);
  EXPECT_EQ(first.diagnostics[0].ToString(),
            "error: another version came while this one was prepared");
  EXPECT_TRUE(Commit(3, "d3").ok());
}

TEST_F(ReloaderTest, AbortForgetsOnlyThatVersion) {
  Prepare(Version(2));
  reloader_->Abort(2, "other");
  reloader_->Abort(3, "d3");
  reloader_->Abort(2, "d2");
  EXPECT_FALSE(Commit(2, "d2").ok());
  Prepare(Version(2));
  reloader_->Abort(2, "other");
  EXPECT_TRUE(Commit(2, "d2").ok());
}

TEST_F(ReloaderTest, ANewerPrepareReplacesTheOneUnderWay) {
  bool first_ok = true;
  reloader_->Prepare(Version(2), [&](const PreparedConfig& p) { first_ok = p.ok; });
  EXPECT_TRUE(Prepare(Version(3)).ok);
  EXPECT_FALSE(first_ok);
  EXPECT_FALSE(Commit(2, "d2").ok());
  EXPECT_TRUE(Commit(3, "d3").ok());
}

TEST_F(ReloaderTest, TakesAVersionByItself) {
  bool ended = false;
  reloader_->Take(5, [&] { ended = true; });
  ASSERT_EQ(fetches_.size(), 1u);
  EXPECT_EQ(fetches_.front().first, 5u);
  fetches_.front().second(Version(5));
  RunAside();
  EXPECT_TRUE(ended);
  EXPECT_EQ(applied_, std::vector<uint64_t>{5});
  EXPECT_EQ(reloader_->problem(), "");
}

TEST_F(ReloaderTest, WhatIsReadyAlreadyIsNotLoadedAgain) {
  Prepare(Version(2));
  reloader_->Take(2, [] {});
  bad_ = {2};  // would fail now
  fetches_.front().second(Version(2));
  RunAside();
  EXPECT_EQ(applied_, std::vector<uint64_t>{2});
}

TEST_F(ReloaderTest, ACommitMayBeFasterThanTheFetch) {
  Prepare(Version(2));
  reloader_->Take(2, [] {});
  EXPECT_TRUE(Commit(2, "d2").ok());
  fetches_.front().second(Version(2));
  RunAside();
  EXPECT_EQ(applied_, std::vector<uint64_t>{2});
}

TEST_F(ReloaderTest, ATakeThatFailsSaysWhyUntilOneSucceeds) {
  bad_ = {5};
  bool ended = false;
  reloader_->Take(5, [&] { ended = true; });
  fetches_.front().second(Version(5));
  RunAside();
  EXPECT_TRUE(ended);
  EXPECT_EQ(reloader_->problem(), "cannot take version 5: c.conf:7:5: error: no such key");
  EXPECT_EQ(reloader_->running(), 1u);
  reloader_->Take(6, [] {});
  fetches_.back().second(absl::UnavailableError("gone"));
  EXPECT_EQ(reloader_->problem(), "cannot take version 6: gone");
  EXPECT_TRUE(Prepare(Version(6)).ok);
  EXPECT_TRUE(Commit(6, "d6").ok());
  EXPECT_EQ(reloader_->problem(), "");
}

TEST_F(ReloaderTest, AFullDiskDoesNotUndoACommit) {
  Prepare(Version(2));
  disk_ = absl::UnavailableError("no space");
  EXPECT_TRUE(Commit(2, "d2").ok()) << "all the others run it: so does this one";
  EXPECT_EQ(reloader_->running(), 2u);
}

TEST_F(ReloaderTest, MayGoWhileSomethingIsAside) {
  reloader_->Prepare(Version(2), [](const PreparedConfig&) { FAIL() << "answered after its end"; });
  Callback work = std::move(aside_.front());
  aside_.pop_front();
  work();
  reloader_.reset();
  RunAside();
}

}  // namespace
}  // namespace convoy::shard
