// The client's conversation with a scripted coordinator, on virtual time.

#include "shard/cluster/coordinator_client.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/text.h"
#include "runtime/virtual_loop.h"

namespace convoy::shard {
namespace {

// Keeps each call until the test answers it.
class ScriptedChannel final : public CoordinatorChannel {
 public:
  struct Renewal {
    TableVersion applied;
    Done<RenewReply> done;
  };
  void Register(const ShardAnnouncement&, Epoch, Duration deadline,
                Done<RegisterReply> done) override {
    EXPECT_GT(deadline, Duration{});
    registers.push_back(std::move(done));
  }
  void Renew(const ShardIncarnation&, Epoch, TableVersion applied, Duration,
             Done<RenewReply> done) override {
    renewals.push_back({applied, std::move(done)});
  }
  void Leave(const ShardIncarnation&, Epoch, LeaveMode mode, Duration, Done<Epoch> done) override {
    left_as = mode;
    leaves.push_back(std::move(done));
  }
  void OpenWatch(const ShardIncarnation&, Epoch, TableHandler table, EndHandler end) override {
    ++watches_opened;
    on_table = std::move(table);
    on_end = std::move(end);
  }
  void CloseWatch() override { on_table = nullptr; }

  std::deque<Done<RegisterReply>> registers;
  std::deque<Renewal> renewals;
  std::deque<Done<Epoch>> leaves;
  LeaveMode left_as = LeaveMode::kRelease;
  TableHandler on_table;
  EndHandler on_end;
  int watches_opened = 0;
};

class CoordinatorClientTest : public testing::Test {
 protected:
  using State = CoordinatorClient::State;

  CoordinatorClientTest() {
    CoordinatorClient::Handlers handlers;
    handlers.on_table = [this](const AssignmentTable&) { ++tables_; };
    handlers.store_table = [this](std::shared_ptr<const AssignmentTable> table, Callback stored) {
      storing_.emplace_back(table->version, std::move(stored));
      stored_last_ = std::move(table);
    };
    handlers.take_config = [this](uint64_t version, Callback ended) {
      taking_.emplace_back(version, std::move(ended));
    };
    ShardAnnouncement announcement;
    announcement.shard = {.name = "a", .uid = std::string(32, 'f'), .incarnation = 3};
    announcement_ = announcement;
    client_ = std::make_unique<CoordinatorClient>(loop_, channel_, view_, lease_, announcement,
                                                  std::move(handlers), Rng(1));
  }
  static std::shared_ptr<AssignmentTable> Table(uint64_t epoch, uint64_t version,
                                                bool fence = true) {
    auto table = std::make_shared<AssignmentTable>(SoleOwnerTable("a", {"v1"}));
    table->version = {Epoch(epoch), version};
    table->fence_on_lease_loss = fence;
    return table;
  }
  static LeaseTerms Terms() {
    return {.length = Seconds(15), .margin = Seconds(2), .fence_on_lease_loss = true};
  }
  template <typename Queue>
  static auto Pop(Queue& queue) {
    EXPECT_FALSE(queue.empty());
    auto front = std::move(queue.front());
    queue.pop_front();
    return front;
  }
  void AnswerRegister(uint64_t epoch, uint64_t version) {
    Pop(channel_.registers)(
        RegisterReply{.epoch = Epoch(epoch), .lease = Terms(), .table = Table(epoch, version)});
  }
  void AnswerRenew(uint64_t epoch, bool granted, uint64_t newest) {
    Pop(channel_.renewals)
        .done(RenewReply{
            .epoch = Epoch(epoch), .lease = Terms(), .granted = granted, .newest_version = newest});
  }
  void FinishStore() { Pop(storing_).second(); }
  // Registered in epoch 1 with table 1 stored and acknowledged.
  void Join() {
    client_->Start(nullptr);
    AnswerRegister(1, 1);
    AnswerRenew(1, true, 1);  // acknowledges nothing yet
    FinishStore();
    EXPECT_EQ(channel_.renewals.front().applied, (TableVersion{Epoch(1), 1}));
    AnswerRenew(1, true, 1);
  }

