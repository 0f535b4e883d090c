#include "shard/engine/engine.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "shard/engine/pause_store.h"

namespace convoy::shard {
namespace {

constexpr size_t kQueueIdBytes = 4;

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
                .changed = [this](Queue& queue) { dispatcher_.LimitsChanged(queue); },
                .defer = [this](Queue& queue) { dispatcher_.Defer(queue); }}),
      dispatcher_({.loop = deps_.loop,
                   .network = deps_.network,
                   .resolver = deps_.resolver,
                   .policies = deps_.policies,
                   .queues = queues_,
                   .preparer = preparer_,
                   .recorder = recorder_,
                   .lease = deps_.lease,
                   .tls = deps_.tls,
                   .sts = deps_.sts,
                   .gauges = deps_.gauges,
                   .backoff = backoff_,
                   .rng = deps_.rng}) {
  SetListeners({});
}

Engine::~Engine() { deps_.loop.Cancel(refresh_timer_); }

absl::Status Engine::Recover() {
  KvStore& store = deps_.spool.store();
  ASSIGN_OR_RETURN(pauses_, RecoverPauses(store));
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
  queue.policies = policies_;
  queue.vmta_gone = deps_.policies.FindVmta(queue.vmta) == nullptr;
  queue.owned = Owns(queue);
  queue.paused = pauses_.Covers(queue.domain, queue.vmta);
  backoff_.Added(queue);
  dispatcher_.SetQueue(queue);
  dispatcher_.PermissionChanged(queue);
  WarnOfDane(queue);
}

// RFC 7672 2.1.1: without validation of our own there is no DANE, and nobody should believe so.
void Engine::WarnOfDane(const Queue& queue) {
  const DeliveryPolicy& policy = *queue.policy;
  const bool wanted = policy.use_dane || policy.require_dane;
  if (!wanted || deps_.resolver.validates() || std::exchange(warned_of_dane_, true)) return;
  LogWarning("dane",
             "use-dane has no effect without a trust anchor for DNSSEC, see --trust-anchor");
}

// --- Reload ---

void Engine::PoliciesChanged(PolicyChange change) {
  ++policies_;
  change_ = change;
  if (change.signing) preparer_.ForgetSignatures();
  dispatcher_.ChangeLimits([this] {
    dispatcher_.SetTotal(deps_.policies.TotalMaxSmtpOut());
    for (const auto& queue : queues_.all()) {
      if (queue == nullptr) continue;
      if (!queue->ready.empty() || queue->preparing > 0) Refresh(*queue);
    }
  });
  refreshed_ = 0;
  RefreshSome();
}

std::vector<std::pair<std::string, std::string>> Engine::QueueNames() const {
  std::vector<std::pair<std::string, std::string>> names;
  for (const auto& queue : queues_.all()) {
    if (queue != nullptr) names.emplace_back(queue->domain, queue->vmta);
  }
  return names;
}

// A walk through all queues, a bounded number a turn: 100,000 of them must not stop the loop.
void Engine::RefreshSome() {
  deps_.loop.Cancel(refresh_timer_);
  refresh_timer_ = TimerId();
  const auto& all = queues_.all();
  for (size_t done = 0; refreshed_ < all.size() && done < kRefreshedATurn; ++refreshed_) {
    if (all[refreshed_] == nullptr || all[refreshed_]->policies == policies_) continue;
    Refresh(*all[refreshed_]);
    ++done;
  }
  if (refreshed_ >= all.size()) return;
  refresh_timer_ = deps_.loop.CallAfter(Duration{}, [this] { RefreshSome(); });
}

