// What a reply means: the only place that decides it.
//
// The session reports where the dialogue stood and what the peer said; the table below gives the
// outcome for the recipient and the scope the answer speaks about, which tells the dispatcher what
// else to stop: a recipient's refusal says nothing about the queue, a refused greeting says nothing
// about the recipient.
//
//     phase             2yz           4yz               5yz                    nothing usable (+)
//     dns               (+)           defer, queue      bounce, queue          defer, queue
//     connect           (+)           -                 -                      defer, host
//     greeting, hello   (+)           defer, host       defer, host (*)        defer, host
//     starttls, auth    (+)           defer, host       defer, host            defer, host
//     mail              (+)           defer, message    bounce, message        defer, session
//     rcpt              (+)           defer, recipient  bounce, recipient (**) defer, session
//     data              (+)           defer, message    bounce, message        defer, session
//     dot               delivered     defer, message    bounce, message        defer, session (***)
//     local             our own finding before sending: by its enhanced code
//     any               421: defer, host up to auth, session after it
//
// (+) no reply (lost, timeout), or one that the phase cannot have: 2yz where it is not said to the
// dot, 3yz, a code out of range. A peer may say anything; none of it stops the shard.
// (*) bounce, queue when bounce-upon-5xx-greeting is on and no other host is left.
// (**) 552 to RCPT without an enhanced code is "too many recipients": defer (RFC 5321 4.5.3.1.10).
// (***) the duplicate window: the peer may have the message. Counted by cause.
// bounce-on-4xx-status makes the deferrals of recipient and message scope bounces, but never a 421.
//
// RFC:       5321 4.2.1, 4.2.5, 4.5.3.1.10, 3.8; 2034 4; 7504 4 (521, 556)
// Determinism: pure
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace convoy::shard {

// Where the dialogue stood, in the order of the dialogue.
enum class Phase : uint8_t {
  kDns,
  kConnect,
  kGreeting,
  kHello,
  kStartTls,
  kAuth,
  kMail,
  kRcpt,
  kData,
  kDot,
  kLocal
};
std::string_view PhaseName(Phase phase);

// Why there is no reply.
enum class Silence : uint8_t { kNone, kTimeout, kLost, kUnreachable, kTlsFailed };

// One answer, or the lack of one.
struct Answer {
  Phase phase = Phase::kConnect;
  int code = 0;          // 0: no reply, see silence
  std::string enhanced;  // "5.1.1"; "" when the peer gave none
  std::string text;      // reply lines joined with a blank, without code; or what went wrong
  Silence silence = Silence::kNone;
  bool last_host = true;  // no other host of the destination is left to try
};

enum class Outcome : uint8_t { kDelivered, kDeferred, kBounced, kExpired, kSuppressed };
enum class Scope : uint8_t { kRecipient, kMessage, kSession, kHost, kQueue };
std::string_view OutcomeName(Outcome outcome);
std::string_view ScopeName(Scope scope);

struct VerdictOptions {
  bool bounce_on_4xx_status = false;
  bool bounce_upon_5xx_greeting = false;
};

struct Verdict {
  Outcome outcome = Outcome::kDeferred;
  Scope scope = Scope::kSession;
  // Enhanced status code: the peer's when its class agrees with the reply, else derived.
  std::string status;
  // As in accounting's dsnDiag: "smtp;550 5.1.1 no such user", or our own text when there was no
  // reply.
  std::string diagnostic;
  bool maybe_duplicate = false;
};

Verdict Judge(const Answer& answer, const VerdictOptions& options);

// What a deferral becomes when the recipient's time in the queue is over (bounce-after).
Verdict Expire(Verdict last);

}  // namespace convoy::shard
