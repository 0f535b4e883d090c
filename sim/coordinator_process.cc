#include "sim/coordinator_process.h"

#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace convoy::sim {
namespace {

using coordinator::LeaseAnswer;

// How long a broken watch takes to be noticed (keepalive).
constexpr Duration kKeepalive = Seconds(5);

coordinator::CoordinatorNode::Options NodeOptions(bool fence) {
  coordinator::CoordinatorNode::Options options;
  options.lease.fence_on_lease_loss = fence;
  options.on_fatal = [](const absl::Status&) { CHECK(false); };
  return options;
}

coordinator::ShardIncarnation There(const shard::ShardIncarnation& shard) {
  return {.name = shard.name, .uid = shard.uid, .incarnation = shard.incarnation};
}

coordinator::Announcement There(const shard::ShardAnnouncement& in) {
  coordinator::Announcement out{.shard = There(in.shard),
                                .rpc_address = in.rpc_address,
                                .smtp_address = in.smtp_address,
                                .host_id = in.host_id,
                                .egress = {},
                                .config_fingerprint = in.config_fingerprint,
                                .config_version = in.config_version};
  for (const shard::EgressClaim& claim : in.egress) {
    out.egress.push_back(
        {.vmta = claim.vmta, .source_ips = claim.source_ips, .through_proxy = claim.through_proxy});
  }
  return out;
}

coordinator::Epoch There(shard::Epoch epoch) { return coordinator::Epoch(epoch.value()); }
shard::Epoch Here(coordinator::Epoch epoch) { return shard::Epoch(epoch.value()); }

shard::LeaseTerms Here(const coordinator::LeaseOptions& terms) {
  return {.length = terms.length,
          .margin = terms.margin(),
          .fence_on_lease_loss = terms.fence_on_lease_loss};
}

// For the way a result is filled in below: OK never stays.
absl::Status Failed(const absl::Status& status) {
  return status.ok() ? absl::UnknownError("unset") : status;
}

std::shared_ptr<const shard::AssignmentTable> Here(const coordinator::AssignmentTable& in,
                                                   bool fence) {
  auto out = std::make_shared<shard::AssignmentTable>();
  out->version = {Here(in.version.epoch), in.version.version};
  out->fence_on_lease_loss = fence;
  std::map<coordinator::MemberId, uint16_t> places;
  for (const coordinator::TableMember& member : in.members) {
    places[member.id] = static_cast<uint16_t>(out->members.size());
    out->members.push_back({.name = member.name,
                            .incarnation = member.incarnation,
                            .rpc_address = member.rpc_address,
                            .live = member.live});
  }
  for (const coordinator::EgressGroup& group : in.groups) {
    shard::EgressGroup& mine = out->groups.emplace_back();
    mine.id = group.id.value();
    mine.vmtas = group.vmtas;
    mine.pending.resize(coordinator::kSlotCount);
    for (uint32_t slot = 0; slot < coordinator::kSlotCount; ++slot) {
      const coordinator::MemberId owner = group.owners[slot];
      mine.owners.push_back(owner == coordinator::kNobody ? shard::EgressGroup::kNoOwner
                                                          : places.at(owner));
      mine.pending[slot] = group.Pending(static_cast<uint16_t>(slot));
    }
  }
  return out;
}

}  // namespace

shard::ConfigVersion VersionOf(const coordinator::ConfigRecord& record) {
  return {.version = record.version, .digest = record.bundle, .bundle = record.bundle};
}

CoordinatorProcess::CoordinatorProcess(EventLoop& shared, coordinator::MemoryDisk& disk,
                                       Duration mono_ahead, bool fence)
    : loop(shared, mono_ahead, {}),
      store_(loop, disk, Milliseconds(3)),
      node_(loop, store_, NodeOptions(fence)) {}

void CoordinatorProcess::Start() { CHECK(node_.Start().ok()); }

void SimCoordinatorChannel::AtCoordinator(std::function<void(CoordinatorProcess&)> call) {
  wire_.Send(self_, "c", [this, call = std::move(call)] {
    if (place_.process != nullptr) call(*place_.process);
  });
}

void SimCoordinatorChannel::Back(Callback arrive) {
  if (wire_.LoseAnswer()) return;
  wire_.Send("c", self_, std::move(arrive));
}

void SimCoordinatorChannel::Register(const shard::ShardAnnouncement& announcement,
                                     shard::Epoch highest, Duration deadline,
                                     Done<shard::RegisterReply> done) {
  using Result = absl::StatusOr<shard::RegisterReply>;
  auto call = PendingCall<Result>::Start(loop_, deadline, std::move(done));
  AtCoordinator([this, call, announcement, highest](CoordinatorProcess& c) {
    c.node().Register(
        There(highest), There(announcement),
        [this, call](absl::StatusOr<coordinator::RegisterAnswer> answer) {
          Result result = Failed(answer.status());
          if (answer.ok()) {
            const LeaseAnswer& lease = answer->lease;
            result =
                shard::RegisterReply{.epoch = Here(lease.epoch),
                                     .lease = Here(lease.terms),
                                     .table = Here(*answer->table, lease.terms.fence_on_lease_loss),
                                     .config_version = lease.config_version};
          }
          Back([call, result = std::move(result)]() mutable { call->Answer(std::move(result)); });
        });
  });
}

