#include "coordinator/node.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::coordinator {

CoordinatorNode::CoordinatorNode(EventLoop& loop, Store& store, Options options)
    : loop_(loop), store_(store), options_(std::move(options)) {
  CHECK(options_.on_fatal != nullptr);
}

CoordinatorNode::~CoordinatorNode() { loop_.Cancel(tick_); }

absl::Status CoordinatorNode::Start() {
  CHECK(core_ == nullptr);
  ASSIGN_OR_RETURN(Store::Opened opened, store_.Open());
  started_ = Now();
  started_wall_ = loop_.WallNow();
  published_ = std::make_shared<const AssignmentTable>(opened.state.table);
  for (ConfigRecordPtr& record : opened.configs) configs_.Add(std::move(record));
  const size_t members = opened.state.members.size();
  core_ =
      std::make_unique<ClusterCore>(options_.lease, Now(), opened.epoch, std::move(opened.state));
  LogInfo("coordinator", "epoch ", core_->epoch().value(), ", table ",
          core_->table().version.version, ", members ", members);
  Finish(nullptr);
  return absl::OkStatus();
}

// --- Events ---

void CoordinatorNode::Register(Epoch highest, Announcement announcement,
                               Reply<RegisterAnswer> reply) {
  const absl::Status status = core_->OnRegister(Now(), highest, announcement);
  if (!status.ok()) {
    LogWarning("coordinator", "registration of ", Escape(announcement.shard.name),
               " refused: ", Escape(status.ToString()));
    return Finish([status, reply = std::move(reply)]() mutable { reply(status); });
  }
  Finish([this, reply = std::move(reply)]() mutable {
    reply(RegisterAnswer{.lease = Lease(true), .table = published_});
  });
}

void CoordinatorNode::Renew(Epoch highest, const ShardIncarnation& shard, TableVersion applied,
                            Reply<RenewAnswer> reply) {
  absl::StatusOr<bool> granted = core_->OnRenew(Now(), highest, shard, applied);
  Finish([this, granted = std::move(granted), reply = std::move(reply)]() mutable {
    if (!granted.ok()) return reply(granted.status());
    reply(RenewAnswer{.lease = Lease(*granted), .newest_version = published_->version.version});
  });
}

void CoordinatorNode::Leave(Epoch highest, const ShardIncarnation& shard, LeaveMode mode,
                            Reply<Epoch> reply) {
  const absl::Status status = core_->OnLeave(Now(), highest, shard, mode);
  Finish([this, status, reply = std::move(reply)]() mutable {
    if (!status.ok()) return reply(status);
    reply(core_->epoch());
  });
}

void CoordinatorNode::Forget(Epoch highest, std::string_view name, Reply<ForgetAnswer> reply) {
  absl::StatusOr<uint32_t> moved = core_->OnForget(Now(), highest, name);
  if (moved.ok()) LogInfo("coordinator", "shard ", name, " forgotten by an operator");
  Finish([this, moved = std::move(moved), reply = std::move(reply)]() mutable {
    if (!moved.ok()) return reply(moved.status());
    reply(ForgetAnswer{.slots_moved = *moved, .version = published_->version});
  });
}

LeaseAnswer CoordinatorNode::Lease(bool granted) const {
  return {.epoch = core_->epoch(),
          .terms = options_.lease,
          .granted = granted,
          .config_version = configs_.current_version()};
}

// --- Durable, published, answered ---

void CoordinatorNode::Finish(Callback answer) {
  ScheduleTick();
  Update update = core_->TakeUpdate();
  if (failed_) return;
  Step step{.table = nullptr, .config = nullptr, .answer = std::move(answer)};
  if (update.table_changed) step.table = std::make_shared<const AssignmentTable>(core_->table());
  if (!update.empty()) {
    StoreWrite write;
    write.update = std::move(update);
    write.table = step.table;
    return Write(std::move(write), std::move(step));
  }
  if (waiting_.empty()) {
    if (step.answer != nullptr) step.answer();
    return;
  }
  waiting_.push_back(std::move(step));
  commits_.push_back(false);
}

void CoordinatorNode::Write(StoreWrite write, Step step) {
  store_.Commit(std::move(write), [this, alive = Alive()](const absl::Status& status) {
    if (!alive.expired()) OnDurable(status);
  });
  waiting_.push_back(std::move(step));
  commits_.push_back(true);
}

void CoordinatorNode::AdoptConfig(ConfigRecord record, Callback done) {
  CHECK(record.version == configs_.current_version() + 1);
  if (failed_) return;
  StoreWrite write;
  write.config = std::make_shared<const ConfigRecord>(std::move(record));
  write.erased_configs = configs_.MakeRoom();
  Step step{.table = nullptr, .config = write.config, .answer = std::move(done)};
  Write(std::move(write), std::move(step));
}

