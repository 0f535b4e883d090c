// The two ends around a client and a server session in tests: an application that takes messages
// and a queue that offers them, both of which remember what happened.
//
// Thread:    loop-affine
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "base/text.h"
#include "runtime/event_loop.h"
#include "smtp/client_session.h"
#include "smtp/server_session.h"

namespace convoy::smtp {

inline constexpr int kMessages = 40;

inline std::string ContentOf(uint64_t id) {
  std::string content = Cat("Subject: ", id, "\r\n\r\n");
  Rng rng(id);
  const size_t size = id % 7 == 0 ? 200'000 : rng.Below(3000);
  while (content.size() < size) {
    const uint64_t line = rng.Below(90);
    if (rng.Chance(0.2)) content.push_back('.');
    content.append(line, 'x');
    content.append("\r\n");
  }
  return content;
}

// The application side: everything is taken, recipients "no" refused, every fifth content refused.
class Taker : public SubmissionHandler {
 public:
  explicit Taker(EventLoop& loop) : loop_(loop) {}
  ConnectionPolicy OnConnect(const SubmissionPeer&) override {
    ConnectionPolicy policy;
    policy.host_name = "mail.example";
    policy.offer_starttls = true;
    return policy;
  }
  Reply OnMail(const SubmissionPeer&, const mail::Address&, const MailParameters&) override {
    return MakeReply(250, "2.1.0", "ok");
  }
  Reply OnRcpt(const SubmissionPeer&, const Envelope&, const EnvelopeRecipient& rcpt) override {
    if (rcpt.address.local == "no") return MakeReply(550, "5.1.1", "no");
    return MakeReply(250, "2.1.5", "ok");
  }
  Task<Reply> OnMessage(const SubmissionPeer& peer, Envelope envelope,
                        std::string content) override {
    SleepUntil committed(loop_, loop_.MonoNow() + Milliseconds(3));
    co_await committed;
    const uint64_t id = *ParseUint(envelope.mail_from.local);
    if (id % 5 == 4) co_return MakeReply(451, "4.3.0", "not this one");
    ++taken[id];
    if (peer.tls.has_value()) ++taken_under_tls;
    contents[id] = std::move(content);
    co_return MakeReply(250, "2.0.0", "queued");
  }

  std::map<uint64_t, int> taken;
  std::map<uint64_t, std::string> contents;
  int taken_under_tls = 0;

 private:
  EventLoop& loop_;
};

// The queue side: offers kMessages attempts, and again those that came back or were lost.
class Sender : public AttemptSource {
 public:
  Sender() {
    for (uint64_t id = 0; id < kMessages; ++id) due_.push_back(id);
  }
  void Opened(const PeerInfo&) override {}
  std::optional<Attempt> Next() override {
    if (due_.empty()) return std::nullopt;
    Attempt attempt;
    attempt.id = due_.front();
    due_.erase(due_.begin());
    attempt.mail_from = Cat(attempt.id, "@example.com");
    attempt.recipients = {{"yes@example.net", "", ""}, {"no@example.net", "", ""}};
    std::vector<SharedBytes> pieces;
    pieces.push_back(SharedBytes(ContentOf(attempt.id)));
    attempt.body = *WireBody::Make(std::move(pieces));
    return attempt;
  }
  void Returned(Attempt attempt, bool) override { due_.push_back(attempt.id); }
  void Report(const AttemptResult& result) override {
    const Outcome& yes = result.recipients[0];
    if (result.duplicate_window) ++windows[result.id];
    if (yes.reply.Positive()) {
      ++delivered[result.id];
    } else if (yes.reply.empty()) {
      due_.push_back(result.id);
    } else {
      EXPECT_EQ(yes.reply.code, 451);
    }
    if (!yes.reply.empty()) EXPECT_EQ(result.recipients[1].reply.code, 550);
  }

  void Offer(uint64_t id) { due_.push_back(id); }
  bool empty() const { return due_.empty(); }
  std::map<uint64_t, int> delivered;
  std::map<uint64_t, int> windows;

 private:
  std::vector<uint64_t> due_;
};

}  // namespace convoy::smtp
