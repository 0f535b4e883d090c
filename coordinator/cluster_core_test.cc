// Random cluster histories on the pure core: never two shards that may assign for one slot.
//
// How it works:
//   1. model shards hold tables as real ones do: apply, store, acknowledge; each step of that may
//   be late
//      by any amount, answers may be lost, shards crash and come back with the table they last
//      stored;
//   2. each shard has its own clock, up to 8 % fast or slow; the coordinator restarts with what it
//   stored;
//   3. after every event all shards are asked for every 128th slot of every virtual MTA whether
//   they would
//      assign: at most one may say yes (invariant I4).
// The same seed gives the same run; a failure prints it.

#include "coordinator/cluster_core.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/rng.h"

namespace convoy::coordinator {
namespace {

constexpr int kShards = 4;
constexpr const char* kVmtas[] = {"v1", "v2", "v3"};

// What has left the coordinator: a lease, perhaps with a table.
struct Answer {
  int shard;
  uint64_t incarnation;
  double sent_local;  // by the shard's clock, when the request was sent
  bool granted;
  std::optional<AssignmentTable> table;
};

struct ModelShard {
  std::string name;
  double clock_rate = 1;
  uint64_t incarnation = 0;
  bool running = false;
  bool partitioned = false;
  std::set<std::string> vmtas;
  std::optional<AssignmentTable> applied;
  std::optional<AssignmentTable> stored;  // survives a crash
  Epoch highest;
  double lease_until_local = -1;
  bool registered = false;

  double Local(MonoTime now) const { return static_cast<double>(now.us) * clock_rate; }
  ShardIncarnation Identity() const {
    return {.name = name, .uid = std::string(32, 'f'), .incarnation = incarnation};
  }
  TableVersion StoredVersion() const { return stored ? stored->version : TableVersion{}; }
};

class Cluster {
 public:
  Cluster(uint64_t seed, bool fence) : rng_(seed), options_{.fence_on_lease_loss = fence} {
    shards_.resize(kShards);
    for (int i = 0; i < kShards; ++i) {
      shards_[i].name = std::string(1, static_cast<char>('a' + i));
      shards_[i].clock_rate = 0.92 + 0.16 * rng_.Fraction();
      ChooseVmtas(shards_[i]);
    }
    StartCoordinator();
  }

  void Run(int events) {
    for (int i = 0; i < events && !testing::Test::HasFailure(); ++i) {
      Event();
      if (core_) {
        core_->OnTick(now_);
        Commit();
      }
      CheckOneOwner(i);
    }
  }
  uint64_t grants_seen() const { return grants_seen_; }
  uint64_t moves_seen() const { return moves_seen_; }

 private:
  void ChooseVmtas(ModelShard& shard) {
    shard.vmtas.clear();
    for (const char* vmta : kVmtas) {
      if (rng_.Chance(0.8)) shard.vmtas.insert(vmta);
    }
  }
  void StartCoordinator() {
    ++epoch_;
    StoredState state{.table = stored_table_, .members = {}};
    for (const auto& [id, record] : stored_members_) state.members.push_back(record);
    core_ = std::make_unique<ClusterCore>(options_, now_, Epoch(epoch_), std::move(state));
    Commit();
  }
  void Commit() {
    const Update update = core_->TakeUpdate();
    for (const MemberId id : update.erased_members) stored_members_.erase(id);
    for (const MemberRecord& r : update.put_members) stored_members_[r.id] = r;
    if (update.table_changed) stored_table_ = core_->table();
    moves_seen_ += update.table_changed ? 1 : 0;
  }

