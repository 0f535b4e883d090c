// The scheduler's state and its steps. Internal to shard/schedule; see scheduler.h for the idea.
//
//     scheduler.cc           events about queues and limits, and the loop after each event
//     scheduler_sessions.cc  events about sessions, retry mode
//     scheduler_serve.cc     one queue: assign, open, park
//     scheduler_gates.cc     one shared scope: who is next
//     scheduler_why.cc       what keeps a queue waiting
//
// An event changes state and marks queues and gates dirty. Then Work() settles gates and serves
// queues until nothing is dirty; so between events this holds:
//   - a queue parked at a gate's rate: the gate has no token, and a timer for its next one;
//   - a queue parked at a gate's slots: the gate (or the total) has no slot it may use now.
//
// Determinism: pure
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "shard/schedule/scheduler.h"
#include "shard/schedule/scheduler_state.h"

namespace convoy::shard {

class Scheduler::Core {
 public:
  explicit Core(Options options);

  void OnEvent(MonoTime now, const Event& event, Actions* out);

  WaitReason Why(QueueId id, MonoTime now);
  QueueCounters Counters(QueueId id) const;
  SchedulerCounters Counters() const;
  const QueueState* Find(QueueId id) const;

  void On(const SetQueue& e);
  void On(const RemoveQueue& e);
  void On(const SetSite& e);
  void On(const RemoveSite& e);
  void On(const SetVmta& e);
  void On(const SetTotal& e);
  void On(const ChangeLimits& e) { changing_limits_ = e.changing; }
  void On(const QueueWork& e);
  void On(const PauseQueue& e);
  void On(const AllowQueue& e);
  void On(const AllowSending& e);
  void On(const RetryNow& e);
  void On(const DeferQueue& e);
  void On(const SessionOpened& e);
  void On(const SessionIdle& e);
  void On(const AttemptReported& e);
  void On(const AttemptReturned& e);
  void On(const SessionClosing& e);
  void On(const SessionClosed& e);
  void On(const TimerFired& e);

 private:
  // Why no attempt can be assigned: parked where, or the queue's own rate; until when, if it is
  // known.
  struct Block {
    bool blocked = false;
    Parked at = Parked::kNowhere;
    MonoTime until{};
  };

  // scheduler.cc
  QueueState& Queue(QueueId id);
  QueueState& QueueAt(uint32_t slot) const { return queue_chunks_[slot / kChunk][slot % kChunk]; }
  QueueState& MakeQueue(const SetQueue& e);
  void Erase(QueueState* q);
  GateState* VmtaGate(VmtaId id);
  void AttachSite(QueueState* q, GateState* site);
  void DropSiteIfForgotten(GateState* site);
  void ChangeLimits(GateState* gate, const SharedLimits& limits, bool start_spent);
  void MarkDirty(QueueState* q);
  void MarkDirty(GateState* g);
  void SetWake(Timed* t, MonoTime at);
  void ClearWake(Timed* t);
  void TakeDueTimers();
  void Work();
  void SetTimer();
  void Emit(Action::Kind kind, const SessionState& s, MonoTime at = {});

  // scheduler_sessions.cc
  SessionState& Session(SessionId id);
  bool MustClose(const SessionState& s) const;
  bool Surplus(const QueueState& q) const;
  bool ShouldYield(const SessionState& s) const;
  bool VmtaShouldYield(const GateState& v, const GateState& first) const;
  MonoTime WaitUntil(const SessionState& s, const Block& block) const;
  void StartWaiting(SessionState* s);
  void StopWaiting(SessionState* s);
  void Close(SessionState* s);
  void BeginClose(SessionState* s);
  void CountClosed(SessionState* s);
  void NoteFailure(QueueState* q, SessionEnd end);
  void EnterRetry(QueueState* q, RetryCause cause);
  void LeaveRetry(QueueState* q);

  // scheduler_serve.cc
  void Serve(QueueState* q, GateState* popped_from);
  bool ServeRemoved(QueueState* q);
  bool MaySend(const QueueState& q) const;
  void CloseIdleSessions(QueueState* q);
  void CloseSurplus(QueueState* q);
  Block AttemptBlock(QueueState* q, bool in_order);
  Block GateBlock(GateState* g, Parked at, bool in_order);
  void Assign(SessionState* s);
  void MaybeOpen(QueueState* q);
  bool OwnLimitsAllowOpening(QueueState* q);
  void Grant(QueueState* q);
  void Charge(QueueState* q);
  static uint64_t ClampedPass(const GateState& g, const QueueState& q);
  void Park(QueueState* q, Parked at);
  void Unpark(QueueState* q);
  void UpdateActive(QueueState* q);

  // scheduler_gates.cc
  bool CanOpen(GateState* g, const QueueState& q);
  bool ServedBeforeWaiters(const GateState& g, const QueueState& q) const;
  static uint32_t ConnectingMax(LimitScope scope, const Rate& rate);
  void Settle(GateState* g);
  void SettleRate(GateState* g);
  void SettleSiteSlots(GateState* site);
  void SettleTotal();
  void JoinTotal(GateState* vmta);
  // Before anything changes that orders it there.
  void LeaveTotal(GateState* vmta);
  void WakeGate(GateState* g);
  void CloseSurplus(GateState* g, SessionListId which);
  void ReclaimIdle(GateState* g, uint64_t wanted, SessionListId which);
  bool Reclaimable(const SessionState& s);
  bool Step();

  // Constant after construction.
  const Options options_;

  // Loop state.
  MonoTime now_{};
  Actions* out_ = nullptr;
  bool sending_allowed_ = true;
  bool changing_limits_ = false;
  uint32_t steps_left_ = 0;

  // Stable addresses in blocks; freed slots are used again.
  static constexpr uint32_t kChunk = 64;
  std::vector<std::unique_ptr<QueueState[]>> queue_chunks_;
  uint32_t slots_used_ = 0;
  std::vector<uint32_t> free_slots_;
  absl::flat_hash_map<QueueId, uint32_t> queues_;
  absl::flat_hash_map<SiteId, std::unique_ptr<GateState>> sites_;
  absl::flat_hash_map<VmtaId, std::unique_ptr<GateState>> vmtas_;
  absl::flat_hash_map<SessionId, std::unique_ptr<SessionState>> sessions_;
  GateState total_;
  GateHeap total_waiters_;          // virtual MTAs with waiting queues and slots of their own
  uint64_t waiting_for_slots_ = 0;  // queues parked at any virtual MTA's slots

  std::deque<QueueState*> dirty_queues_;
  std::deque<GateState*> dirty_gates_;
  IndexedHeap<Timed, TimerOrder> timers_;
  uint64_t timer_order_ = 0;
  MonoTime timer_set_ = kMonoMax;
  uint64_t last_session_ = 0;

  // Statistics.
  SchedulerCounters counters_;
};

}  // namespace convoy::shard
