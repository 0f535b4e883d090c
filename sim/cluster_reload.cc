#include "sim/cluster_reload.h"

#include <utility>

namespace convoy::sim {

using coordinator::Holder;
using coordinator::ReloadAction;
using coordinator::ReloadCore;

void ClusterReload::Start() {
  coordinator::CoordinatorNode& node = deps_.coordinator.node();
  epoch_ = node.Describe().epoch.value();
  record_.version = node.configs().current_version() + 1;
  version_ = VersionOf(record_);
  ReloadCore::Actions actions;
  core_ = std::make_unique<ReloadCore>(options_, loop().MonoNow(), Holders(), &actions);
  Carry(actions);
}

std::vector<Holder> ClusterReload::Holders() {
  std::vector<Holder> holders;
  for (const coordinator::MemberStatus& member : deps_.coordinator.node().Describe().members) {
    if (member.state != coordinator::MemberState::kLive) continue;
    const coordinator::ShardIncarnation& shard = member.record.info.shard;
    holders.push_back({shard.name, shard.incarnation});
  }
  return holders;
}

void ClusterReload::Carry(const ReloadCore::Actions& actions) {
  for (const ReloadAction& action : actions) Do(action);
  SetTimer();
}

void ClusterReload::Do(const ReloadAction& action) {
  switch (action.kind) {
    case ReloadAction::Kind::kPrepare:
      return Prepare(action.holder);
    case ReloadAction::Kind::kStore:
      return Store();
    case ReloadAction::Kind::kCommit:
      return Commit(action.holder);
    case ReloadAction::Kind::kAbort:
      return Abort(action.holder);
    case ReloadAction::Kind::kAnswer:
      return deps_.ended(core_->phase() == ReloadCore::Phase::kDone);
  }
}

void ClusterReload::Ask(const Holder& holder, Duration deadline, AtShard call,
                        std::function<void(bool ok)> done) {
  auto pending = PendingCall<absl::Status>::Start(
      loop(), deadline,
      [done = std::move(done)](const absl::Status& status) { done(status.ok()); });
  deps_.wire.Send("c", holder.shard, [this, pending, name = holder.shard, call = std::move(call)] {
    ShardProcess* const shard = deps_.shards[NumberOfShard(name)];
    if (shard == nullptr) return pending->Answer(absl::UnavailableError("connection refused"));
    call(*shard, [this, pending, name](const absl::Status& status) {
      if (deps_.wire.LoseAnswer()) return;
      deps_.wire.Send(name, "c", [pending, status] { pending->Answer(status); });
    });
  });
}

void ClusterReload::Prepare(const Holder& holder) {
  Ask(
      holder, options_.prepare_deadline,
      [this](ShardProcess& shard, StatusDone done) {
        shard.PrepareConfig(epoch_, version_, std::move(done));
      },
      [this, holder](bool ok) {
        ReloadCore::Actions actions;
        core_->OnHolders(loop().MonoNow(), Holders(), &actions);
        core_->OnPrepared(holder, ok, &actions);
        Carry(actions);
      });
}

void ClusterReload::Store() {
  record_.time_ms = loop().WallNow().unix_ms();
  deps_.coordinator.node().AdoptConfig(record_, [this] {
    deps_.decided(record_);
    ReloadCore::Actions actions;
    core_->OnHolders(loop().MonoNow(), Holders(), &actions);
    core_->OnStored(loop().MonoNow(), &actions);
    Carry(actions);
  });
}

void ClusterReload::Commit(const Holder& holder) {
  Ask(
      holder, Seconds(2),
      [this](ShardProcess& shard, StatusDone done) {
        shard.CommitConfig(epoch_, version_, std::move(done));
      },
      [this, holder](bool ok) {
        ReloadCore::Actions actions;
        core_->OnCommitted(loop().MonoNow(), holder, ok, &actions);
        Carry(actions);
      });
}

void ClusterReload::Abort(const Holder& holder) {
  Ask(
      holder, Seconds(2),
      [this](ShardProcess& shard, const StatusDone&) { shard.AbortConfig(epoch_, version_); },
      [](bool) {});
}

void ClusterReload::SetTimer() {
  loop().Cancel(timer_);
  timer_ = TimerId();
  const auto next = core_->NextDeadline();
  if (!next.has_value()) return;
  timer_ = loop().CallAt(*next, [this] {
    ReloadCore::Actions actions;
    core_->OnHolders(loop().MonoNow(), Holders(), &actions);
    core_->OnTick(loop().MonoNow(), &actions);
    Carry(actions);
  });
}

}  // namespace convoy::sim
