// The queues of one shard, alive: rows come in, come due, are prepared, attempted and settled.
//
// Puts the book, the preparer, the recorder and the dispatcher together and owns what is between
// them: which queues this shard may work on. Submission (ingest), forwarding and administration
// stand above it.
//
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "base/gauge_file.h"
#include "base/rng.h"
#include "dns/resolver.h"
#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "shard/cluster/assignment_view.h"
#include "shard/cluster/lease_view.h"
#include "shard/engine/backoff_book.h"
#include "shard/engine/dispatcher.h"
#include "shard/engine/pause_set.h"
#include "shard/engine/policy_book.h"
#include "shard/engine/preparer.h"
#include "shard/engine/queue_book.h"
#include "shard/engine/recorder.h"
#include "shard/engine/signing_service.h"
#include "shard/engine/suppression_book.h"
#include "shard/spool/spool.h"
#include "sts/policy_book.h"

namespace convoy::shard {

// One line of `convoy show queues`.
struct QueueReport {
  std::string domain;
  std::string vmta;
  uint64_t recipients = 0;
  uint32_t connections = 0;
  std::string mode;     // normal, backoff, paused
  std::string waiting;  // why nothing more is sent now
  LastError last_error;
  QueueTotals totals;
  int64_t next_due_ms = 0;  // 0: none
  bool owned = false;
  // In backoff mode, also when an operator has paused the queue.
  std::optional<BackoffState> backoff;
};

struct EngineTotals {
  uint64_t queues = 0;
  uint64_t recipients = 0;
  uint64_t sessions = 0;
  uint64_t in_flight = 0;
  uint64_t delivered = 0;
  uint64_t bounced = 0;
  uint64_t deferred = 0;
  uint64_t maybe_duplicates = 0;
};

class Engine {
 public:
  struct Deps {
    EventLoop& loop;
    Network& network;
    dns::Resolver& resolver;
    Spool& spool;
    PolicyBook& policies;
    SigningService& signer;
    const SuppressionBook& suppressions;
    const AssignmentView& assignment;
    const LeaseView& lease;
    std::shared_ptr<const TlsContext> tls;  // may be null: no STARTTLS
    GaugeFile* gauges = nullptr;
    Rng rng{1};
    sts::PolicyBook* sts = nullptr;  // null: use-mta-sts has no effect
    uint64_t window_rows_max = 100'000;
  };
  explicit Engine(Deps deps);
  ~Engine();

  // What was on disk at start. Before anything else.
  absl::Status Recover();
  // These rows have just become durable here.
  void RowsAccepted(const std::vector<SpoolRow>& rows);
  // The assignment table or the lease has changed.
  void OwnershipChanged();
  void LeaseChanged() { dispatcher_.LeaseChanged(); }

  // The policy book answers differently now. Queues keep mode, counters and connections; those with
  // mail at hand have their new limits when this returns, the others within a few turns, and before
  // they are worked on. `signing`: other keys sign; `lists`: other suppression lists are in force.
  struct PolicyChange {
    bool signing = false;
    bool lists = false;
  };
  void PoliciesChanged(PolicyChange change);
  // (domain, virtual MTA) of each queue, for whoever prepares their policies off the loop.
  std::vector<std::pair<std::string, std::string>> QueueNames() const;

  // In effect at once, for queues that exist and for those to come; `done` runs when it will
  // survive a restart, with how many queues with mail it applies to. FailedPrecondition for a
  // resume under a wider pause (PauseSet), Cancelled while stopping.
  using ChangeDone = absl::AnyInvocable<void(absl::StatusOr<uint64_t>)>;
  void SetPaused(const PauseSelector& selector, bool paused, ChangeDone done);
  // Puts queues that exist into backoff mode, or out of it: BackoffBook::SetMode.
  void SetMode(const PauseSelector& selector, bool backoff, ChangeDone done) {
    backoff_.SetMode(selector, backoff, std::move(done));
  }
  // Where this shard takes mail by SMTP: a mail host there would be a loop. Before the first
  // attempt.
  void SetListeners(const std::vector<Endpoint>& listeners);
  // Rows of a queue are being offered to another shard (or no longer are).
  void SetHandingOver(Queue& queue, bool handing_over);
  // Queues with rows that belong to another shard, in the order of their ids, and settled: no
  // attempt is in flight.
  std::vector<Queue*> ForeignQueues();
  // Rows of queues that belong to another shard.
  uint64_t ForeignRows() const;
  // The row has left this shard: it is gone from disk.
  void RowLeft(Queue& queue, const RowKey& key);

  // Each part a name, or empty or `*` for any.
  std::vector<QueueReport> Report(std::string_view domain, std::string_view vmta);
  EngineTotals Totals() const;
  TrafficPeriods Traffic() const { return recorder_.traffic(); }
  Queue* FindQueue(QueueId id) { return queues_.Find(id); }

  // No new attempt; what is in flight gets `patience`.
  void Stop(Duration patience, Callback stopped) { dispatcher_.Stop(patience, std::move(stopped)); }

 private:
  void ApplyPause(Queue& queue);
  void Added(Queue& queue);
  void WarnOfDane(const Queue& queue);
  void Work(Queue& queue);
  void Refresh(Queue& queue);
  void RefreshSome();
  bool Owns(const Queue& queue) const;
  QueueReport ReportOf(Queue& queue) const;

  Deps deps_;
  QueueBook queues_;
  Recorder recorder_;
  Preparer preparer_;
  BackoffBook backoff_;
  Dispatcher dispatcher_;
  PauseSet pauses_;
  bool warned_of_dane_ = false;

  // Reload: which policies the book answers with, what changed with them, and the first queue that
  // the walk through all of them has not reached.
  static constexpr size_t kRefreshedATurn = 200;
  uint64_t policies_ = 0;
  PolicyChange change_;
  size_t refreshed_ = 0;
  TimerId refresh_timer_;
};

}  // namespace convoy::shard
