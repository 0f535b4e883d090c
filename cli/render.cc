#include "cli/render.h"

#include <string_view>

#include "base/text.h"
#include "cli/table.h"
#include "cli/units.h"

namespace convoy::cli {
namespace {

using mta::v1::ShardStatus;
using mta::v1::Traffic;

void Add(const Traffic& from, Traffic* to) {
  to->set_recipients(to->recipients() + from.recipients());
  to->set_messages(to->messages() + from.messages());
  to->set_bytes(to->bytes() + from.bytes());
}

void Add(const mta::v1::TrafficPeriods& from, mta::v1::TrafficPeriods* to) {
  Add(from.total(), to->mutable_total());
  Add(from.last_hour(), to->mutable_last_hour());
  Add(from.last_minute(), to->mutable_last_minute());
}

// What the totals of a cluster are made of.
ShardStatus Sum(const google::protobuf::RepeatedPtrField<ShardStatus>& shards) {
  ShardStatus sum;
  for (const ShardStatus& s : shards) {
    Add(s.traffic_in(), sum.mutable_traffic_in());
    Add(s.traffic_out(), sum.mutable_traffic_out());
    sum.set_connections_in(sum.connections_in() + s.connections_in());
    sum.set_connections_out(sum.connections_out() + s.connections_out());
    sum.set_queues(sum.queues() + s.queues());
    sum.set_queued_recipients(sum.queued_recipients() + s.queued_recipients());
    sum.set_queued_bytes(sum.queued_bytes() + s.queued_bytes());
    sum.set_in_flight(sum.in_flight() + s.in_flight());
  }
  return sum;
}

// The size of what is queued; "-" when the shard did not say.
std::string SizeOf(uint64_t bytes, uint64_t recipients) {
  return bytes == 0 && recipients > 0 ? "-" : KBytes(bytes);
}

void AddTraffic(std::string_view period, const Traffic& in, const Traffic& out, Table* table) {
  table->Add({std::string(period), Cat(in.recipients()), Cat(in.messages()), KBytes(in.bytes()),
              Cat(out.recipients()), Cat(out.messages()), KBytes(out.bytes())});
}

std::string RenderTraffic(const ShardStatus& s) {
  using enum Align;
  Table table({{"Traffic"},
               {"in rcpts", kRight},
               {"in msgs", kRight},
               {"in kbytes", kRight},
               {"out rcpts", kRight},
               {"out msgs", kRight},
               {"out kbytes", kRight}});
  const auto& in = s.traffic_in();
  const auto& out = s.traffic_out();
  AddTraffic("Total", in.total(), out.total(), &table);
  AddTraffic("Last Hour", in.last_hour(), out.last_hour(), &table);
  AddTraffic("Last Min.", in.last_minute(), out.last_minute(), &table);
  return Cat(table.ToString(), "\nConnections  in ", s.connections_in(), ", out ",
             s.connections_out(), "\nQueues       recipients ", s.queued_recipients(),
             ", in flight ", s.in_flight(), ", queues ", s.queues(), ", kbytes ",
             SizeOf(s.queued_bytes(), s.queued_recipients()), "\n");
}

std::string Flags(const ShardStatus& s) {
  std::string flags;
  if (!s.lease_valid()) flags += " no-lease";
  if (s.disk_full()) flags += " disk-full";
  if (s.stopping()) flags += " stopping";
  return flags.empty() ? "ok" : flags.substr(1);
}

std::string RenderShardTable(const google::protobuf::RepeatedPtrField<ShardStatus>& shards) {
  using enum Align;
  Table table({{"shard"},
               {"state"},
               {"uptime", kRight},
               {"queued", kRight},
               {"flight", kRight},
               {"held", kRight},
               {"delivered", kRight},
               {"deferred", kRight},
               {"bounced", kRight},
               {"expired", kRight},
               {"suppr.", kRight},
               {"conn", kRight},
               {"memory MB", kRight}});
  for (const ShardStatus& s : shards) {
    table.Add({s.shard(), Flags(s), Span(Seconds(static_cast<int64_t>(s.uptime_seconds()))),
               Cat(s.queued_recipients()), Cat(s.in_flight()), Cat(s.held_for_others()),
               Cat(s.delivered()), Cat(s.deferred()), Cat(s.bounced()), Cat(s.expired()),
               Cat(s.suppressed()), Cat(s.connections_out()), MBytes(s.memory_bytes())});
  }
  return table.ToString();
}

std::string_view StateText(mta::v1::ShardState state) {
  switch (state) {
    case mta::v1::SHARD_STATE_LIVE:
      return "live";
    case mta::v1::SHARD_STATE_SILENT:
      return "silent";
    case mta::v1::SHARD_STATE_QUIESCED:
      return "restarting";
    default:
      return "?";
  }
}

std::string LeaseText(const mta::v1::ShardRow& row) {
  const Duration left = Milliseconds(row.lease_left_ms());
  if (row.state() == mta::v1::SHARD_STATE_LIVE) return ShortSpan(left);
  return left.us < 0 ? Cat("ended ", ShortSpan({-left.us}), " ago") : "-";
}

std::string ModeText(const mta::v1::QueueRow& row) {
  switch (row.mode()) {
    case mta::v1::QUEUE_MODE_BACKOFF:
      return "backoff";
    case mta::v1::QUEUE_MODE_PAUSED:
      return "paused";
    default:
      return "normal";
  }
}

std::string RetryText(const mta::v1::QueueRow& row, WallTime now) {
  if (row.next_due_unix_ms() == 0) return "-";
  const Duration left = FromUnixMillis(row.next_due_unix_ms()) - now;
  return left.us <= 0 ? "now" : ShortSpan(left);
}

std::string BackoffText(const mta::v1::BackoffInfo& backoff) {
  const std::string until =
      backoff.until_unix_ms() == 0 ? "" : Cat(" until ", DateTime(backoff.until_unix_ms()));
  const std::string cause = backoff.reply().empty() ? "operator" : backoff.reply();
  return Cat("(backoff", until, ": ", cause, ")");
}

// What stands in the way now, else what went wrong last.
std::string WhyText(const mta::v1::QueueRow& row) {
  std::string text = row.has_backoff() ? BackoffText(row.backoff()) : "";
  if (!row.held_because().empty() && row.mode() != mta::v1::QUEUE_MODE_PAUSED) {
    CatTo(&text, text.empty() ? "(" : " (", row.held_because(), ")");
  }
  if (!row.last_error().empty()) CatTo(&text, text.empty() ? "" : " ", row.last_error());
  return text;
}

template <typename Strings>
std::string JoinAll(const Strings& strings, std::string_view separator) {
  return Join(std::vector<std::string>(strings.begin(), strings.end()), separator);
}

}  // namespace

std::string RenderStatus(const mta::v1::ShowStatusResponse& status) {
  const mta::v1::CoordinatorStatus& c = status.coordinator();
  std::string out =
      Cat("Convoy ", c.version(), " status on ", DateTime(c.now_unix_ms()), "\n\n",
          RenderTraffic(Sum(status.shards())), "\nCluster      shards ", c.shards_live(),
          " live of ", c.shards_total(), ", epoch ", c.epoch(), ", table ", c.table_version(),
          ", slots in transition ", c.slots_pending(), "\nCoordinator  up ",
          Span(Seconds(static_cast<int64_t>(c.uptime_seconds()))), ", lease ",
          ShortSpan(Milliseconds(c.lease_ms())), ", fence-on-lease-loss ",
          c.fence_on_lease_loss() ? "yes" : "no", "\n");
  if (!status.shards().empty()) CatTo(&out, "\n", RenderShardTable(status.shards()));
  if (!c.problems().empty()) CatTo(&out, "\nProblems\n");
  for (const std::string& problem : c.problems()) CatTo(&out, "  ", Escape(problem), "\n");
  return out;
}

std::string RenderShardStatus(const ShardStatus& status, WallTime now) {
  google::protobuf::RepeatedPtrField<ShardStatus> one;
  *one.Add() = status;
  return Cat("Convoy ", status.version(), " status of ", Escape(status.shard()), " on ",
             DateTime(now.unix_ms()), "\n\n", RenderTraffic(status), "\nCluster      epoch ",
             status.epoch(), ", table ", status.table_version(), "\n\n", RenderShardTable(one));
}

std::string RenderShards(const mta::v1::ShowShardsResponse& shards) {
  using enum Align;
  Table table({{"shard"},
               {"state"},
               {"lease", kRight},
               {"slots", kRight},
               {"pending", kRight},
               {"vmtas", kRight},
               {"address"},
               {"smtp"},
               {"host"},
               {"config"}});
  for (const mta::v1::ShardRow& row : shards.shards()) {
    table.Add({row.name(), std::string(StateText(row.state())), LeaseText(row), Cat(row.slots()),
               Cat(row.slots_pending()), Cat(row.egress_size()), row.rpc_address(),
               row.smtp_address().empty() ? "-" : row.smtp_address(), row.host_id().substr(0, 16),
               row.config_differs() ? "differs" : "same"});
  }
  if (table.empty()) return "No shard has registered yet.\n";
  return Cat(table.ToString(), "\nEpoch ", shards.epoch(), ", table ", shards.table_version(),
             "\n");
}

std::string RenderQueues(const mta::v1::ShowQueuesResponse& queues, WallTime now) {
  using enum Align;
  Table table({{"queue"},
               {"#rcpt", kRight},
               {"kbytes", kRight},
               {"conn", kRight},
               {"st"},
               {"retry", kRight},
               {"shard"},
               {"last error", kLeft, 72}});
  for (const mta::v1::QueueRow& row : queues.queues()) {
    table.Add({Cat(row.domain(), "/", row.virtual_mta()), Cat(row.recipients()),
               SizeOf(row.bytes(), row.recipients()), Cat(row.connections()), ModeText(row),
               RetryText(row, now), row.shard(), WhyText(row)});
  }
  if (table.empty()) return "No queues.\n";
  return Cat(table.ToString(),
             queues.has_next() ? "\nMore queues follow: --maxitems N or --all.\n" : "");
}

std::string RenderAssignment(const mta::v1::ShowAssignmentResponse& assignment) {
  std::string out = Cat("Epoch ", assignment.epoch(), ", table ", assignment.version(), "\n");
  for (const mta::v1::GroupRow& group : assignment.groups()) {
    CatTo(&out, "\nGroup ", group.id(), ": ", Escape(JoinAll(group.virtual_mtas(), ", ")), "\n");
    Table table({{"slots"}, {"owner"}, {"waits for"}});
    for (const mta::v1::SlotRange& range : group.slots()) {
      const std::string slots = range.first() == range.last()
                                    ? Cat(range.first())
                                    : Cat(range.first(), "-", range.last());
      table.Add({slots, range.owner().empty() ? "nobody" : range.owner(),
                 JoinAll(range.awaiting(), ", ")});
    }
    out += table.ToString();
  }
  return out;
}

std::string RenderChange(std::string_view verb, std::string_view queue,
                         const mta::v1::ChangeQueueResponse& change) {
  return Cat(Escape(queue), " ", verb, " on ", change.applied_size(), " shards",
             change.applied().empty() ? "" : Cat(" (", JoinAll(change.applied(), ", "), ")"),
             ", queues with mail: ", change.matched(), "\n");
}

std::string RenderSubmit(const mta::v1::SubmitResponse& answer) {
  std::string out =
      Cat("Message ", Escape(answer.message_id()),
          answer.duplicate() ? " (had been accepted before with this key)" : "", "\n");
  Table table({{"recipient"}, {"result"}, {"detail"}});
  for (const mta::v1::RecipientResult& r : answer.recipients()) {
    const bool queued = r.state() == mta::v1::RECIPIENT_STATE_QUEUED;
    const bool suppressed = r.state() == mta::v1::RECIPIENT_STATE_SUPPRESSED;
    table.Add({r.address(), queued ? "queued" : suppressed ? "suppressed" : "refused", r.detail()});
  }
  return out + table.ToString();
}

std::string RenderUnreachable(
    const google::protobuf::RepeatedPtrField<mta::v1::ShardError>& unreachable) {
  std::string out;
  for (const mta::v1::ShardError& error : unreachable) {
    CatTo(&out, "convoy: ", Escape(error.shard()),
          " is missing in this answer: ", Escape(error.message()), "\n");
  }
  return out;
}

}  // namespace convoy::cli
