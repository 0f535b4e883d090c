// The server side of one SMTP connection: submission by applications.
//
// Dialogue only: who may connect, which recipients are taken and what happens to a message is asked
// of a SubmissionHandler. A message is answered when the handler's OnMessage() returns, that is
// after it is durable. The end of data is CRLF.CRLF and nothing else; content with a bare CR or LF
// is refused whole.
//
//     ServerSession session(loop, *stream, handler, options);
//     co_await session.Run();    // the stream is closed now
//
// RFC:       5321 (4.1.4 order of commands, 4.5.3 limits), 1870, 2034, 2920, 3207, 3461 4, 6152,
// 6531 Limits:    ConnectionPolicy; kCommandLineBytesMax; 16 KiB of pipelined commands
// buffered Errors:    none: whatever the peer does ends as a reply or a closed connection Thread:
// loop-affine
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "smtp/command.h"
#include "smtp/data_decoder.h"
#include "smtp/input.h"
#include "smtp/reply.h"

namespace convoy::smtp {

// Who is talking to us, as far as it is known.
struct SubmissionPeer {
  Endpoint peer;
  Endpoint local;
  std::string hello;           // argument of EHLO or HELO; empty before it
  bool esmtp = false;          // it said EHLO
  std::optional<TlsInfo> tls;  // unset: clear text
};

struct EnvelopeRecipient {
  mail::Address address;
  RcptParameters parameters;
};

struct Envelope {
  mail::Address mail_from;
  MailParameters parameters;
  std::vector<EnvelopeRecipient> recipients;  // those that OnRcpt() took
};

// What this connection may do.
struct ConnectionPolicy {
  bool allowed = true;  // else the greeting is `refusal` and the connection is closed
  Reply refusal = MakeReply(521, "", "this host does not accept mail from you");
  std::string host_name;                          // ours, in the greeting and the reply to EHLO
  uint64_t message_bytes_max = 64 * 1024 * 1024;  // content octets, announced as SIZE; never 0
  uint32_t recipients_max = 1000;                 // per message; more get 452 4.5.3
  bool offer_starttls = false;                    // needs ServerOptions::tls_context
  bool offer_smtputf8 = false;
};

class SubmissionHandler {
 public:
  virtual ~SubmissionHandler() = default;
  // Once, before the greeting.
  virtual ConnectionPolicy OnConnect(const SubmissionPeer& peer) = 0;
  // 2yz takes the sender; anything else refuses the transaction.
  virtual Reply OnMail(const SubmissionPeer& peer, const mail::Address& mail_from,
                       const MailParameters& parameters) = 0;
  // 2yz takes the recipient; anything else refuses it alone. 421 also ends the connection.
  virtual Reply OnRcpt(const SubmissionPeer& peer, const Envelope& envelope,
                       const EnvelopeRecipient& recipient) = 0;
  // The whole message: `content` has CRLF line ends, no doubled dots, no bare CR or LF, no NUL. 2yz
  // must mean durable. References stay valid until the task ends.
  virtual Task<Reply> OnMessage(const SubmissionPeer& peer, Envelope envelope,
                                std::string content) = 0;
};

struct ServerOptions {
  std::shared_ptr<const TlsContext> tls_context;
  Duration command_timeout = Minutes(5);  // RFC 5321 4.5.3.2.7
  Duration data_timeout = Minutes(5);     // for each block of content
  Duration flush_timeout = Seconds(10);   // for the last reply before we close
  uint32_t errors_max = 20;               // misused commands since the last message; then 421
  uint32_t idle_commands_max = 100;  // NOOP, RSET, VRFY, ... in a row without a message; then 421
};

class ServerSession {
 public:
  // `stream` is just accepted. All references must outlive Run().
  ServerSession(EventLoop& loop, Stream& stream, SubmissionHandler& handler, ServerOptions options);
  ServerSession(const ServerSession&) = delete;
  ServerSession& operator=(const ServerSession&) = delete;

  // The whole dialogue; awaited once. On return the stream is closed and nothing is pending on it.
  Task<void> Run();

  // Says 421 before the next command; a message being received or committed is answered first.
  void Shutdown();
  // Drops the connection now. A message whose OnMessage() runs is still awaited.
  void Abort();

  const SubmissionPeer& peer() const { return peer_; }
  uint64_t messages_accepted() const { return messages_accepted_; }

 private:
  Task<void> Serve();
  Task<bool> ReadCommand(std::string* line);
  Task<void> Execute(std::string line);
  Task<void> ReceiveMessage();
  Task<bool> ReceiveContent(std::string* content);
  Task<void> UpgradeToTls();
  Task<void> FlushAndClose();

  // The reply to a command that only concerns the dialogue.
  Reply Answer(const Command& command);
  Reply AnswerHello(const Command& command);
  Reply AnswerMail(const Command& command);
  Reply AnswerRcpt(const Command& command);
  // Why DATA, or the content that came, cannot be taken; empty: it can.
  Reply RefuseData() const;
  Reply RefuseContent() const;
  // Sends it, with an enhanced code, and counts misuse. 421 and 521 end the session.
  void Send(Reply reply);
  // Sends `last` and reads no more.
  void End(Reply last);

  // constant after construction
  EventLoop& loop_;
  Stream& stream_;
  SubmissionHandler& handler_;
  const ServerOptions options_;

  // loop state
  Input input_;
  SubmissionPeer peer_;
  ConnectionPolicy policy_;
  DataDecoder decoder_;
  std::optional<Envelope> envelope_;  // set: MAIL was accepted
  bool ended_ = false;                // the last reply is queued, nothing more is understood
  bool lost_ = false;                 // the stream is of no more use
  bool shutting_down_ = false;
  bool linger_ = true;  // the peer may still be writing when we close

  // statistics
  uint32_t errors_ = 0;
  uint32_t idle_commands_ = 0;
  uint64_t messages_accepted_ = 0;
};

}  // namespace convoy::smtp
