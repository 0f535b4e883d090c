// What the scheduler knows of a queue, of a shared scope (gate) and of a session. Internal to
// shard/schedule.
//
// Determinism: pure
#pragma once

#include <array>
#include <cstdint>

#include "base/time_types.h"
#include "shard/schedule/ids.h"
#include "shard/schedule/indexed_heap.h"
#include "shard/schedule/policy.h"
#include "shard/schedule/queue_rates.h"
#include "shard/schedule/rate_account.h"
#include "shard/schedule/wait_reason.h"

namespace convoy::shard {

struct QueueState;
struct GateState;
struct SessionState;

// Something with one timer. Equal times fire in the order they were set.
struct Timed {
  MonoTime at{};
  uint64_t order = 0;
  uint32_t timer_position = kNotInHeap;
  bool is_gate = false;
};
struct TimerOrder {
  bool operator()(const Timed* a, const Timed* b) const {
    return a->at != b->at ? a->at < b->at : a->order < b->order;
  }
  static uint32_t& Position(Timed* t) { return t->timer_position; }
};

// A queue has a pass in the virtual time of its virtual MTA and one in that of its site.
enum PassClock : uint8_t { kVmtaClock = 0, kSiteClock = 1 };
// Tokens: the lowest pass first.
struct PassOrder {
  PassClock clock;
  bool operator()(const QueueState* a, const QueueState* b) const;
  static uint32_t& Position(QueueState* q);
};
using PassHeap = IndexedHeap<QueueState, PassOrder>;

// Connection slots: the fewest sessions for its weight first, among equals the lowest pass.
struct SlotOrder {
  PassClock clock;
  bool operator()(const QueueState* a, const QueueState* b) const;
  static uint32_t& Position(QueueState* q);
};
using SlotHeap = IndexedHeap<QueueState, SlotOrder>;

struct TotalOrder {
  bool operator()(const GateState* a, const GateState* b) const;
  static uint32_t& Position(GateState* g);
};
using GateHeap = IndexedHeap<GateState, TotalOrder>;

// The lists a session can be in, each with its own pair of links.
enum SessionListId : uint8_t { kInQueue = 0, kInTotal = 1, kInVmta = 2, kInSite = 3 };
struct SessionList {
  SessionState* first = nullptr;
  SessionState* last = nullptr;
};

// A scope that queues share: a site, a virtual MTA, or the whole shard (which has no rate).
struct GateState : Timed {
  GateState(LimitScope s, PassClock clock)
      : scope(s), rate_waiters({clock}), slot_waiters({clock}) {
    is_gate = true;
  }
  bool slots_full() const { return sessions >= limits.max_connections; }
  // Sessions above a lowered limit that are not being closed yet.
  uint32_t surplus() const {
    const uint32_t staying = sessions - closing;
    return staying > limits.max_connections ? staying - limits.max_connections : 0;
  }

  const LimitScope scope;
  uint32_t id = 0;  // of the site or virtual MTA
  SharedLimits limits;
  RateAccount rate;
  uint32_t queues = 0;

  uint32_t sessions = 0;    // connecting, open and closing
  uint32_t connecting = 0;  // of these
  uint32_t closing = 0;     // of these
  SessionList idle;         // without an attempt, longest idle first

  uint64_t vtime = 0;  // the highest pass served in order
  PassHeap rate_waiters;
  SlotHeap slot_waiters;
  bool dirty = false;    // waits for Settle
  bool removed = false;  // site only: RemoveSite was told

  // Virtual MTA only: its place among the virtual MTAs that wait for the total.
  uint64_t total_pass = 0;
  uint64_t active_weight = 0;  // of its active queues
  uint32_t total_position = kNotInHeap;
};

enum class Parked : uint8_t { kNowhere, kSiteRate, kSiteSlot, kVmtaRate, kVmtaSlot };

struct QueueState : Timed {
  uint32_t weight() const { return policy->priority + 1; }
  uint32_t sessions() const { return connecting + open + closing; }
  // Sessions above a lowered max-smtp-out that are not being closed yet.
  uint32_t surplus() const {
    const uint32_t staying = connecting + open;
    return staying > policy->max_smtp_out ? staying - policy->max_smtp_out : 0;
  }
  bool in_retry() const { return retry_until.us != 0; }