  void Event() {
    ModelShard& shard = shards_[rng_.Below(kShards)];
    const uint64_t dice = rng_.Below(100);
    if (dice < 30) return Renew(shard);
    if (dice < 45) return Watch(shard);
    if (dice < 60) return Deliver();
    if (dice < 68) return Store(shard);
    if (dice < 78) return Advance(Milliseconds(static_cast<int64_t>(rng_.Below(4000))));
    if (dice < 80) return Advance(Seconds(static_cast<int64_t>(rng_.Below(40))));
    if (dice < 84) return Crash(shard);
    if (dice < 90) return Start(shard);
    if (dice < 92) return Quiesce(shard);
    if (dice < 95) return Reload(shard);
    if (dice < 97) {
      shard.partitioned = !shard.partitioned;
      return;
    }
    if (dice < 98) return Forget(shard);
    RestartCoordinator();
  }
  void Advance(Duration d) { now_ = now_ + d; }
  void RestartCoordinator() {
    if (core_) {
      core_.reset();
    } else {
      StartCoordinator();
    }
  }
  void Renew(ModelShard& shard) {
    if (!shard.running || shard.partitioned || !core_) return;
    if (!shard.registered) return Register(shard);
    const auto granted =
        core_->OnRenew(now_, shard.highest, shard.Identity(), shard.StoredVersion());
    if (absl::IsNotFound(granted.status())) shard.registered = false;
    if (!granted.ok()) return;
    Commit();
    Send(shard, *granted, std::nullopt);
  }
  void Register(ModelShard& shard) {
    Announcement a{.shard = shard.Identity(),
                   .rpc_address = "x:1",
                   .smtp_address = "",
                   .host_id = "h",
                   .egress = {},
                   .config_fingerprint = ""};
    for (const std::string& vmta : shard.vmtas)
      a.egress.push_back({.vmta = vmta, .source_ips = {}});
    ASSERT_TRUE(core_->OnRegister(now_, shard.highest, a).ok());
    Commit();
    shard.registered = true;
    Send(shard, true, core_->table());
  }
  void Watch(ModelShard& shard) {
    if (!shard.running || shard.partitioned || !core_) return;
    Send(shard, false, core_->table());
  }
  void Send(const ModelShard& shard, bool granted, std::optional<AssignmentTable> table) {
    answers_.push_back({.shard = static_cast<int>(&shard - shards_.data()),
                        .incarnation = shard.incarnation,
                        .sent_local = shard.Local(now_),
                        .granted = granted,
                        .table = std::move(table)});
  }
  // Any answer on the way arrives now, or is lost.
  void Deliver() {
    if (answers_.empty()) return;
    const size_t at = rng_.Below(answers_.size());
    const Answer answer = std::move(answers_[at]);
    answers_.erase(answers_.begin() + static_cast<std::ptrdiff_t>(at));
    ModelShard& shard = shards_[static_cast<size_t>(answer.shard)];
    if (!shard.running || shard.incarnation != answer.incarnation || rng_.Chance(0.1)) return;
    if (answer.table.has_value()) {
      const TableVersion version = answer.table->version;
      const bool newer =
          version.epoch >= shard.highest && (!shard.applied || version > shard.applied->version);
      if (newer) shard.applied = answer.table;
      shard.highest = std::max(shard.highest, version.epoch);
    }
    if (!answer.granted) return;
    const double length = static_cast<double>((options_.length - options_.margin()).us);
    shard.lease_until_local = std::max(shard.lease_until_local, answer.sent_local + length);
  }
  void Store(ModelShard& shard) {
    if (shard.running) shard.stored = shard.applied;
  }
  void Crash(ModelShard& shard) {
    shard.running = false;
    shard.lease_until_local = -1;
  }
  void Start(ModelShard& shard) {
    if (shard.running) return;
    shard.running = true;
    shard.registered = false;
    ++shard.incarnation;
    shard.applied = shard.stored;
    shard.highest = shard.stored ? shard.stored->version.epoch : Epoch();
  }
  void Quiesce(ModelShard& shard) {
    if (!shard.running) return;
    Crash(shard);  // assigns nothing from here on
    if (shard.partitioned || !core_) return;
    if (core_->OnLeave(now_, shard.highest, shard.Identity(), LeaveMode::kQuiesce).ok()) Commit();
  }
  void Reload(ModelShard& shard) {
    ChooseVmtas(shard);
    shard.registered = false;  // announces with its next call
  }
  // As an operator should: only what is certainly down, with its disk gone.
  void Forget(ModelShard& shard) {
    if (shard.running || !core_) return;
    if (!core_->OnForget(now_, Epoch(), shard.name).ok()) return;
    Commit();
    shard.stored.reset();
  }

  bool WouldAssign(const ModelShard& shard, const std::string& vmta, uint16_t slot) const {
    if (!shard.running || !shard.applied || !shard.vmtas.contains(vmta)) return false;
    if (options_.fence_on_lease_loss && shard.Local(now_) >= shard.lease_until_local) return false;
    for (const EgressGroup& group : shard.applied->groups) {
      if (std::find(group.vmtas.begin(), group.vmtas.end(), vmta) == group.vmtas.end()) continue;
      if (group.Pending(slot) || group.owners[slot] == kNobody) return false;
      for (const TableMember& m : shard.applied->members) {
        if (m.id == group.owners[slot]) return m.name == shard.name;
      }
    }
    return false;
  }
  void CheckOneOwner(int event) {
    for (const char* vmta : kVmtas) {
      for (uint16_t slot = 0; slot < kSlotCount; slot += 128) {
        std::string who;
        for (const ModelShard& shard : shards_) {
          if (WouldAssign(shard, vmta, slot)) who += shard.name;
        }
        grants_seen_ += who.size();
        ASSERT_LE(who.size(), 1u) << "event " << event << ", " << vmta << ", slot " << slot
                                  << " is assigned by " << who;
      }
    }
  }

  Rng rng_;
  const LeaseOptions options_;
  MonoTime now_{1'000'000};
  uint64_t epoch_ = 0;
  AssignmentTable stored_table_;
  std::map<MemberId, MemberRecord> stored_members_;
  std::unique_ptr<ClusterCore> core_;
  std::vector<ModelShard> shards_;
  std::vector<Answer> answers_;
  uint64_t grants_seen_ = 0;
  uint64_t moves_seen_ = 0;
};

class ClusterCoreTest : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(FenceOnLeaseLoss, ClusterCoreTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "yes" : "no"; });

TEST_P(ClusterCoreTest, NeverTwoOwners) {
  uint64_t grants = 0;
  uint64_t moves = 0;
  for (uint64_t seed = 1; seed <= 24 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Cluster cluster(seed, GetParam());
    cluster.Run(600);
    grants += cluster.grants_seen();
    moves += cluster.moves_seen();
  }
  EXPECT_GT(grants, 20'000u) << "the histories must be alive";
  EXPECT_GT(moves, 250u);
}

TEST_P(ClusterCoreTest, CallerFromALaterEpochIsRefused) {
  ClusterCore core({.fence_on_lease_loss = GetParam()}, MonoTime{0}, Epoch(3), {});
  const Announcement a{.shard = {.name = "a", .uid = std::string(32, 'f'), .incarnation = 1},
                       .rpc_address = "x:1",
                       .smtp_address = "",
                       .host_id = "h",
                       .egress = {},
                       .config_fingerprint = ""};
  EXPECT_TRUE(absl::IsFailedPrecondition(core.OnRegister(MonoTime{0}, Epoch(4), a)));
  EXPECT_TRUE(core.OnRegister(MonoTime{0}, Epoch(3), a).ok());
  const Update update = core.TakeUpdate();
  ASSERT_EQ(update.put_members.size(), 1u);
  EXPECT_TRUE(update.table_changed);
  EXPECT_TRUE(core.TakeUpdate().empty());
}

}  // namespace
}  // namespace convoy::coordinator
