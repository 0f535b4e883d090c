// What can be told to the scheduler, and what it can ask for.
//
// A session lives through these events, in this order:
//
//     OpenSession -> SessionOpened -> { SessionIdle -> Assign -> AttemptReported | AttemptReturned
//     }* -> SessionClosed
//                 \-> SessionClosed (never connected, refused)
//
// SessionIdle means "give me the next attempt". It is answered synchronously: the first action
// appended by that OnEvent call is Assign, Wait or Close for this session. A session may ask while
// one attempt is still unanswered (look-ahead of one) provided it will write MAIL at once, because
// rates are counted at Assign.
//   Assign  take one ready row of the queue now; the scheduler has counted it off `ready`.
//   Wait    nothing now; an Assign or Close may come later. With no attempt in flight the session
//           closes by itself (SessionClosing) when `at` has passed. A session that was told Wait
//           while its attempt was in flight is assigned nothing until it asks again, after
//           reporting it: MAIL would have to wait for the reply, and be later than its token.
//   Close   end the session (QUIT) after the attempts it still has.
//
// An event about a session after its SessionClosed, or about a queue that was never set, is a bug
// of the caller and stops the process.
//
// Determinism: pure
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/time_types.h"
#include "shard/schedule/ids.h"
#include "shard/schedule/policy.h"

namespace convoy::shard {

// Adds a queue or changes its policy. Site and virtual MTA stay what they were at first.
// `start_spent`: what was sent before is unknown (restart, take-over), so the rate starts as if its
// allowance was just used.
struct SetQueue {
  QueueId queue;
  SiteId site;
  VmtaId vmta;
  QueuePolicyPtr policy;
  bool start_spent = false;
  // The queue was in backoff mode in an earlier process or at another owner, which kept its rate:
  // that rate starts as used up to now.
  bool resumes_backoff = false;
};
// Forgets a queue: its sessions get no more work and are closed as they ask. What its rate has to
// remember is kept as long as needed, also if the queue is set again meanwhile.
struct RemoveQueue {
  QueueId queue;
};
// Limits of a site; the default is none. A site that never had limits costs nothing, so it does not
// know its queues: the first SetSite comes before SetQueue of its queues, or is followed by it.
struct SetSite {
  SiteId site;
  SharedLimits limits;
  bool start_spent = false;
};
// Forgets a site's limits once it has no queues and its rate nothing to remember.
struct RemoveSite {
  SiteId site;
};
struct SetVmta {
  VmtaId vmta;
  SharedLimits limits;
  bool start_spent = false;
};
struct SetTotal {
  uint32_t total_max_smtp_out = 1200;
};

// Several limits change as one: between `changing` true and false nothing is opened or assigned, so
// that a limit that is raised first is not used up beyond one that is lowered next.
struct ChangeLimits {
  bool changing = true;
};

// The number of rows that could be assigned at this moment (due, prepared, not assigned): absolute.
// Only Assign lowers it in between. Send it after every change the shell makes (arrival, refill,
// put back).
struct QueueWork {
  QueueId queue;
  uint32_t ready = 0;
  bool new_mail = false;  // some of it was accepted just now (retry-upon-new-mail)
};
// Operator's pause, and ownership of the slot (lease): both stop connecting and assigning.
struct PauseQueue {
  QueueId queue;
  bool paused = true;
};
struct AllowQueue {
  QueueId queue;
  bool allowed = true;
};
struct AllowSending {
  bool allowed = true;
};
// Operator's `schedule`: leaves retry mode now.
struct RetryNow {
  QueueId queue;
};
// A reply rule's `defer-queue`: retry mode at once, as after connection failures.
struct DeferQueue {
  QueueId queue;
};

// Connected, greeted and ready for MAIL.
struct SessionOpened {
  SessionId session;
};
struct SessionIdle {
  SessionId session;
};
enum class AttemptResult : uint8_t {
  kDelivered,  // also ends the queue's retry position
  kError,      // the peer refused: counts towards max-errors-per-connection
  kNoReply,    // connection lost, or no verdict: says nothing about the peer
};
// The oldest unanswered attempt of the session has its result.
struct AttemptReported {
  SessionId session;
  AttemptResult result = AttemptResult::kDelivered;
};
// The attempt assigned last was not used (no MAIL was written): its tokens return. The row is ready
// again only when QueueWork says so.
struct AttemptReturned {
  SessionId session;
};
enum class SessionEnd : uint8_t {
  kNormal,        // QUIT, idle timeout, closed on request
  kLost,          // broken after it had opened
  kNotConnected,  // no address answered
  kRefused,       // greeting, EHLO or TLS refused
  kDnsError,      // no usable address because DNS failed
};
// The session ends by itself (idle time over, peer said 421): it gets nothing more. Optional; an
// Assign that crosses with the end of a session is answered with AttemptReturned.
struct SessionClosing {
  SessionId session;
};
// The connection's socket is closed: its slots are free again.
struct SessionClosed {
  SessionId session;
  SessionEnd end = SessionEnd::kNormal;
};

// The time of the last SetTimer has come.
struct TimerFired {};

using Event = std::variant<SetQueue, RemoveQueue, SetSite, RemoveSite, SetVmta, SetTotal,
                           ChangeLimits, QueueWork, PauseQueue, AllowQueue, AllowSending, RetryNow,
                           DeferQueue, SessionOpened, SessionIdle, AttemptReported, AttemptReturned,
                           SessionClosing, SessionClosed, TimerFired>;

struct Action {
  enum class Kind : uint8_t {
    kOpenSession,   // queue, session: connect; answer SessionOpened or SessionClosed
    kAssign,        // queue, session
    kWait,          // queue, session, at: only as the answer to SessionIdle
    kCloseSession,  // queue, session; answer SessionClosed
    kSetTimer,      // at: fire TimerFired then; replaces the one timer of the scheduler
  };
  Kind kind;
  QueueId queue;
  SessionId session;
  MonoTime at{};
  bool operator==(const Action&) const = default;
};

// To be carried out in order.
using Actions = std::vector<Action>;

}  // namespace convoy::shard