  QueueId id;
  uint32_t heap_position = kNotInHeap;  // here it fills a gap
  GateState* site = nullptr;            // null: the site has no limits
  GateState* vmta = nullptr;
  QueuePolicyPtr policy;
  QueueRates rates;
  SessionList waiting;

  Parked parked = Parked::kNowhere;
  bool dirty = false;  // waits for Serve
  bool paused = false;
  bool allowed = true;
  bool removed = false;
  bool active = false;   // has sessions or waits for a slot of its virtual MTA
  bool probing = false;  // left retry mode, nothing answered yet
  uint8_t retry_position = 0;
  std::array<uint64_t, 2> pass{};

  uint32_t ready = 0;
  uint32_t connecting = 0;
  uint32_t open = 0;
  uint32_t closing = 0;
  uint32_t assigned = 0;
  uint16_t failures = 0;
  RetryCause retry_cause = RetryCause::kConnectFailure;
  MonoTime retry_until{};      // 0: not in retry mode
  MonoTime hungry_since{};     // when rows became ready, or a session took one or opened
  MonoTime open_not_before{};  // ramp-up, or a failure while others work
};

struct SessionState {
  enum class Phase : uint8_t { kConnecting, kOpen, kClosing };
  static constexpr uint8_t kAttemptsMax = 2;  // one on the wire, one looked ahead
  struct Tokens {
    QueueRates::Token queue;
    RateAccount::Token site = 0;
    RateAccount::Token vmta = 0;
  };

  SessionId id;
  QueueState* queue = nullptr;
  Phase phase = Phase::kConnecting;
  bool waiting = false;   // in queue->waiting
  bool listed = false;    // in the idle lists of its gates
  bool answered = false;  // the peer answered an attempt
  uint8_t attempts = 0;   // without result; their tokens, oldest first
  std::array<Tokens, kAttemptsMax> tokens;
  uint32_t assigned = 0;  // ever, less those returned unused
  uint32_t errors = 0;
  struct Links {
    SessionState* previous = nullptr;
    SessionState* next = nullptr;
  };
  std::array<Links, 4> links;
};

void PushFront(SessionList* list, SessionListId which, SessionState* session);
void PushBack(SessionList* list, SessionListId which, SessionState* session);
void Unlink(SessionList* list, SessionListId which, SessionState* session);

// Whether x sessions at weight xw are fewer than y at yw.
inline bool LowerShare(uint64_t x, uint64_t xw, uint64_t y, uint64_t yw) { return x * yw < y * xw; }

inline bool PassOrder::operator()(const QueueState* a, const QueueState* b) const {
  return a->pass[clock] != b->pass[clock] ? a->pass[clock] < b->pass[clock] : a->id < b->id;
}
inline uint32_t& PassOrder::Position(QueueState* q) { return q->heap_position; }
inline bool SlotOrder::operator()(const QueueState* a, const QueueState* b) const {
  if (LowerShare(a->sessions(), a->weight(), b->sessions(), b->weight())) return true;
  if (LowerShare(b->sessions(), b->weight(), a->sessions(), a->weight())) return false;
  return PassOrder{clock}(a, b);
}
inline uint32_t& SlotOrder::Position(QueueState* q) { return q->heap_position; }
inline bool TotalOrder::operator()(const GateState* a, const GateState* b) const {
  if (LowerShare(a->sessions, a->active_weight, b->sessions, b->active_weight)) return true;
  if (LowerShare(b->sessions, b->active_weight, a->sessions, a->active_weight)) return false;
  return a->total_pass != b->total_pass ? a->total_pass < b->total_pass : a->id < b->id;
}
inline uint32_t& TotalOrder::Position(GateState* g) { return g->total_position; }

}  // namespace convoy::shard
