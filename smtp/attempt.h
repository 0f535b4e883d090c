// What the client session is given to send, and what it says came of it.
//
// An attempt is one SMTP transaction: a sender, 1 to kRecipientsMax recipients and a content. Its
// result says where it ended and what was said there; what that means is decided by
// shard/deliver/verdict.h alone.
//
// RFC:       5321 3.3 (transaction), 3461 4 (DSN parameters), 6152, 6531
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/ip_address.h"
#include "runtime/stream.h"
#include "smtp/ehlo_capabilities.h"
#include "smtp/reply.h"
#include "smtp/wire_body.h"

namespace convoy::smtp {

// RFC 5321 4.5.3.1.8: a server must take 100; more only if it was told so.
inline constexpr size_t kRecipientsMax = 1000;

// Where in the dialogue something happened. The session never produces kConnect: it starts with a
// connected stream; whoever connects uses it.
enum class Phase : uint8_t {
  kConnect,
  kGreeting,
  kHello,
  kStartTls,
  kAuth,
  kMail,
  kRcpt,
  kData,
  kBody,  // from the 354 to the reply to the final dot
  kReset,
  kIdle,  // between transactions, nothing owed by either side
  kQuit,
};
// "greeting", "mail from", ...: for logs and records.
std::string_view PhaseName(Phase phase);

struct Recipient {
  std::string address;  // without angle brackets
  std::string notify;   // value of NOTIFY= as received ("SUCCESS,DELAY"); empty: none
  std::string orcpt;    // value of ORCPT= as received ("rfc822;a+40b"); empty: none
};

struct Attempt {
  uint64_t id = 0;        // the owner's, returned with the result
  std::string mail_from;  // without angle brackets; empty: the null reverse-path
  std::vector<Recipient> recipients;
  std::shared_ptr<const WireBody> body;  // never null
  bool smtputf8 = false;                 // addresses or header fields need RFC 6531
  std::string envid;                     // value of ENVID=, from EnvidOf(); empty: none
  std::string ret;                       // "FULL" or "HDRS"; empty: none
};

// Where it ended and what was said there. Exactly one of three: a reply of the peer; a reply of our
// own
// (`local`), when the peer cannot take this message and was not asked; no reply, and `status` says
// why.
struct Outcome {
  Phase phase = Phase::kConnect;
  Reply reply;
  absl::Status status;
  bool local = false;
};

struct AttemptResult {
  uint64_t id = 0;
  std::vector<Outcome> recipients;  // in the order of Attempt::recipients
  // The final dot was sent and no reply was seen: it may have been delivered, so that a retry may
  // make a duplicate (RFC 5321 3.8, 6.1).
  bool duplicate_window = false;
};

// The other side, as known once the session is ready for MAIL.
struct PeerInfo {
  std::string greeting;  // text of the banner
  EhloCapabilities capabilities;
  std::optional<TlsInfo> tls;  // unset: clear text
};

// How the session as a whole ended. A reply or a status as in Outcome; both are empty after an end
// of our own choice (no more work, Quit()).
struct SessionEnd {
  Phase phase = Phase::kQuit;
  Reply reply;
  absl::Status status;
  uint64_t attempts = 0;   // reported
  uint64_t delivered = 0;  // of them, accepted for at least one recipient
  uint64_t errors = 0;     // of them, answered 4yz or 5yz for all recipients
  // BDAT was answered 500 to 504 although CHUNKING had been offered: the host is to get DATA.
  bool chunking_broken = false;

  bool normal() const { return reply.empty() && status.ok(); }
};

// Where the session gets its work. All calls are made on the loop, from the session's coroutine,
// never from inside a call into the session.
class AttemptSource {
 public:
  virtual ~AttemptSource() = default;
  // Greeted, encrypted, authenticated: MAIL comes next. Called once, before the first Next().
  virtual void Opened(const PeerInfo& peer) = 0;
  // Each reply of the peer as it comes, the greeting and that to QUIT included, before anything is
  // done about it.
  virtual void Replied([[maybe_unused]] const Reply& reply) {}
  // The next attempt, or nothing for now. Its MAIL is written at once. May be asked while the
  // previous attempt awaits its last reply (look-ahead of one).
  virtual std::optional<Attempt> Next() = 0;
  // An attempt whose transaction never got an answer because the connection ended before or with
  // the previous one: nobody has refused it and nothing can have been delivered. `mail_written`:
  // its MAIL has left, so it counts for rates.
  virtual void Returned(Attempt attempt, bool mail_written) = 0;
  // The final dot of this attempt is about to leave: the duplicate window opens.
  virtual void FinalDotSent([[maybe_unused]] uint64_t id) {}
  // Exactly once for each attempt of Next() that was not Returned, in the same order.
  virtual void Report(const AttemptResult& result) = 0;
};

}  // namespace convoy::smtp
