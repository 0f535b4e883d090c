#include "shard/rpc/shard_services.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "proto/admin.grpc.pb.h"
#include "proto/forward.grpc.pb.h"
#include "shard/forward/rpc/forward_codec.h"

namespace convoy::shard {
namespace {

constexpr uint32_t kPageDefault = 100;
constexpr uint32_t kPageMax = 10'000;

grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

class ForwardingService final : public mta::v1::Forwarding::CallbackService {
 public:
  ForwardingService(EventLoop& loop, const RpcHooks& hooks) : loop_(loop), hooks_(hooks) {}

  grpc::ServerUnaryReactor* Forward(grpc::CallbackServerContext* context,
                                    const mta::v1::ForwardBatch* request,
                                    mta::v1::ForwardAck* ack) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    auto batch = FromProto(mta::v1::ForwardBatch(*request));
    if (!batch.ok()) {
      reactor->Finish(ToGrpc(batch.status()));
      return reactor;
    }
    auto shared = std::make_shared<const ForwardBatch>(*std::move(batch));
    loop_.Post([this, reactor, ack, shared = std::move(shared)] {
      hooks_.receive(shared, [reactor, ack](absl::StatusOr<ForwardAnswer> answer) {
        if (answer.ok())
          ack->mutable_repeated_recipients()->Assign(answer->repeated.begin(),
                                                     answer->repeated.end());
        reactor->Finish(ToGrpc(answer.status()));
      });
    });
    return reactor;
  }