// The first waiting step that awaits a commit has it; those behind it that await none are free,
// too.
void CoordinatorNode::OnDurable(const absl::Status& status) {
  if (failed_) return;
  if (!status.ok()) {
    failed_ = true;
    LogError("coordinator", "the store has failed: ", Escape(status.ToString()));
    options_.on_fatal(status);
    return;
  }
  CHECK(!commits_.empty() && commits_.front());
  commits_.front() = false;
  while (!commits_.empty() && !commits_.front()) {
    Step step = std::move(waiting_.front());
    waiting_.pop_front();
    commits_.pop_front();
    if (step.table != nullptr) {
      published_ = std::move(step.table);
      Publish();
    }
    if (step.config != nullptr) {
      LogInfo("coordinator", "configuration ", step.config->version, " is current");
      configs_.Add(std::move(step.config));
    }
    if (step.answer != nullptr) step.answer();
  }
}

void CoordinatorNode::Publish() {
  size_t pending = 0;
  for (const EgressGroup& group : published_->groups) pending += group.promises.size();
  LogInfo("coordinator", "table ", published_->version.version, ": groups ",
          published_->groups.size(), ", members ", published_->members.size(),
          ", slots in transition ", pending);
  for (const auto& [id, watcher] : watchers_) {
    loop_.Post([this, alive = Alive(), id = id] {
      if (!alive.expired()) NotifyOne(id);
    });
  }
}

// --- Watches ---

WatcherId CoordinatorNode::Watch(const ShardIncarnation& shard, TableHandler on_table,
                                 EndHandler on_end) {
  const WatcherId id(next_watcher_++);
  if (watchers_.size() >= kWatchersMax) {
    loop_.Post([on_end = std::move(on_end)]() mutable {
      on_end(absl::ResourceExhaustedError(Cat("more than ", kWatchersMax, " watches are open")));
    });
    return id;
  }
  watchers_[id] = {
      .shard = shard, .on_table = std::move(on_table), .on_end = std::move(on_end), .sent = {}};
  loop_.Post([this, alive = Alive(), id] {
    if (!alive.expired()) NotifyOne(id);
  });
  return id;
}

void CoordinatorNode::Unwatch(WatcherId watcher) { watchers_.erase(watcher); }

// Brings one watcher up to date, or ends its watch. A table that is not published yet is not sent.
void CoordinatorNode::NotifyOne(WatcherId id) {
  const auto found = watchers_.find(id);
  if (found == watchers_.end()) return;
  Watcher& watcher = found->second;
  const absl::Status current = core_->membership().CheckCurrent(watcher.shard);
  if (!current.ok()) {
    EndHandler on_end = std::move(watcher.on_end);
    watchers_.erase(found);
    return on_end(current);
  }
  if (published_->version.epoch != core_->epoch() || published_->version <= watcher.sent) return;
  watcher.sent = published_->version;
  watcher.on_table(published_);
}

void CoordinatorNode::EndWatches(const absl::Status& status) {
  std::map<WatcherId, Watcher> ended = std::exchange(watchers_, {});
  for (auto& [id, watcher] : ended) watcher.on_end(status);
}

// --- Time ---

void CoordinatorNode::ScheduleTick() {
  loop_.Cancel(tick_);
  tick_ = TimerId();
  const std::optional<MonoTime> next = core_->NextDeadline(Now());
  if (!next.has_value()) return;
  tick_ = loop_.CallAt(*next, [this] { Tick(); });
}

void CoordinatorNode::Tick() {
  tick_ = TimerId();
  core_->OnTick(Now());
  Finish(nullptr);
}

// --- For people ---

NodeStatus CoordinatorNode::Describe() const {
  NodeStatus status{.epoch = core_->epoch(),
                    .terms = options_.lease,
                    .started = started_wall_,
                    .uptime = Now() - started_,
                    .now = loop_.WallNow(),
                    .table = published_,
                    .members = {},
                    .config = configs_.current()};
  std::map<MemberId, std::pair<uint32_t, uint32_t>> slots;  // owned, of these pending
  for (const EgressGroup& group : published_->groups) {
    for (uint16_t slot = 0; slot < kSlotCount; ++slot) {
      auto& [owned, pending] = slots[group.owners[slot]];
      ++owned;
      pending += group.Pending(slot) ? 1 : 0;
    }
  }
  for (const auto& [name, member] : core_->membership().members()) {
    const auto& [owned, pending] = slots[member.record.id];
    status.members.push_back({.record = member.record,
                              .state = core_->membership().StateOf(member, Now()),
                              .lease_left = member.lease_until - Now(),
                              .applied = member.applied,
                              .slots = owned,
                              .slots_pending = pending});
  }
  return status;
}

}  // namespace convoy::coordinator
