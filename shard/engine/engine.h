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
#include <vector>

#include "base/gauge_file.h"
#include "base/rng.h"
#include "dns/resolver.h"
#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "shard/cluster/assignment_view.h"
#include "shard/cluster/lease_view.h"
#include "shard/engine/backoff_book.h"
#include "shard/engine/dispatcher.h"
#include "shard/engine/policy_book.h"
#include "shard/engine/preparer.h"
#include "shard/engine/queue_book.h"
#include "shard/engine/recorder.h"
#include "shard/engine/signing_service.h"
#include "shard/engine/suppression_book.h"
#include "shard/spool/spool.h"

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

  // NotFound when there is no such queue. Durable: survives a restart.
  absl::Status SetPaused(std::string_view domain, std::string_view vmta, bool paused);
  // Puts a queue into backoff mode as the directives say, or out of it. NotFound, and durable, as
  // above.
  absl::Status SetMode(std::string_view domain, std::string_view vmta, bool backoff);
  // Rows of a queue are being offered to another shard (or no longer are).
  void SetHandingOver(Queue& queue, bool handing_over);
  // Queues with rows that belong to another shard, in the order of their ids, and settled: no
  // attempt is in flight.
  std::vector<Queue*> ForeignQueues();
  // Rows of queues that belong to another shard.
  uint64_t ForeignRows() const;
  // The row has left this shard: it is gone from disk.
  void RowLeft(Queue& queue, const RowKey& key);

  std::vector<QueueReport> Report(std::string_view domain, std::string_view vmta);
  EngineTotals Totals() const;
  Queue* FindQueue(QueueId id) { return queues_.Find(id); }

  // No new attempt; what is in flight gets `patience`.
  void Stop(Duration patience, Callback stopped) { dispatcher_.Stop(patience, std::move(stopped)); }

 private:
  void Added(Queue& queue);
  void Work(Queue& queue);
  bool Owns(const Queue& queue) const;
  QueueReport ReportOf(Queue& queue) const;
  absl::StatusOr<Queue*> Named(std::string_view domain, std::string_view vmta);

  Deps deps_;
  QueueBook queues_;
  Recorder recorder_;
  Preparer preparer_;
  BackoffBook backoff_;
  Dispatcher dispatcher_;
  std::vector<std::string> paused_at_start_;
};

}  // namespace convoy::shard