  VirtualLoop loop_;
  ScriptedChannel channel_;
  AssignmentView view_{"a"};
  LeaseView lease_;
  std::unique_ptr<CoordinatorClient> client_;
  std::deque<std::pair<TableVersion, Callback>> storing_;
  std::shared_ptr<const AssignmentTable> stored_last_;
  std::deque<std::pair<uint64_t, Callback>> taking_;
  ShardAnnouncement announcement_;
  int tables_ = 0;
};

TEST_F(CoordinatorClientTest, RegistersAppliesStoresAcknowledgesRenews) {
  Join();
  EXPECT_EQ(client_->state(), State::kMember);
  EXPECT_EQ(tables_, 1);
  EXPECT_EQ(channel_.watches_opened, 1);
  EXPECT_TRUE(lease_.MayAssign(loop_.MonoNow()));
  EXPECT_TRUE(channel_.renewals.empty());
  loop_.RunFor(Seconds(5));
  EXPECT_EQ(channel_.renewals.size(), 1u) << "a third of the lease";
}

TEST_F(CoordinatorClientTest, ALeaseIsNotUsedBeforeTheCurrentConfigurationRuns) {
  client_->Start(nullptr);
  RegisterReply registered{.epoch = Epoch(1), .lease = Terms(), .table = Table(1, 1)};
  registered.config_version = 7;
  Pop(channel_.registers)(registered);
  EXPECT_FALSE(lease_.Valid(loop_.MonoNow()));
  RenewReply renewed{.epoch = Epoch(1), .lease = Terms(), .granted = true, .newest_version = 1};
  renewed.config_version = 7;
  Pop(channel_.renewals).done(renewed);
  EXPECT_FALSE(lease_.Valid(loop_.MonoNow()));
  ASSERT_EQ(taking_.size(), 1u) << "told once while it is being taken";
  EXPECT_EQ(taking_.front().first, 7u);

  announcement_.config_version = 7;
  client_->Announce(announcement_);
  taking_.front().second();
  Pop(channel_.registers)(registered);
  EXPECT_TRUE(lease_.Valid(loop_.MonoNow()));
}

TEST_F(CoordinatorClientTest, AConfigurationThatCannotBeTakenIsTriedAgainWithEachAnswer) {
  Join();
  RenewReply renewed{.epoch = Epoch(1), .lease = Terms(), .granted = true, .newest_version = 1};
  renewed.config_version = 2;
  for (int i = 0; i < 3; ++i) {
    loop_.RunFor(Seconds(5));
    Pop(channel_.renewals).done(renewed);
    Pop(taking_).second();
  }
  EXPECT_FALSE(lease_.Valid(loop_.MonoNow())) << "the lease from before has ended";
}

TEST_F(CoordinatorClientTest, AnAnswerOvertakenByACommitTakesNothingBack) {
  Join();
  announcement_.config_version = 3;
  client_->Announce(announcement_);
  RegisterReply late{.epoch = Epoch(1), .lease = Terms(), .table = Table(1, 1)};
  late.config_version = 2;
  Pop(channel_.registers)(late);
  EXPECT_TRUE(taking_.empty());
  EXPECT_TRUE(lease_.Valid(loop_.MonoNow()));
}

TEST_F(CoordinatorClientTest, NewTableIsAcknowledgedOnlyWhenItIsStored) {
  Join();
  channel_.on_table(Table(1, 2));
  EXPECT_EQ(view_.version().version, 2u);
  EXPECT_TRUE(channel_.renewals.empty());
  FinishStore();
  ASSERT_EQ(channel_.renewals.size(), 1u);
  EXPECT_EQ(channel_.renewals.front().applied.version, 2u);
}

TEST_F(CoordinatorClientTest, TableStoredDuringARenewalIsAcknowledgedNext) {
  Join();
  loop_.RunFor(Seconds(5));
  channel_.on_table(Table(1, 2));
  FinishStore();
  EXPECT_EQ(channel_.renewals.size(), 1u) << "one at a time";
  AnswerRenew(1, true, 2);
  ASSERT_EQ(channel_.renewals.size(), 1u);
  EXPECT_EQ(channel_.renewals.front().applied.version, 2u);
}

TEST_F(CoordinatorClientTest, LeaseIsCountedFromTheSending) {
  Join();
  loop_.RunFor(Seconds(5));
  const MonoTime sent = loop_.MonoNow();
  loop_.RunFor(Seconds(4));
  AnswerRenew(1, true, 1);
  EXPECT_EQ(lease_.AssignUntil(), sent + Seconds(13));
}

TEST_F(CoordinatorClientTest, RefusedLeaseIsNotTaken) {
  Join();
  const auto until = lease_.AssignUntil();
  loop_.RunFor(Seconds(5));
  AnswerRenew(1, false, 2);
  EXPECT_EQ(lease_.AssignUntil(), until);
}

TEST_F(CoordinatorClientTest, FailedRenewalIsRetriedAndTheLeaseLapses) {
  Join();
  for (int i = 0; i < 40; ++i) {
    loop_.RunUntilTrue([&] { return !channel_.renewals.empty(); }, loop_.MonoNow() + Seconds(6));
    Pop(channel_.renewals).done(absl::UnavailableError("down"));
    EXPECT_FALSE(client_->last_error().ok());
  }
  EXPECT_FALSE(lease_.MayAssign(loop_.MonoNow()));
  loop_.RunUntilTrue([&] { return !channel_.renewals.empty(); }, loop_.MonoNow() + Seconds(6));
  AnswerRenew(1, true, 1);
  EXPECT_TRUE(lease_.MayAssign(loop_.MonoNow()));
  EXPECT_TRUE(client_->last_error().ok());
}

TEST_F(CoordinatorClientTest, ForgottenShardRegistersAgain) {
  Join();
  loop_.RunFor(Seconds(5));
  Pop(channel_.renewals).done(absl::NotFoundError("who?"));
  EXPECT_FALSE(lease_.MayAssign(loop_.MonoNow()));
  EXPECT_EQ(channel_.registers.size(), 1u);
  AnswerRegister(1, 2);
  EXPECT_TRUE(lease_.MayAssign(loop_.MonoNow()));
}

TEST_F(CoordinatorClientTest, SupersededStopsForEver) {
  Join();
  loop_.RunFor(Seconds(5));
  Pop(channel_.renewals).done(absl::AbortedError("newer"));
  EXPECT_EQ(client_->state(), State::kSuperseded);
  EXPECT_FALSE(lease_.MayAssign(loop_.MonoNow()));
  loop_.RunFor(Minutes(10));
  EXPECT_TRUE(channel_.registers.empty());
  EXPECT_TRUE(channel_.renewals.empty());
}

TEST_F(CoordinatorClientTest, AnswersOfAFormerCoordinatorAreNotTaken) {
  client_->Start(Table(5, 9));
  Pop(channel_.registers)(
      RegisterReply{.epoch = Epoch(4), .lease = Terms(), .table = Table(4, 20)});
  EXPECT_EQ(client_->state(), State::kConnecting);
  EXPECT_EQ(view_.version(), (TableVersion{Epoch(5), 9}));
  EXPECT_FALSE(lease_.MayAssign(loop_.MonoNow()));
}

TEST_F(CoordinatorClientTest, StoredTableServesModeNoWithoutACoordinator) {
  client_->Start(Table(5, 9, /*fence=*/false));
  Pop(channel_.registers)(absl::UnavailableError("down"));
  EXPECT_TRUE(view_.OwnerOf("x.example", "v1").may_assign);
  EXPECT_TRUE(lease_.MayAssign(loop_.MonoNow()));
  EXPECT_EQ(client_->acknowledged().version, 9u);
}

TEST_F(CoordinatorClientTest, WatchIsOpenedAgainWhenItEndsOrStalls) {
  Join();
  channel_.on_end(absl::UnavailableError("lost"));
  loop_.RunFor(Seconds(1));
  EXPECT_EQ(channel_.watches_opened, 2);
  for (int i = 0; i < 2; ++i) {
    loop_.RunUntilTrue([&] { return !channel_.renewals.empty(); }, loop_.MonoNow() + Seconds(6));
    AnswerRenew(1, true, 7);
  }
  EXPECT_EQ(channel_.watches_opened, 3) << "two renewals spoke of a table it has not brought";
}

TEST_F(CoordinatorClientTest, AnnounceRegistersAgain) {
  Join();
  ShardAnnouncement changed;
  changed.shard = {.name = "a", .uid = std::string(32, 'f'), .incarnation = 3};
  client_->Announce(changed);
  EXPECT_EQ(channel_.registers.size(), 1u);
  AnswerRegister(1, 2);
  EXPECT_EQ(client_->state(), State::kMember);
  EXPECT_EQ(channel_.watches_opened, 1);
}

TEST_F(CoordinatorClientTest, LeaveRetriesWithinItsPatience) {
  Join();
  bool left = false;
  client_->Leave(LeaveMode::kQuiesce, Seconds(3), [&] { left = true; });
  EXPECT_EQ(channel_.left_as, LeaveMode::kQuiesce);
  EXPECT_FALSE(lease_.MayAssign(loop_.MonoNow()));
  Pop(channel_.leaves)(absl::UnavailableError("down"));
  loop_.RunFor(Seconds(1));
  EXPECT_FALSE(left);
  Pop(channel_.leaves)(Epoch(1));
  EXPECT_TRUE(left);
}

TEST_F(CoordinatorClientTest, ReleaseIsToldOnlyWhenARestartWouldFindNothing) {
  Join();
  storing_.clear();
  client_->Leave(LeaveMode::kRelease, Seconds(3), [] {});
  EXPECT_FALSE(lease_.MayAssign(loop_.MonoNow()));
  EXPECT_TRUE(channel_.leaves.empty()) << "a crash now would bring the old table back";
  ASSERT_EQ(storing_.size(), 1u);
  EXPECT_EQ(storing_.front().first, (TableVersion{view_.highest_epoch(), 0}));
  ASSERT_NE(stored_last_, nullptr);
  AssignmentView restarted("a");
  ASSERT_TRUE(restarted.Apply(stored_last_).ok());
  EXPECT_NE(restarted.OwnerOf("x.example", "v1").kind, Owner::Kind::kSelf);
  EXPECT_TRUE(restarted.Apply(Table(1, 1)).ok()) << "whatever the coordinator has is newer";
  Pop(storing_).second();
  EXPECT_EQ(channel_.left_as, LeaveMode::kRelease);
  Pop(channel_.leaves)(Epoch(1));
}

TEST_F(CoordinatorClientTest, ReleasedShardAssignsNothingInModeNo) {
  client_->Start(Table(5, 9, /*fence=*/false));
  EXPECT_TRUE(lease_.MayAssign(loop_.MonoNow()));
  client_->Leave(LeaveMode::kRelease, Seconds(3), [] {});
  EXPECT_FALSE(lease_.MayAssign(loop_.MonoNow())) << "the table still says that it owns";
}

TEST_F(CoordinatorClientTest, LeaveDoesNotWaitForEver) {
  Join();
  bool left = false;
  storing_.clear();
  client_->Leave(LeaveMode::kRelease, Seconds(3), [&] { left = true; });
  Pop(storing_).second();
  loop_.RunFor(Seconds(3));
  EXPECT_TRUE(left);
  Pop(channel_.leaves)(Epoch(1));
  EXPECT_EQ(client_->state(), State::kLeft);
}

TEST_F(CoordinatorClientTest, LateAnswersAfterTheEndOfTheClientAreHarmless) {
  client_->Start(nullptr);
  auto answer = Pop(channel_.registers);
  client_.reset();
  answer(RegisterReply{.epoch = Epoch(1), .lease = Terms(), .table = Table(1, 1)});
  EXPECT_FALSE(view_.has_table());
}

}  // namespace
}  // namespace convoy::shard