void SimCoordinatorChannel::Renew(const shard::ShardIncarnation& shard, shard::Epoch highest,
                                  shard::TableVersion applied, Duration deadline,
                                  Done<shard::RenewReply> done) {
  using Result = absl::StatusOr<shard::RenewReply>;
  auto call = PendingCall<Result>::Start(loop_, deadline, std::move(done));
  AtCoordinator([this, call, shard, highest, applied](CoordinatorProcess& c) {
    const coordinator::TableVersion version{There(applied.epoch), applied.version};
    c.node().Renew(
        There(highest), There(shard), version,
        [this, call](absl::StatusOr<coordinator::RenewAnswer> answer) {
          Result result = Failed(answer.status());
          if (answer.ok()) {
            result = shard::RenewReply{.epoch = Here(answer->lease.epoch),
                                       .lease = Here(answer->lease.terms),
                                       .granted = answer->lease.granted,
                                       .newest_version = answer->newest_version,
                                       .config_version = answer->lease.config_version};
          }
          Back([call, result = std::move(result)]() mutable { call->Answer(std::move(result)); });
        });
  });
}

void SimCoordinatorChannel::Leave(const shard::ShardIncarnation& shard, shard::Epoch highest,
                                  shard::LeaveMode mode, Duration deadline,
                                  Done<shard::Epoch> done) {
  using Result = absl::StatusOr<shard::Epoch>;
  auto call = PendingCall<Result>::Start(loop_, deadline, std::move(done));
  const auto there = mode == shard::LeaveMode::kQuiesce ? coordinator::LeaveMode::kQuiesce
                                                        : coordinator::LeaveMode::kRelease;
  AtCoordinator([this, call, shard, highest, there](CoordinatorProcess& c) {
    c.node().Leave(There(highest), There(shard), there,
                   [this, call](absl::StatusOr<coordinator::Epoch> answer) {
                     Result result = Failed(answer.status());
                     if (answer.ok()) result = Here(*answer);
                     Back([call, result]() mutable { call->Answer(std::move(result)); });
                   });
  });
}

void SimCoordinatorChannel::FetchConfig(const shard::ShardIncarnation&, uint64_t version,
                                        Duration deadline, Done<shard::ConfigVersion> done) {
  using Result = absl::StatusOr<shard::ConfigVersion>;
  auto call = PendingCall<Result>::Start(loop_, deadline, std::move(done));
  AtCoordinator([this, call, version](CoordinatorProcess& c) {
    const coordinator::ConfigRecordPtr record = c.node().configs().Find(version);
    Result result = absl::NotFoundError(Cat("version ", version, " is not kept"));
    if (record != nullptr) result = VersionOf(*record);
    Back([call, result = std::move(result)]() mutable { call->Answer(std::move(result)); });
  });
}

void SimCoordinatorChannel::OpenWatch(const shard::ShardIncarnation& shard, shard::Epoch,
                                      TableHandler on_table, EndHandler on_end) {
  CloseWatch();
  watch_ = std::make_shared<WatchState>();
  watch_->on_table = std::move(on_table);
  watch_->on_end = std::move(on_end);
  Ask(watch_, There(shard));
  Probe(watch_);
}

void SimCoordinatorChannel::Ask(const std::shared_ptr<WatchState>& watch,
                                coordinator::ShardIncarnation shard) {
  AtCoordinator([this, watch, shard = std::move(shard)](CoordinatorProcess& c) {
    if (watch_ != watch) return;
    watch->run = place_.run;
    watch->id = c.node().Watch(
        shard,
        [this, watch](std::shared_ptr<const coordinator::AssignmentTable> table) {
          Tell(watch, std::move(table));
        },
        [this, watch](absl::Status status) {
          wire_.Send("c", self_, [this, watch, status] {
            loop_.Post([this, watch, status] { End(watch, status); });
          });
        });
  });
}

void SimCoordinatorChannel::Tell(const std::shared_ptr<WatchState>& watch,
                                 std::shared_ptr<const coordinator::AssignmentTable> table) {
  const bool fence = place_.process->node().Describe().terms.fence_on_lease_loss;
  auto snapshot = Here(*table, fence);
  const MonoTime arrival = std::max(watch->last_arrival, loop_.MonoNow() + wire_.Latency());
  watch->last_arrival = arrival;  // a stream keeps its order
  loop_.CallAt(arrival, [this, watch, snapshot = std::move(snapshot)] {
    if (watch_ != watch) return;
    // Not delivered: the stream is broken; the next probe says so.
    if (wire_.IsCut(self_, "c")) {
      watch->run = 0;
      return;
    }
    watch->on_table(snapshot);
  });
}

// Notices a watch whose coordinator has died or cannot be reached.
void SimCoordinatorChannel::Probe(const std::shared_ptr<WatchState>& watch) {
  loop_.CallAfter(kKeepalive, [this, watch] {
    if (watch_ != watch) return;
    if (place_.process == nullptr || watch->run != place_.run || wire_.IsCut(self_, "c")) {
      return End(watch, absl::UnavailableError("the connection to the coordinator was lost"));
    }
    Probe(watch);
  });
}

void SimCoordinatorChannel::End(const std::shared_ptr<WatchState>& watch, absl::Status status) {
  if (watch_ != watch) return;
  watch_ = nullptr;
  if (place_.process != nullptr && watch->run == place_.run) {
    place_.process->node().Unwatch(watch->id);
  }
  watch->on_end(std::move(status));
}

void SimCoordinatorChannel::CloseWatch() {
  const std::shared_ptr<WatchState> watch = std::exchange(watch_, nullptr);
  if (watch == nullptr || place_.process == nullptr || watch->run != place_.run) return;
  place_.process->node().Unwatch(watch->id);
}

}  // namespace convoy::sim