 private:
  EventLoop& loop_;
  const RpcHooks& hooks_;
};

void FillTraffic(const TrafficCounts& counts, mta::v1::Traffic* out) {
  out->set_recipients(counts.recipients);
  out->set_messages(counts.messages);
  out->set_bytes(counts.bytes);
}

void FillTraffic(const TrafficPeriods& periods, mta::v1::TrafficPeriods* out) {
  FillTraffic(periods.total, out->mutable_total());
  FillTraffic(periods.last_hour, out->mutable_last_hour());
  FillTraffic(periods.last_minute, out->mutable_last_minute());
}

void Fill(const ShardReport& report, mta::v1::ShardStatus* out) {
  out->set_shard(report.name);
  out->set_incarnation(report.incarnation);
  out->set_started_unix_ms(report.started_ms);
  out->set_uptime_seconds(report.uptime_seconds);
  FillTraffic(report.traffic_in, out->mutable_traffic_in());
  FillTraffic(report.traffic_out, out->mutable_traffic_out());
  out->set_connections_in(static_cast<uint32_t>(report.connections_in));
  out->set_connections_out(static_cast<uint32_t>(report.totals.sessions));
  out->set_queues(report.totals.queues);
  out->set_queued_recipients(report.totals.recipients);
  out->set_in_flight(report.totals.in_flight);
  out->set_held_for_others(report.held_for_others);
  out->set_delivered(report.totals.delivered);
  out->set_deferred(report.totals.deferred);
  out->set_bounced(report.totals.bounced);
  out->set_duplicate_windows(report.totals.maybe_duplicates);
  out->set_memory_bytes(report.memory_bytes);
  out->set_disk_free_bytes(report.disk_free_bytes);
  out->set_disk_full(report.disk_full);
  out->set_epoch(report.epoch);
  out->set_table_version(report.table_version);
  out->set_lease_valid(report.lease_valid);
  out->set_config_fingerprint(report.config_fingerprint);
  out->set_stopping(report.stopping);
}

mta::v1::QueueMode ModeOf(const QueueReport& report) {
  if (report.mode == "paused") return mta::v1::QUEUE_MODE_PAUSED;
  return report.mode == "backoff" ? mta::v1::QUEUE_MODE_BACKOFF : mta::v1::QUEUE_MODE_NORMAL;
}

void Fill(const BackoffState& state, mta::v1::BackoffInfo* out) {
  out->set_since_unix_ms(state.since.unix_ms());
  if (state.until < kWallMax) out->set_until_unix_ms(state.until.unix_ms());
  out->set_reply(Escape(state.reply));
  for (const std::string& pattern : state.patterns) out->add_patterns(Escape(pattern));
  out->set_by_operator(state.by_operator);
}

void Fill(const QueueReport& report, mta::v1::QueueRow* out) {
  out->set_domain(report.domain);
  out->set_virtual_mta(report.vmta);
  out->set_recipients(report.recipients);
  out->set_connections(report.connections);
  out->set_mode(ModeOf(report));
  if (report.backoff.has_value()) Fill(*report.backoff, out->mutable_backoff());
  out->set_next_due_unix_ms(report.next_due_ms);
  out->set_last_error(report.last_error.text);
  out->set_held_because(report.waiting);
}

// The order of a listing, and whether `a` stands after the cursor.
bool Before(const QueueReport& a, const QueueReport& b, bool by_name) {
  if (!by_name && a.recipients != b.recipients) return a.recipients > b.recipients;
  return std::tie(a.domain, a.vmta) < std::tie(b.domain, b.vmta);
}

class ShardAdminService final : public mta::v1::ShardAdmin::CallbackService {
 public:
  ShardAdminService(EventLoop& loop, const RpcHooks& hooks) : loop_(loop), hooks_(hooks) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const mta::v1::GetShardStatusRequest*,
                                      mta::v1::ShardStatus* out) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, out] {
      Fill(hooks_.report(), out);
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

  grpc::ServerUnaryReactor* ListQueues(grpc::CallbackServerContext* context,
                                       const mta::v1::ListQueuesRequest* request,
                                       mta::v1::ListQueuesResponse* out) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    loop_.Post([this, reactor, out, wanted = *request] {
      List(wanted, out);
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

  grpc::ServerUnaryReactor* PauseQueue(grpc::CallbackServerContext* context,
                                       const mta::v1::ChangeQueueRequest* request,
                                       mta::v1::ChangeShardQueueResponse* out) override {
    return Change(context, request, out, hooks_.set_paused, true);
  }
  grpc::ServerUnaryReactor* ResumeQueue(grpc::CallbackServerContext* context,
                                        const mta::v1::ChangeQueueRequest* request,
                                        mta::v1::ChangeShardQueueResponse* out) override {
    return Change(context, request, out, hooks_.set_paused, false);
  }
  grpc::ServerUnaryReactor* SetQueueMode(grpc::CallbackServerContext* context,
                                         const mta::v1::ChangeQueueRequest* request,
                                         mta::v1::ChangeShardQueueResponse* out) override {
    const bool backoff = request->mode() == mta::v1::QUEUE_MODE_BACKOFF;
    if (backoff || request->mode() == mta::v1::QUEUE_MODE_NORMAL) {
      return Change(context, request, out, hooks_.set_mode, backoff);
    }
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(ToGrpc(absl::InvalidArgumentError("mode is neither normal nor backoff")));
    return reactor;
  }

 private:
  using QueueSetter = std::function<void(const PauseSelector&, bool, Engine::ChangeDone)>;

  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext* context,
                                   const mta::v1::ChangeQueueRequest* request,
                                   mta::v1::ChangeShardQueueResponse* out, const QueueSetter& set,
                                   bool on) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    const auto selector =
        PauseSelector::Make(request->selector().domain(), request->selector().virtual_mta());
    if (!selector.ok()) {
      reactor->Finish(ToGrpc(selector.status()));
      return reactor;
    }
    loop_.Post([reactor, out, &set, on, selector = *selector] {
      set(selector, on, [reactor, out](const absl::StatusOr<uint64_t>& matched) {
        out->set_matched(matched.value_or(0));
        reactor->Finish(ToGrpc(matched.status()));
      });
    });
    return reactor;
  }

  void List(const mta::v1::ListQueuesRequest& wanted, mta::v1::ListQueuesResponse* out) const {
    std::vector<QueueReport> all =
        hooks_.queues(wanted.selector().domain(), wanted.selector().virtual_mta());
    if (wanted.mode() != mta::v1::QUEUE_MODE_UNSPECIFIED) {
      std::erase_if(all, [&](const QueueReport& q) { return ModeOf(q) != wanted.mode(); });
    }
    const bool by_name = wanted.order() == mta::v1::QUEUE_ORDER_NAME;
    std::sort(all.begin(), all.end(), [by_name](const QueueReport& a, const QueueReport& b) {
      return Before(a, b, by_name);
    });
    size_t first = 0;
    if (wanted.has_after()) {
      QueueReport cursor;
      cursor.domain = wanted.after().domain();
      cursor.vmta = wanted.after().virtual_mta();
      cursor.recipients = wanted.after().recipients();
      while (first < all.size() && !Before(cursor, all[first], by_name)) ++first;
    }
    const uint32_t page =
        wanted.page_size() == 0 ? kPageDefault : std::min(wanted.page_size(), kPageMax);
    const size_t last = std::min(all.size(), first + page);
    for (size_t i = first; i < last; ++i) Fill(all[i], out->add_queues());
    out->set_more(last < all.size());
  }

  EventLoop& loop_;
  const RpcHooks& hooks_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeForwardingService(EventLoop& loop, const RpcHooks& hooks) {
  return std::make_unique<ForwardingService>(loop, hooks);
}

std::unique_ptr<grpc::Service> MakeShardAdminService(EventLoop& loop, const RpcHooks& hooks) {
  return std::make_unique<ShardAdminService>(loop, hooks);
}

}  // namespace convoy::shard
