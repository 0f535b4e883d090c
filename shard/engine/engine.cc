#include "shard/engine/engine.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

// kState: "pause/" queue name -> "" while an operator holds the queue.
constexpr std::string_view kPausePrefix = "pause/";
constexpr size_t kQueueIdBytes = 4;

// Empty and `*` select every name.
bool Selects(std::string_view wanted, std::string_view name) {
  return wanted.empty() || wanted == "*" || wanted == name;
}

std::string WallText(WallTime when) {
  const int64_t seconds = when.unix_seconds() % 86400;
  const auto two = [](int64_t n) { return Cat(n < 10 ? "0" : "", n); };
  return Cat(two(seconds / 3600), ':', two(seconds / 60 % 60), ':', two(seconds % 60), 'Z');
}

}  // namespace

Engine::Engine(Deps deps)
    : deps_(std::move(deps)),
      queues_(deps_.loop, deps_.spool, deps_.policies, deps_.window_rows_max,
              {.added = [this](Queue& queue) { Added(queue); },
               .due = [this](Queue& queue) { Work(queue); }}),
      recorder_({.loop = deps_.loop,
                 .spool = deps_.spool,
                 .queues = queues_,
                 .gauges = deps_.gauges,
                 .settled = [this](Queue& queue) { Work(queue); }}),
      preparer_({.loop = deps_.loop,
                 .spool = deps_.spool,
                 .queues = queues_,
                 .recorder = recorder_,
                 .signer = deps_.signer,
                 .suppressions = deps_.suppressions,
                 .ready_changed = [this](Queue& queue) { Work(queue); }}),
      backoff_({.loop = deps_.loop,
                .spool = deps_.spool,
                .queues = queues_,
                .changed = [this](Queue& queue) { dispatcher_.LimitsChanged(queue); }}),
      dispatcher_({.loop = deps_.loop,
                   .network = deps_.network,
                   .resolver = deps_.resolver,
                   .policies = deps_.policies,
                   .queues = queues_,
                   .preparer = preparer_,
                   .recorder = recorder_,
                   .lease = deps_.lease,
                   .tls = deps_.tls,
                   .gauges = deps_.gauges,
                   .backoff = backoff_,
                   .rng = deps_.rng}) {}

Engine::~Engine() = default;

absl::Status Engine::Recover() {
  KvStore& store = deps_.spool.store();
  const std::string begin(kPausePrefix);
  ASSIGN_OR_RETURN(const KvScan paused, store.ScanNow({Cf::kState, begin, "pause0"}, SIZE_MAX));
  for (const KvRow& row : paused.rows) {
    paused_at_start_.push_back(row.key.substr(kPausePrefix.size()));
  }
  RETURN_IF_ERROR(backoff_.Recover());
  ASSIGN_OR_RETURN(const std::vector<SpooledQueue> heads, deps_.spool.Recover([](auto) {}));
  // Counted here, before the loop runs, because a window needs its exact number.
  ASSIGN_OR_RETURN(const std::vector<KvGroup> groups,
                   store.SurveyNow(Cf::kQueue, kQueueIdBytes, SurveyMode::kCounts));
  absl::flat_hash_map<uint32_t, uint64_t> rows;
  for (const KvGroup& group : groups) {
    uint32_t id = 0;
    for (size_t i = 0; i < kQueueIdBytes; ++i) {
      id = id << 8 | static_cast<unsigned char>(group.first_key[i]);
    }
    rows[id] = group.keys;
  }
  for (const SpooledQueue& head : heads) {
    Queue& queue = queues_.Get(head.queue);
    queue.window.Restore(rows[head.queue.value()], head.head.due_ms);
    queues_.HeadChanged(queue);
    Work(queue);
  }
  return absl::OkStatus();
}

void Engine::Added(Queue& queue) {
  queue.owned = Owns(queue);
  const auto paused = std::find(paused_at_start_.begin(), paused_at_start_.end(), queue.Name());
  queue.paused = paused != paused_at_start_.end();
  backoff_.Added(queue);
  dispatcher_.SetQueue(queue);
  dispatcher_.PermissionChanged(queue);
}

void Engine::Work(Queue& queue) {
  preparer_.Pump(queue, dispatcher_.SessionsOf(queue.id));
  dispatcher_.ReadyChanged(queue);
}

void Engine::RowsAccepted(const std::vector<SpoolRow>& rows) {
  std::vector<Queue*> touched;
  for (const SpoolRow& row : rows) {
    Queue& queue = queues_.Get(row.queue);
    queue.window.Accepted({row.key, QueueBook::HandleOf(row.value)});
    if (touched.empty() || touched.back() != &queue) touched.push_back(&queue);
  }
  for (Queue* queue : touched) {
    preparer_.Pump(*queue, dispatcher_.SessionsOf(queue->id));
    dispatcher_.ReadyChanged(*queue, /*new_mail=*/true);
  }
}

bool Engine::Owns(const Queue& queue) const {
  const Owner owner = deps_.assignment.OwnerOf(queue.site, queue.vmta);
  return owner.kind == Owner::Kind::kSelf && owner.may_assign;
}

