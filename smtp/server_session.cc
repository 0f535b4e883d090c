#include "smtp/server_session.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace convoy::smtp {
namespace {

constexpr size_t kInputBytes = 16 * 1024;
constexpr size_t kQueuedBytesHigh = 64 * 1024;
constexpr size_t kQueuedBytesLow = 16 * 1024;
constexpr size_t kTextLineBytesMax = 998;  // RFC 5321 4.5.3.1.6, without CRLF
// Content that will be refused is read over up to this much beyond the limit, then we hang up.
constexpr uint64_t kReadOverBytesMax = 64 * 1024 * 1024;
// Of what the peer still sends after our last word.
constexpr size_t kLingerBytesMax = 1024 * 1024;

// One of those that bring no message nearer.
bool IsIdleCommand(Verb verb) {
  return verb != Verb::kMail && verb != Verb::kRcpt && verb != Verb::kData;
}

}  // namespace

ServerSession::ServerSession(EventLoop& loop, Stream& stream, SubmissionHandler& handler,
                             ServerOptions options)
    : loop_(loop),
      stream_(stream),
      handler_(handler),
      options_(std::move(options)),
      input_(loop, stream, kInputBytes) {}

void ServerSession::Shutdown() {
  shutting_down_ = true;
  input_.Interrupt();
}

void ServerSession::Abort() { stream_.Close(); }

Task<void> ServerSession::Run() {
  peer_.peer = stream_.peer();
  peer_.local = stream_.local();
  policy_ = handler_.OnConnect(peer_);
  CHECK(policy_.message_bytes_max > 0);
  if (policy_.allowed) {
    co_await Serve();
  } else {
    stream_.Send(policy_.refusal.Encode());
  }
  if (!lost_) co_await FlushAndClose();
  stream_.Close();
  co_await input_.Drain();
}

Task<void> ServerSession::Serve() {
  const Reply greeting = MakeReply(220, "", Cat(policy_.host_name, " ESMTP service ready"));
  stream_.Send(greeting.Encode());
  while (!ended_) {
    std::string line;
    const bool read = co_await ReadCommand(&line);
    if (!read) break;
    co_await Execute(std::move(line));
  }
}

// The next line, without its CRLF. Replies to a pipelined group leave together, once its last
// command has been answered. False: the session is over.
Task<bool> ServerSession::ReadCommand(std::string* line) {
  const MonoTime until = loop_.MonoNow() + options_.command_timeout;
  stream_.SetDeadline(until + options_.flush_timeout);
  if (stream_.queued_bytes() > kQueuedBytesHigh) {
    // High path: a client that does not read its replies gets no more of them.
    const absl::Status flushed = co_await stream_.Flush(kQueuedBytesLow);
    lost_ = !flushed.ok();
    if (lost_) co_return false;
  }
  for (;;) {
    if (shutting_down_) {
      End(MakeReply(421, "4.3.2", Cat(policy_.host_name, " is shutting down")));
      co_return false;
    }
    const std::string_view bytes = input_.bytes();
    const size_t newline = bytes.find('\n');
    const size_t size = newline == std::string_view::npos ? bytes.size() : newline + 1;
    if (size > kCommandLineBytesMax) {
      End(MakeReply(500, "5.5.2", Cat("line longer than ", kCommandLineBytesMax, " octets")));
      co_return false;
    }
    if (newline != std::string_view::npos) {
      if (newline == 0 || bytes[newline - 1] != '\r') {
        End(MakeReply(500, "5.5.2", "bare LF: lines must end with CRLF"));
        co_return false;
      }
      line->assign(bytes.substr(0, newline - 1));
      input_.Consume(size);
      co_return true;
    }
    const Input::Event event = co_await input_.WaitInterruptibly(until);
    if (event == Input::Event::kEnd) {
      lost_ = true;
      co_return false;
    }
    if (event == Input::Event::kTimeout) {
      End(MakeReply(421, "4.4.2", "no command for too long"));
      co_return false;
    }
  }
}

Task<void> ServerSession::Execute(std::string line) {
  std::variant<Command, Reply> parsed = ParseCommand(line);
  if (Reply* const error = std::get_if<Reply>(&parsed)) {
    Send(std::move(*error));
    co_return;
  }
  const Command command = std::get<Command>(std::move(parsed));
  if (IsIdleCommand(command.verb) && ++idle_commands_ > options_.idle_commands_max) {
    End(MakeReply(421, "4.7.0", "too many commands without a message"));
    co_return;
  }
  switch (command.verb) {
    case Verb::kData:
      co_await ReceiveMessage();
      break;
    case Verb::kStartTls:
      co_await UpgradeToTls();
      break;
    case Verb::kEhlo:
    case Verb::kHelo:
      stream_.Send(AnswerHello(command).Encode());
      break;
    case Verb::kQuit:
      linger_ = false;
      End(MakeReply(221, "2.0.0", Cat(policy_.host_name, " closing connection")));
      break;
    default:
      Send(Answer(command));
  }
}

