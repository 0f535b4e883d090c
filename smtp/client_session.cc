#include "smtp/client_session.h"

#include <limits>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "smtp/client_transaction.h"
#include "smtp/envelope.h"

namespace convoy::smtp {
namespace {

constexpr size_t kInputBytes = 2048;

}  // namespace

ClientSession::ClientSession(EventLoop& loop, Stream& stream, AttemptSource& source,
                             ClientOptions options)
    : loop_(loop),
      stream_(stream),
      source_(source),
      options_(std::move(options)),
      input_(loop, stream, kInputBytes) {}

ClientSession::~ClientSession() = default;

void ClientSession::Wake() { input_.Interrupt(); }

void ClientSession::Quit() {
  quitting_ = true;
  input_.Interrupt();
}

void ClientSession::Abort() { stream_.Close(); }

Task<SessionEnd> ClientSession::Run() {
  const bool open = co_await Open();
  if (open) {
    source_.Opened(peer_);
    co_await Serve();
  }
  if (!lost_) co_await SayQuit();
  stream_.Close();
  co_await input_.Drain();
  co_return std::move(end_);
}

Task<void> ClientSession::Serve() {
  bool on = true;
  while (on) {
    // Without pipelining MAIL would have to wait for the reply: so before an attempt is asked for.
    if (current_ == nullptr && reset_owed_ && !pipelining_ && !quitting_) {
      on = co_await ResetEarly();
      continue;
    }
    if (current_ == nullptr) current_ = TakeNext();
    if (current_ == nullptr) {
      on = co_await AwaitWork();
      continue;
    }
    if (!current_->decided()) on = co_await Transact();
    if (on) {
      ReportCurrent();
      current_ = std::move(next_);
    }
  }
  GiveUpUnanswered();
}

Task<bool> ClientSession::ResetEarly() {
  reset_owed_ = false;
  stream_.Send(std::string("RSET\r\n"));
  const bool reset = co_await Expect(Phase::kReset, options_.timeouts.reset);
  if (!reset) co_return false;
  if (!reply_.Positive()) co_return Refused(Phase::kReset);
  co_return true;
}

// One transaction: the envelope, and the body if anyone takes it.
Task<bool> ClientSession::Transact() {
  const bool answered = co_await ExpectEnvelope();
  if (!answered) co_return false;
  if (!current_->data_open) {
    reset_owed_ = true;
    co_return true;
  }
  if (current_->accepted() == 0 && !chunking_) co_return co_await EndEmptyData();
  const bool sent = co_await SendBody();
  if (!sent) co_return false;
  const bool replied = co_await Expect(Phase::kBody, options_.timeouts.body);
  if (!replied) co_return false;
  if (reply_.Intermediate()) {
    co_return LoseAt(Phase::kBody, absl::InvalidArgumentError("3yz in answer to the content"));
  }
  if (chunking_ && BdatUnknown()) co_return LoseForBdat();
  current_->DecideAccepted(Phase::kBody, reply_);
  co_return true;
}

// The replies to RSET (if it was owed), MAIL, each RCPT and DATA. All of them are read, whatever
// the first ones say: the server answers every command of a group (RFC 2920 3.1).
Task<bool> ClientSession::ExpectEnvelope() {
  if (!current_->written) {
    std::string out;
    if (reset_owed_) out.append("RSET\r\n");
    current_->reset_first = std::exchange(reset_owed_, false);
    if (pipelining_) {
      AppendEnvelope(current_->attempt, current_->asked, !chunking_, peer_.capabilities, &out);
    }
    current_->written = pipelining_;
    if (!out.empty()) stream_.Send(std::move(out));
  }
  if (current_->reset_first) {
    const bool reset = co_await Expect(Phase::kReset, options_.timeouts.reset);
    if (!reset) co_return false;
    if (!reply_.Positive()) {
      lost_ = true;  // replies may be owed for what was pipelined behind it
      co_return Refused(Phase::kReset);
    }
  }
  if (!pipelining_) {
    std::string out;
    AppendMail(current_->attempt, peer_.capabilities, &out);
    stream_.Send(std::move(out));
    current_->written = true;
  }
  const bool mail = co_await Expect(Phase::kMail, options_.timeouts.mail);
  if (!mail) co_return false;
  current_->answered = true;
  if (reply_.Intermediate()) {
    co_return LoseAt(Phase::kMail, absl::InvalidArgumentError("3yz in answer to MAIL"));
  }
  if (!reply_.Positive()) current_->DecideAll(Phase::kMail, reply_);
  const bool recipients = co_await ExpectRecipients();
  if (!recipients) co_return false;
  co_return co_await ExpectData();
}

Task<bool> ClientSession::ExpectRecipients() {
  if (!pipelining_ && current_->decided()) co_return true;
  const std::vector<Recipient>& recipients = current_->attempt.recipients;
  for (size_t i = 0; i < current_->asked; ++i) {
    if (!pipelining_) {
      std::string out;
      AppendRcpt(recipients[i], peer_.capabilities, &out);
      stream_.Send(std::move(out));
    }
    const bool replied = co_await Expect(Phase::kRcpt, options_.timeouts.rcpt);
    if (!replied) co_return false;
    if (reply_.Intermediate()) {
      co_return LoseAt(Phase::kRcpt, absl::InvalidArgumentError("3yz in answer to RCPT"));
    }
    if (reply_.Positive()) {
      current_->Accept(i);
    } else {
      current_->Decide(i, Phase::kRcpt, reply_);
    }
  }
  co_return true;
}

// With BDAT there is no question whether the content may come, and nobody to send it to means that
// it does not (RFC 3030 2).
Task<bool> ClientSession::ExpectData() {
  if (chunking_) {
    current_->data_open = current_->accepted() > 0;
    co_return true;
  }
  if (!pipelining_) {
    if (current_->accepted() == 0) co_return true;
    stream_.Send(std::string("DATA\r\n"));
  }
  const bool replied = co_await Expect(Phase::kData, options_.timeouts.data);
  if (!replied) co_return false;
  if (reply_.Positive()) {
    co_return LoseAt(Phase::kData, absl::InvalidArgumentError("2yz in answer to DATA"));
  }
  current_->data_open = reply_.Intermediate();
  if (!current_->data_open) current_->DecideAccepted(Phase::kData, reply_);
  co_return true;
}

// Nothing to do: the end of the session, or a wait for Wake(). True: ask Next() again.
Task<bool> ClientSession::AwaitWork() {
  if (!MayTakeMore() || options_.idle_timeout.us <= 0) co_return false;
  const MonoTime until = loop_.MonoNow() + options_.idle_timeout;
  stream_.SetDeadline(kMonoMax);
  for (;;) {
    const absl::StatusOr<bool> unasked = TakeBufferedReply();
    if (!unasked.ok()) co_return LoseAt(Phase::kIdle, unasked.status());
    if (*unasked) {
      lost_ = true;  // most often 421: it is about to close
      co_return EndAt(Phase::kIdle, reply_);
    }
    const Input::Event event = co_await input_.WaitInterruptibly(until);
    if (event == Input::Event::kTimeout) co_return false;
    if (event == Input::Event::kEnd) co_return LoseAt(Phase::kIdle, input_.status());
    if (event == Input::Event::kBytes) continue;
    if (quitting_) co_return false;
    current_ = TakeNext();
    if (current_ != nullptr) co_return true;
  }
}

// Whatever is answered, or not, changes no result (RFC 5321 4.1.1.10).
Task<void> ClientSession::SayQuit() {
  stream_.Send(std::string("QUIT\r\n"));
  SessionEnd end = std::move(end_);
  co_await Expect(Phase::kQuit, options_.timeouts.quit);
  end_ = std::move(end);
}

Task<bool> ClientSession::Expect(Phase phase, Duration timeout) {
  stream_.SetDeadline(loop_.MonoNow() + timeout);
  if (input_.read_pending() && stream_.queued_bytes() > 0) {
    // A read that is under way does not start the writing.
    const absl::Status started = co_await stream_.Flush(std::numeric_limits<size_t>::max());
    if (!started.ok()) co_return LoseAt(phase, started);
  }
  for (;;) {
    const absl::StatusOr<bool> complete = TakeBufferedReply();
    if (!complete.ok()) co_return LoseAt(phase, complete.status());
    if (*complete) break;
    const Input::Event event = co_await input_.Wait();
    if (event == Input::Event::kEnd) co_return LoseAt(phase, input_.status());
  }
  if (reply_.code != 421) co_return true;
  lost_ = true;
  co_return EndAt(phase, reply_);
}

absl::StatusOr<bool> ClientSession::TakeBufferedReply() {
  std::string_view bytes = input_.bytes();
  const size_t before = bytes.size();
  const ReplyParser::Result result = parser_.Consume(&bytes);
  input_.Consume(before - bytes.size());
  if (result == ReplyParser::Result::kError) return parser_.error();
  if (result == ReplyParser::Result::kMore) return false;
  reply_ = parser_.TakeReply();
  source_.Replied(reply_);
  return true;
}

bool ClientSession::EndAt(Phase phase, const Reply& reply) {
  end_.phase = phase;
  end_.reply = reply;
  return false;
}

bool ClientSession::EndAt(Phase phase, absl::Status status) {
  end_.phase = phase;
  end_.status = std::move(status);
  return false;
}

bool ClientSession::Refused(Phase phase) {
  if (reply_.Refusal()) return EndAt(phase, reply_);
  return LoseAt(phase,
                absl::InvalidArgumentError(Cat(reply_.code, " in answer to ", PhaseName(phase))));
}

bool ClientSession::LoseAt(Phase phase, absl::Status status) {
  lost_ = true;
  return EndAt(phase, std::move(status));
}

bool ClientSession::MayTakeMore() const {
  const uint32_t ours = options_.attempts_max;
  const uint32_t theirs = peer_.capabilities.mail_max;
  return !quitting_ && (ours == 0 || taken_ < ours) && (theirs == 0 || taken_ < theirs);
}

std::unique_ptr<ClientTransaction> ClientSession::TakeNext() {
  if (!MayTakeMore()) return nullptr;
  std::optional<Attempt> attempt = source_.Next();
  if (!attempt.has_value()) return nullptr;
  const size_t askable = recipient_limits_.Take(attempt->recipients);
  if (askable == 0) {
    quitting_ = true;  // for another session
    source_.Returned(*std::move(attempt), false);
    return nullptr;
  }
  ++taken_;
  auto transaction = std::make_unique<ClientTransaction>(*std::move(attempt));
  const Reply refusal = RefuseUnsendable(transaction->attempt, peer_.capabilities);
  if (!refusal.empty()) {
    transaction->RefuseLocally(refusal);
  } else {
    transaction->Limit(askable);
  }
  return transaction;
}

void ClientSession::ReportCurrent() {
  ++end_.attempts;
  if (current_->Delivered()) ++end_.delivered;
  if (current_->RefusedByPeer()) ++end_.errors;
  source_.Report(current_->result());
}

// The connection is gone, or of no more use, with a transaction under way. One that nobody has
// answered on a connection that has worked before goes back: servers close connections they are
// tired of at such moments, and it says nothing about this message.
void ClientSession::GiveUpUnanswered() {
  if (current_ != nullptr) {
    const bool worked = end_.delivered + end_.errors > 0;
    const bool silent = end_.reply.empty() || end_.phase == Phase::kReset;
    if (worked && silent && !current_->answered) {
      source_.Returned(std::move(current_->attempt), current_->written);
    } else {
      current_->DecideRest(end_.phase, end_.reply, end_.status);
      ReportCurrent();
    }
  }
  if (next_ != nullptr) source_.Returned(std::move(next_->attempt), next_->written);
}

}  // namespace convoy::smtp