void Engine::OwnershipChanged() {
  for (const auto& queue : queues_.all()) {
    if (queue == nullptr) continue;
    const bool owned = Owns(*queue);
    if (owned == queue->owned) continue;
    queue->owned = owned;
    dispatcher_.PermissionChanged(*queue);
    if (!owned) {
      preparer_.Unprepare(*queue, 0);
      queue->window.Evict();
    }
    Work(*queue);
  }
  dispatcher_.LeaseChanged();
}

absl::StatusOr<Queue*> Engine::Named(std::string_view domain, std::string_view vmta) {
  Queue* queue = queues_.Find(domain, vmta);
  if (queue != nullptr) return queue;
  return absl::NotFoundError(
      Cat("no queue ", domain, '/', vmta, " on this shard; 'convoy show queues' lists them"));
}

absl::Status Engine::SetMode(std::string_view domain, std::string_view vmta, bool backoff) {
  ASSIGN_OR_RETURN(Queue* queue, Named(domain, vmta));
  backoff_.Set(*queue, backoff);
  return absl::OkStatus();
}

absl::Status Engine::SetPaused(std::string_view domain, std::string_view vmta, bool paused) {
  ASSIGN_OR_RETURN(Queue* queue, Named(domain, vmta));
  KvBatch batch;
  const std::string key = Cat(kPausePrefix, queue->Name());
  if (paused) {
    batch.Put(Cf::kState, key, std::string_view());
  } else {
    batch.Delete(Cf::kState, key);
  }
  deps_.spool.Commit(std::move(batch), [](absl::Status) {});
  queue->paused = paused;
  dispatcher_.PermissionChanged(*queue);
  if (paused) preparer_.Unprepare(*queue, 0);
  Work(*queue);
  return absl::OkStatus();
}

void Engine::SetHandingOver(Queue& queue, bool handing_over) {
  queue.handing_over = handing_over;
  dispatcher_.PermissionChanged(queue);
  Work(queue);
}

std::vector<Queue*> Engine::ForeignQueues() {
  std::vector<Queue*> foreign;
  for (const auto& queue : queues_.all()) {
    if (queue == nullptr || queue->window.rows() == 0) continue;
    const Owner owner = deps_.assignment.OwnerOf(queue->site, queue->vmta);
    if (owner.kind == Owner::Kind::kPeer && queue->window.rows_out() == 0) {
      foreign.push_back(queue.get());
    }
  }
  return foreign;
}

uint64_t Engine::ForeignRows() const {
  uint64_t rows = 0;
  for (const auto& queue : queues_.all()) {
    if (queue == nullptr || queue->window.rows() == 0) continue;
    const Owner owner = deps_.assignment.OwnerOf(queue->site, queue->vmta);
    if (owner.kind == Owner::Kind::kPeer) rows += queue->window.rows();
  }
  return rows;
}

void Engine::RowLeft(Queue& queue, const RowKey& key) {
  queue.window.Removed(key);
  queues_.HeadChanged(queue);
}

QueueReport Engine::ReportOf(Queue& queue) const {
  const MonoTime now = deps_.loop.MonoNow();
  const QueueCounters counters = dispatcher_.scheduler().Counters(queue.id);
  QueueReport report;
  report.domain = queue.domain;
  report.vmta = queue.vmta;
  report.recipients = queue.window.rows();
  report.connections = counters.connecting + counters.open;
  report.mode = queue.paused ? "paused" : queue.backoff.has_value() ? "backoff" : "normal";
  report.backoff = queue.backoff;
  report.owned = queue.owned;
  const WaitReason why = dispatcher_.scheduler().Why(queue.id, now);
  const WallTime until = deps_.loop.WallNow() + (why.until - now);
  report.waiting = Describe(why, why.until > MonoTime{} ? WallText(until) : "");
  report.last_error = queue.last_error;
  report.totals = queue.totals;
  report.next_due_ms = queue.window.HeadDueMs().value_or(0);
  return report;
}

std::vector<QueueReport> Engine::Report(std::string_view domain, std::string_view vmta) {
  std::vector<QueueReport> reports;
  for (const auto& queue : queues_.all()) {
    if (queue == nullptr) continue;
    if (!Selects(domain, queue->domain) || !Selects(vmta, queue->vmta)) continue;
    reports.push_back(ReportOf(*queue));
  }
  return reports;
}

EngineTotals Engine::Totals() const {
  EngineTotals totals;
  for (const auto& queue : queues_.all()) {
    if (queue == nullptr) continue;
    ++totals.queues;
    totals.recipients += queue->window.rows();
    totals.delivered += queue->totals.delivered;
    totals.bounced += queue->totals.bounced;
    totals.deferred += queue->totals.deferred;
  }
  totals.sessions = dispatcher_.scheduler().Counters().sessions;
  totals.in_flight = dispatcher_.attempts_in_flight();
  totals.maybe_duplicates = recorder_.maybe_duplicates_total();
  return totals;
}

}  // namespace convoy::shard