Reply ServerSession::Answer(const Command& command) {
  switch (command.verb) {
    case Verb::kMail:
      return AnswerMail(command);
    case Verb::kRcpt:
      return AnswerRcpt(command);
    case Verb::kRset:
      envelope_.reset();
      return MakeReply(250, "2.0.0", "reset");
    case Verb::kNoop:
      return MakeReply(250, "2.0.0", "ok");
    case Verb::kVrfy:
      return MakeReply(252, "2.5.2", "send mail to find out");
    case Verb::kHelp:
      return MakeReply(214, "2.0.0", "see RFC 5321");
    default:
      return MakeReply(502, "5.5.1", "command not offered");
  }
}

Reply ServerSession::AnswerHello(const Command& command) {
  envelope_.reset();
  peer_.hello = command.argument;
  peer_.esmtp = command.verb == Verb::kEhlo;
  if (!peer_.esmtp) return MakeReply(250, "", policy_.host_name);
  std::string text = Cat(policy_.host_name, "\nPIPELINING\nSIZE ", policy_.message_bytes_max,
                         "\n8BITMIME\nENHANCEDSTATUSCODES\nDSN");
  if (policy_.offer_smtputf8) text.append("\nSMTPUTF8");
  if (policy_.offer_starttls && options_.tls_context != nullptr && !peer_.tls.has_value()) {
    text.append("\nSTARTTLS");
  }
  return MakeReply(250, "", text);
}

Reply ServerSession::AnswerMail(const Command& command) {
  if (peer_.hello.empty()) return MakeReply(503, "5.5.1", "say EHLO first");
  if (envelope_.has_value()) return MakeReply(503, "5.5.1", "a transaction is open: RSET first");
  const MailParameters& parameters = command.mail;
  if (parameters.smtputf8 && !policy_.offer_smtputf8) {
    return MakeReply(555, "5.5.4", "parameter SMTPUTF8 not supported");
  }
  if (command.address.NeedsSmtpUtf8() && !parameters.smtputf8) {
    return MakeReply(550, "5.6.7", "a non-ASCII address needs SMTPUTF8");
  }
  if (parameters.size_bytes.value_or(0) > policy_.message_bytes_max) {
    return MakeReply(552, "5.3.4",
                     Cat("message larger than ", policy_.message_bytes_max, " octets"));
  }
  Reply reply = handler_.OnMail(peer_, command.address, parameters);
  if (reply.Positive()) {
    envelope_.emplace();
    envelope_->mail_from = command.address;
    envelope_->parameters = parameters;
  }
  return reply;
}

Reply ServerSession::AnswerRcpt(const Command& command) {
  if (!envelope_.has_value()) return MakeReply(503, "5.5.1", "MAIL first");
  if (command.address.NeedsSmtpUtf8() && !envelope_->parameters.smtputf8) {
    return MakeReply(553, "5.6.7", "a non-ASCII address needs SMTPUTF8");
  }
  if (envelope_->recipients.size() >= policy_.recipients_max) {
    return MakeReply(452, "4.5.3",
                     Cat("more than ", policy_.recipients_max, " recipients: the rest later"));
  }
  EnvelopeRecipient recipient;
  recipient.address = command.address;
  recipient.parameters = command.rcpt;
  Reply reply = handler_.OnRcpt(peer_, *envelope_, recipient);
  if (reply.Positive()) envelope_->recipients.push_back(std::move(recipient));
  return reply;
}

Reply ServerSession::RefuseData() const {
  if (!envelope_.has_value()) return MakeReply(503, "5.5.1", "MAIL first");
  if (envelope_->recipients.empty()) return MakeReply(554, "5.5.1", "no valid recipients");
  return {};
}

Task<void> ServerSession::ReceiveMessage() {
  Reply reply = RefuseData();
  if (!reply.empty()) {
    Send(std::move(reply));
    co_return;
  }
  stream_.Send(MakeReply(354, "", "send the message, end with <CRLF>.<CRLF>").Encode());
  std::string content;
  const bool whole = co_await ReceiveContent(&content);
  Envelope envelope = *std::exchange(envelope_, std::nullopt);
  if (!whole) co_return;
  idle_commands_ = 0;
  reply = RefuseContent();
  if (reply.empty()) {
    stream_.SetDeadline(kMonoMax);  // how long a commit takes is not the peer's doing
    reply = co_await handler_.OnMessage(peer_, std::move(envelope), std::move(content));
    if (reply.Positive()) {
      ++messages_accepted_;
      errors_ = 0;
    }
  }
  Send(std::move(reply));
}

