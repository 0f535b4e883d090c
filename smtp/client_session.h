// The client side of one SMTP connection: a straight coroutine from the greeting to QUIT.
//
// It knows nothing of queues, retries or verdicts: it takes attempts from an AttemptSource, says
// what was answered, and ends. In steady state, with PIPELINING, the end of one body and the next
// envelope leave in one write, so a message costs one round trip (RFC 2920 3.1); otherwise the same
// code goes in lock-step.
//
//     greeting -> EHLO -> [STARTTLS -> EHLO] -> [AUTH] -> { MAIL RCPT* DATA -> body }* -> QUIT
//                                                       { MAIL RCPT* -> BDAT body }*
//                                                            ^------ idle <-----'
//
//     ClientSession session(loop, *stream, source, options);
//     const SessionEnd end = co_await session.Run();    // the stream is closed now
//
// RFC:       5321 (3.1, 3.3, 4.5.3.2 timeouts), 1870, 2034, 2920, 3030, 3207, 3461, 4954, 6152,
//            9422
// Limits:    one attempt in its body and one looked ahead; kQueuedBytesMax of a body queued at a
// time Errors:    in SessionEnd and AttemptResult; a protocol violation is InvalidArgument, a wish
// of ours
//            that the peer does not meet (TLS, AUTH) FailedPrecondition, the rest is the stream's
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "smtp/attempt.h"
#include "smtp/input.h"
#include "smtp/recipient_limits.h"
#include "smtp/reply_parser.h"

namespace convoy::smtp {

class ClientTransaction;

enum class TlsMode : uint8_t {
  kOff,
  kOpportunistic,  // when offered; a refusal (454) leaves it in clear, a failed handshake ends the
                   // session
  kRequired,       // no MAIL in clear text
};

// RFC 5321 4.5.3.2 minimum values where it gives one. Per command, never for a whole transaction.
struct ClientTimeouts {
  Duration greeting = Minutes(5);
  Duration hello = Minutes(5);
  Duration starttls = Minutes(2);
  Duration auth = Minutes(2);
  Duration mail = Minutes(5);
  Duration rcpt = Minutes(5);
  Duration data = Minutes(2);
  Duration block = Minutes(3);  // for each block of the body to be taken by the peer
  Duration body = Minutes(10);  // from the final dot to its reply
  Duration reset = Minutes(5);
  Duration quit = Seconds(10);
};

struct ClientOptions {
  std::string hello_name;  // our FQDN or address literal
  ClientTimeouts timeouts;

  TlsMode tls = TlsMode::kOff;
  std::shared_ptr<const TlsContext> tls_context;  // needed unless kOff
  std::string tls_sni;
  std::vector<std::string> tls_names;  // other names the certificate may be for
  std::vector<TlsaRecord> tlsa;        // what alone proves the peer; empty: the authorities
  // No MAIL in clear text, and a peer that does not prove its name gets QUIT (RFC 3207 4.1).
  bool tls_must_verify = false;
  TlsSessionCache* tls_sessions = nullptr;  // null: each connection is a whole handshake
  std::string tls_session_key;

  std::string auth_user;  // empty: no AUTH
  std::string auth_password;
  bool auth_in_clear = false;  // allow PLAIN and LOGIN without TLS

  bool use_pipelining = true;
  bool use_8bitmime = true;  // false: as if 8BITMIME were not offered
  bool use_chunking = true;
  bool use_dsn = true;
  uint32_t attempts_max = 0;  // then QUIT; 0: no limit
  Duration idle_timeout{};    // how long to stay when there is no work; 0: QUIT at once
};

class ClientSession {
 public:
  // `stream` is connected and unused. All references must outlive Run().
  ClientSession(EventLoop& loop, Stream& stream, AttemptSource& source, ClientOptions options);
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;
  ~ClientSession();  // before Run() was awaited, or after it returned

  // The whole dialogue; awaited once. On return the stream is closed, nothing is pending on it and
  // every attempt has been reported or returned.
  Task<SessionEnd> Run();

  // There may be work again: an idle session asks Next() in a later turn. Harmless at any time.
  void Wake();
  // No more Next(): the session finishes what it has and says QUIT. Harmless at any time.
  void Quit();
  // Drops the connection now. What is in flight is reported as Cancelled.
  void Abort();

  const PeerInfo& peer() const { return peer_; }

 private:
  // Each returns false when the session is over; end_ says why.
  Task<bool> Open();
  Task<bool> Greet();
  Task<bool> Hello();
  Task<bool> MaybeStartTls();
  Task<bool> MaybeAuthenticate();
  Task<bool> AuthenticatePlain();
  Task<bool> AuthenticateLogin();

  Task<void> Serve();
  Task<bool> AwaitWork();
  Task<bool> ResetEarly();
  Task<bool> Transact();
  Task<bool> ExpectEnvelope();
  Task<bool> ExpectRecipients();
  Task<bool> ExpectData();
  Task<bool> SendBody();
  void OpenDuplicateWindow();
  void SendNextEnvelope();
  Task<bool> SendPieces(const std::vector<SharedBytes>& pieces);
  Task<bool> SendBlocks(const std::vector<SharedBytes>& pieces);
  Task<bool> EndEmptyData();
  Task<void> SayQuit();

  // One reply, into reply_. False: none came, or it was a 421; nothing more is said then.
  Task<bool> Expect(Phase phase, Duration timeout);
  // The reply that is in the input already, if a whole one is; an error is the parser's.
  absl::StatusOr<bool> TakeBufferedReply();

  bool EndAt(Phase phase, const Reply& reply);
  bool EndAt(Phase phase, absl::Status status);
  bool LoseAt(Phase phase, absl::Status status);
  // reply_ says that the server does not know BDAT, which it has offered.
  bool BdatUnknown() const;
  bool LoseForBdat();
  // reply_ is not the one hoped for: the peer refuses, or, with any other class, it does not speak
  // SMTP and nothing it says can be relied on.
  bool Refused(Phase phase);

  std::unique_ptr<ClientTransaction> TakeNext();
  bool MayTakeMore() const;
  void ReportCurrent();
  void GiveUpUnanswered();

  // constant after construction
  EventLoop& loop_;
  Stream& stream_;
  AttemptSource& source_;
  const ClientOptions options_;

  // loop state
  Input input_;
  ReplyParser parser_;
  Reply reply_;  // of the last Expect()
  PeerInfo peer_;
  bool pipelining_ = false;
  bool chunking_ = false;
  bool quitting_ = false;    // Quit() was called
  bool lost_ = false;        // the stream is of no more use, not even for QUIT
  bool reset_owed_ = false;  // a refused transaction is still open at the server
  uint32_t taken_ = 0;
  RecipientLimits recipient_limits_;
  std::unique_ptr<ClientTransaction> current_;
  std::unique_ptr<ClientTransaction>
      next_;  // looked ahead: its envelope left behind current_'s body
  SessionEnd end_;
};

}  // namespace convoy::smtp