void Engine::Refresh(Queue& queue) {
  const DeliveryPolicyPtr before = queue.policy;
  const bool was_gone = queue.vmta_gone;
  queue.policies = policies_;
  queue.policy = deps_.policies.PolicyFor(queue.domain, queue.vmta);
  WarnOfDane(queue);
  queue.vmta_gone = deps_.policies.FindVmta(queue.vmta) == nullptr;
  queue.window.SetCapacity(WindowCapacity(queue.policy->schedule->max_smtp_out));
  if (before->smtp_hosts != queue.policy->smtp_hosts) queue.dead.reset();
  const bool signs_otherwise =
      (change_.signing && queue.policy->dkim_sign) || before->dkim_sign != queue.policy->dkim_sign;
  const bool suppresses_otherwise =
      change_.lists || before->suppress_files != queue.policy->suppress_files;
  if (signs_otherwise || suppresses_otherwise || was_gone != queue.vmta_gone) {
    // What is ready was made ready by other rules.
    preparer_.Unprepare(queue, 0);
    dispatcher_.ReadyChanged(queue);
  }
  queue.owned = Owns(queue);
  dispatcher_.SetQueue(queue);
  dispatcher_.PermissionChanged(queue);
  Work(queue);
}

void Engine::Work(Queue& queue) {
  if (queue.policies != policies_) return Refresh(queue);
  preparer_.Pump(queue, dispatcher_.SessionsOf(queue.id));
  dispatcher_.ReadyChanged(queue);
}

void Engine::RowsAccepted(const std::vector<SpoolRow>& rows) {
  std::vector<Queue*> touched;
  for (const SpoolRow& row : rows) {
    Queue& queue = queues_.Get(row.queue);
    if (queue.policies != policies_) Refresh(queue);
    queue.window.Accepted({row.key, QueueBook::HandleOf(row.value)});
    if (touched.empty() || touched.back() != &queue) touched.push_back(&queue);
  }
  for (Queue* queue : touched) {
    preparer_.Pump(*queue, dispatcher_.SessionsOf(queue->id));
    dispatcher_.ReadyChanged(*queue, /*new_mail=*/true);
  }
}

bool Engine::Owns(const Queue& queue) const {
  // Nobody owns what no shard can send: whoever has such a row bounces it.
  const Owner owner = deps_.assignment.OwnerOf(queue.site, queue.vmta);
  if (queue.vmta_gone && owner.kind == Owner::Kind::kNoShard) return true;
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

void Engine::SetPaused(const PauseSelector& selector, bool paused, ChangeDone done) {
  KvBatch batch;
  if (paused) {
    pauses_.Add(selector);
    PutPause(selector, &batch);
  } else {
    const auto removed = pauses_.Remove(selector);
    if (!removed.ok()) return done(removed.status());
    for (const PauseSelector& gone : *removed) ErasePause(gone, &batch);
    // Also when it is not there: a repeat is answered after what it repeats is durable.
    ErasePause(selector, &batch);
  }
  uint64_t matched = 0;
  for (const auto& queue : queues_.all()) {
    if (queue == nullptr || !selector.Covers(queue->domain, queue->vmta)) continue;
    if (queue->window.rows() > 0) ++matched;
    ApplyPause(*queue);
  }
  deps_.spool.Commit(std::move(batch),
                     [matched, done = std::move(done)](const absl::Status& status) mutable {
                       if (!status.ok()) return done(status);
                       done(matched);
                     });
}

void Engine::ApplyPause(Queue& queue) {
  const bool paused = pauses_.Covers(queue.domain, queue.vmta);
  if (paused == queue.paused) return;
  queue.paused = paused;
  dispatcher_.PermissionChanged(queue);
  if (paused) preparer_.Unprepare(queue, 0);
  Work(queue);
}

void Engine::SetListeners(const std::vector<Endpoint>& listeners) {
  auto ourselves = std::make_shared<dns::Ourselves>();
  for (const std::string& name : deps_.policies.OwnNames()) {
    ourselves->names.insert(dns::NormalName(name));
  }
  ourselves->endpoints.insert(listeners.begin(), listeners.end());
  dispatcher_.SetOurselves(std::move(ourselves));
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
    if (!PartMatches(domain, queue->domain) || !PartMatches(vmta, queue->vmta)) continue;
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