// Up to the end of data. False: the session is over.
Task<bool> ServerSession::ReceiveContent(std::string* content) {
  decoder_.Start(policy_.message_bytes_max);
  for (;;) {
    std::string_view bytes = input_.bytes();
    const size_t before = bytes.size();
    const DataDecoder::Result result = decoder_.Consume(&bytes, content);
    input_.Consume(before - bytes.size());
    if (result == DataDecoder::Result::kEnd) co_return true;
    if (result == DataDecoder::Result::kFalseEnd) {
      End(RefuseContent());
      co_return false;
    }
    if (decoder_.wire_bytes() > policy_.message_bytes_max + kReadOverBytesMax) {
      End(MakeReply(552, "5.3.4", "message too large, and without an end"));
      co_return false;
    }
    const MonoTime until = loop_.MonoNow() + options_.data_timeout;
    stream_.SetDeadline(until + options_.flush_timeout);
    const Input::Event event = co_await input_.WaitInterruptibly(until);
    if (event == Input::Event::kEnd) {
      lost_ = true;
      co_return false;
    }
    if (event == Input::Event::kTimeout) {
      End(MakeReply(421, "4.4.2", "no data for too long"));
      co_return false;
    }
  }
}

Reply ServerSession::RefuseContent() const {
  if (decoder_.bare_line_end()) {
    return MakeReply(554, "5.6.11",
                     Cat("bare CR or LF at octet ", decoder_.bare_line_end_at(),
                         " of the message: lines must end with CRLF"));
  }
  if (decoder_.overflow()) {
    return MakeReply(552, "5.3.4",
                     Cat("message larger than ", policy_.message_bytes_max, " octets"));
  }
  if (decoder_.has_nul()) return MakeReply(554, "5.6.0", "the message has a NUL");
  if (decoder_.line_bytes_max() > kTextLineBytesMax) {
    return MakeReply(554, "5.6.0",
                     Cat("line of ", decoder_.line_bytes_max(), " octets, at most ",
                         kTextLineBytesMax, " can be sent: encode it"));
  }
  return {};
}

Task<void> ServerSession::UpgradeToTls() {
  if (!policy_.offer_starttls || options_.tls_context == nullptr) {
    Send(MakeReply(502, "5.5.1", "STARTTLS not offered"));
    co_return;
  }
  if (peer_.tls.has_value()) {
    Send(MakeReply(503, "5.5.1", "TLS is on already"));
    co_return;
  }
  input_.Discard();  // sent in clear text, it must not be taken for something said under TLS
  Send(MakeReply(220, "2.0.0", "start TLS"));
  stream_.SetDeadline(loop_.MonoNow() + options_.command_timeout);
  const absl::Status flushed = co_await stream_.Flush();
  if (!flushed.ok() || input_.read_pending()) {
    lost_ = true;
    ended_ = true;
    co_return;
  }
  TlsRequest request;
  request.context = options_.tls_context;
  request.server = true;
  absl::StatusOr<TlsInfo> tls = co_await stream_.Handshake(std::move(request));
  if (!tls.ok()) {
    lost_ = true;
    ended_ = true;
    co_return;
  }
  peer_.tls = *std::move(tls);
  peer_.hello.clear();  // RFC 3207 4.2: forget what was said before
  peer_.esmtp = false;
  envelope_.reset();
}

void ServerSession::Send(Reply reply) {
  if (reply.enhanced.empty()) {
    reply.enhanced = reply.EnhancedOrDerived();
    for (std::string& line : reply.lines) line = Cat(reply.enhanced, ' ', line);
  }
  stream_.Send(reply.Encode());
  if (reply.code == 421 || reply.code == 521) ended_ = true;
  // Refusals of a sender, recipient or content are no misbehaviour.
  const bool misuse = reply.code / 10 == 50 || reply.code == 555;
  if (!misuse || ended_) return;
  if (++errors_ > options_.errors_max) End(MakeReply(421, "4.7.0", "too many errors"));
}

void ServerSession::End(Reply last) {
  ended_ = true;
  stream_.Send(last.Encode());
}

// A peer that is still writing would lose our last reply to a reset, so what it sends is read for a
// moment.
Task<void> ServerSession::FlushAndClose() {
  const MonoTime until = loop_.MonoNow() + options_.flush_timeout;
  stream_.SetDeadline(until);
  const absl::Status flushed = co_await stream_.Flush();
  if (!flushed.ok() || !linger_) co_return;
  size_t read_bytes = 0;
  while (read_bytes < kLingerBytesMax) {
    read_bytes += input_.bytes().size();
    input_.Discard();
    const Input::Event event = co_await input_.WaitInterruptibly(until);
    if (event == Input::Event::kTimeout || event == Input::Event::kEnd) break;
  }
}

}  // namespace convoy::smtp
