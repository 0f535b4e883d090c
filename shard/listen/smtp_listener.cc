#include "shard/listen/smtp_listener.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "base/text.h"
#include "mail/received.h"
#include "runtime/await.h"

namespace convoy::shard {
namespace {

constexpr Duration kCongestedPause = Milliseconds(20);

// "5.3.4 the message has ..." -> "5.3.4"; else the given code.
std::string EnhancedOf(const absl::Status& status, std::string_view fallback) {
  const std::string text(status.message());
  const size_t blank = text.find(' ');
  const std::string word = text.substr(0, blank);
  const bool code = word.size() >= 5 && IsDigit(word[0]) && word[1] == '.';
  return code ? word : std::string(fallback);
}

std::string TextOf(const absl::Status& status, std::string_view enhanced) {
  std::string text(status.message());
  if (text.starts_with(enhanced)) text = std::string(Trim(text.substr(enhanced.size())));
  return Escape(text);
}

smtp::Reply Refusal(int code, const absl::Status& status, std::string_view fallback) {
  const std::string enhanced = EnhancedOf(status, fallback);
  return smtp::MakeReply(code, enhanced, TextOf(status, enhanced));
}

}  // namespace

smtp::Reply ReplyTo(const SubmitResult& result) {
  const absl::Status& status = result.status;
  if (absl::IsResourceExhausted(status)) return Refusal(452, status, "4.3.1");
  if (absl::IsUnavailable(status)) return Refusal(421, status, "4.3.2");
  if (absl::IsPermissionDenied(status)) return Refusal(550, status, "5.7.1");
  if (absl::IsInvalidArgument(status)) return Refusal(554, status, "5.6.0");
  if (absl::IsAlreadyExists(status)) return Refusal(554, status, "5.5.0");
  if (!status.ok()) return Refusal(451, status, "4.3.0");
  return smtp::MakeReply(250, "2.0.0", result.id.ToString());
}

// One per connection: what its client may do does not change while it is connected.
class SmtpListener::Handler final : public smtp::SubmissionHandler {
 public:
  explicit Handler(SmtpListener& owner) : owner_(owner) {}

  smtp::ConnectionPolicy OnConnect(const smtp::SubmissionPeer& peer) override {
    source_ = owner_.deps_.policies.SourceFor(peer.peer.ip);
    smtp::ConnectionPolicy policy;
    policy.allowed = source_.smtp_service;
    policy.host_name = owner_.deps_.policies.HostName();
    policy.message_bytes_max = std::max<uint64_t>(1, source_.max_message_size);
    policy.recipients_max = source_.max_rcpt_per_message;
    policy.offer_smtputf8 = true;
    return policy;
  }

  smtp::Reply OnMail(const smtp::SubmissionPeer&, const mail::Address&,
                     const smtp::MailParameters&) override {
    return smtp::MakeReply(250, "2.1.0", "ok");
  }

  smtp::Reply OnRcpt(const smtp::SubmissionPeer& peer, const smtp::Envelope&,
                     const smtp::EnvelopeRecipient&) override {
    if (source_.may_relay) return smtp::MakeReply(250, "2.1.5", "ok");
    return smtp::MakeReply(550, "5.7.1",
                           Cat("relaying is not allowed for ", peer.peer.ip.ToString()));
  }

  Task<smtp::Reply> OnMessage(const smtp::SubmissionPeer& peer, smtp::Envelope envelope,
                              std::string content) override {
    auto submission = std::make_shared<Submission>(SubmissionFrom(
        peer, std::move(envelope), std::move(content), owner_.deps_.policies.HostName()));
    Await<SubmitResult> submitted(
        [&](auto done) { owner_.deps_.submit(std::move(*submission), std::move(done)); });
    const SubmitResult result = co_await submitted;
    co_return ReplyTo(result);
  }

 private:
  static Submission SubmissionFrom(const smtp::SubmissionPeer& peer, smtp::Envelope envelope,
                                   std::string content, const std::string& host_name) {
    Submission out;
    out.source.kind = SourceKind::kSmtp;
    out.source.client = peer.peer.ip;
    out.source.listener = peer.local.ip;
    out.source.helo = peer.hello;
    out.source.protocol = mail::ProtocolKeyword({.extended = peer.esmtp,
                                                 .tls = peer.tls.has_value(),
                                                 .authenticated = false,
                                                 .utf8 = envelope.parameters.smtputf8});
    out.mail_from = envelope.mail_from.ToString();
    for (const smtp::EnvelopeRecipient& rcpt : envelope.recipients) {
      // RFC 5321 4.5.1: the postmaster of no domain is the one of this host.
      const bool ours = rcpt.address.domain.empty();
      out.recipients.push_back(ours ? Cat(rcpt.address.local, '@', host_name)
                                    : rcpt.address.ToString());
      out.dsn.push_back({NotifyFlagsOf(rcpt.parameters.notify), rcpt.parameters.orcpt});
    }
    out.content = std::move(content);
    out.envelope_id = smtp::EnvelopeIdOf(envelope.parameters.envid).value_or("");
    out.smtp_utf8 = envelope.parameters.smtputf8;
    out.ret = envelope.parameters.ret;
    return out;
  }

  SmtpListener& owner_;
  SourcePolicy source_;
};

absl::Status SmtpListener::Listen(const Endpoint& where) {
  ASSIGN_OR_RETURN(std::unique_ptr<Listener> listener,
                   deps_.network.Listen(where, [this](std::unique_ptr<Stream> stream) {
                     Accepted(std::move(stream));
                   }));
  listeners_.push_back(std::move(listener));
  return absl::OkStatus();
}

std::vector<Endpoint> SmtpListener::addresses() const {
  std::vector<Endpoint> all;
  for (const auto& listener : listeners_) all.push_back(listener->local());
  return all;
}

void SmtpListener::Accepted(std::unique_ptr<Stream> stream) {
  Gate::Hold hold = gate_.TryEnter();
  if (!hold) return;
  Spawn(Serve(std::move(stream), std::move(hold)));
  AdjustAccepting();
}

Task<void> SmtpListener::Serve(std::unique_ptr<Stream> stream, [[maybe_unused]] Gate::Hold hold) {
  Handler handler(*this);
  smtp::ServerSession session(deps_.loop, *stream, handler, {});
  sessions_.insert(&session);
  co_await session.Run();
  sessions_.erase(&session);
  AdjustAccepting();
}

void SmtpListener::AdjustAccepting() {
  if (gate_.closed()) return;
  const bool congested = deps_.congested();
  const bool pause = congested || sessions_.size() >= deps_.connections_max;
  if (pause != paused_) {
    paused_ = pause;
    for (const auto& listener : listeners_) pause ? listener->Pause() : listener->Resume();
  }
  deps_.loop.Cancel(timer_);
  timer_ = TimerId();
  if (congested) timer_ = deps_.loop.CallAfter(kCongestedPause, [this] { AdjustAccepting(); });
}

void SmtpListener::Stop(Callback stopped) {
  listeners_.clear();
  deps_.loop.Cancel(timer_);
  timer_ = TimerId();
  const std::vector<smtp::ServerSession*> open(sessions_.begin(), sessions_.end());
  for (smtp::ServerSession* session : open) session->Shutdown();
  gate_.Close(
      [this, stopped = std::move(stopped)]() mutable { deps_.loop.Post(std::move(stopped)); });
}

}  // namespace convoy::shard
