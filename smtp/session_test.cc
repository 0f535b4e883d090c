// The client session against the server session, both the real ones, over a network in memory.

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "runtime/fail_at_nth.h"
#include "runtime/virtual_loop.h"
#include "runtime/virtual_network.h"
#include "smtp/client_session.h"
#include "smtp/server_session.h"

namespace convoy::smtp {
namespace {

constexpr int kMessages = 40;

std::string ContentOf(uint64_t id) {
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
  explicit Taker(VirtualLoop& loop) : loop_(loop) {}
  ConnectionPolicy OnConnect(const SubmissionPeer&) override {
    ConnectionPolicy policy;
    policy.host_name = "mail.example";
    return policy;
  }
  Reply OnMail(const SubmissionPeer&, const mail::Address&, const MailParameters&) override {
    return MakeReply(250, "2.1.0", "ok");
  }
  Reply OnRcpt(const SubmissionPeer&, const Envelope&, const EnvelopeRecipient& rcpt) override {
    if (rcpt.address.local == "no") return MakeReply(550, "5.1.1", "no");
    return MakeReply(250, "2.1.5", "ok");
  }
  Task<Reply> OnMessage(const SubmissionPeer&, Envelope envelope, std::string content) override {
    SleepUntil committed(loop_, loop_.MonoNow() + Milliseconds(3));
    co_await committed;
    const uint64_t id = *ParseUint(envelope.mail_from.local);
    if (id % 5 == 4) co_return MakeReply(451, "4.3.0", "not this one");
    ++taken[id];
    contents[id] = std::move(content);
    co_return MakeReply(250, "2.0.0", "queued");
  }

  std::map<uint64_t, int> taken;
  std::map<uint64_t, std::string> contents;

 private:
  VirtualLoop& loop_;
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

  bool empty() const { return due_.empty(); }
  std::map<uint64_t, int> delivered;
  std::map<uint64_t, int> windows;

 private:
  std::vector<uint64_t> due_;
};

Task<void> Serve(VirtualLoop& loop, std::unique_ptr<Stream> stream, Taker& taker) {
  ServerSession session(loop, *stream, taker, ServerOptions());
  co_await session.Run();
}

// Sessions one after the other until nothing is left to send.
Task<void> SendAll(VirtualLoop& loop, Network& network, Endpoint server, bool pipelining,
                   Sender& sender, int* sessions) {
  while (!sender.empty() && *sessions < 1000) {
    ++*sessions;
    ConnectRequest request;
    request.peer = server;
    auto stream = co_await Connect(network, request);
    if (!stream.ok()) continue;
    ClientOptions options;
    options.hello_name = "client.example";
    options.use_pipelining = pipelining;
    ClientSession session(loop, **stream, sender, options);
    co_await session.Run();
  }
}

struct Traffic {
  Sender sender;
  std::map<uint64_t, int> taken;
  int sessions = 0;
};

void Play(Traffic* run, bool pipelining, const LinkOptions& link, uint64_t seed, FailAtNth& plan) {
  VirtualLoop loop;
  VirtualNetwork network(loop, Rng(seed), link);
  FailingNetwork failing(network, loop, plan);
  Taker taker(loop);
  const Endpoint where{IpAddress::V4(192, 0, 2, 25), 25};
  auto listener = network.Listen(
      where, [&](std::unique_ptr<Stream> stream) { Spawn(Serve(loop, std::move(stream), taker)); });
  ASSERT_TRUE(listener.ok());
  Spawn(SendAll(loop, failing, where, pipelining, run->sender, &run->sessions));
  loop.RunUntilIdle();
  EXPECT_TRUE(run->sender.empty());
  run->taken = taker.taken;
  for (const auto& [id, content] : taker.contents) {
    EXPECT_TRUE(content == ContentOf(id)) << "content of " << id << " arrived changed";
  }
}

// Nothing lost, and duplicates only where a duplicate window was reported.
void ExpectConserved(const Traffic& run) {
  for (uint64_t id = 0; id < kMessages; ++id) {
    if (id % 5 == 4) {
      EXPECT_EQ(run.taken.count(id), 0u);
      continue;
    }
    const auto windows = run.sender.windows.find(id);
    const int extra = windows == run.sender.windows.end() ? 0 : windows->second;
    ASSERT_EQ(run.sender.delivered.count(id), 1u) << id;
    EXPECT_EQ(run.sender.delivered.at(id), 1) << id;
    EXPECT_GE(run.taken.at(id), 1) << id;
    EXPECT_LE(run.taken.at(id), 1 + extra) << id;
  }
}

TEST(Session, EveryMessageArrivesUnchangedOnce) {
  for (const bool pipelining : {true, false}) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      SCOPED_TRACE(Cat(pipelining ? "pipelined" : "lock-step", " seed ", seed));
      FailAtNth never(0);
      Traffic run;
      Play(&run, pipelining, LinkOptions(), seed, never);
      ExpectConserved(run);
      EXPECT_EQ(run.sessions, 1);
      EXPECT_TRUE(run.sender.windows.empty());
    }
  }
}

TEST(Session, NothingLostWhenAnyOperationFails) {
  for (const bool pipelining : {true, false}) {
    for (int64_t n = 1;; n += n < 60 ? 1 : 7) {
      SCOPED_TRACE(Cat(pipelining ? "pipelined" : "lock-step", " failing ", n));
      FailAtNth plan(n);
      Traffic run;
      Play(&run, pipelining, LinkOptions(), 1, plan);
      ExpectConserved(run);
      if (!plan.struck() || testing::Test::HasFailure()) break;
    }
  }
}

TEST(Session, NothingLostOverANetworkThatResets) {
  LinkOptions link;
  link.reset_probability = 0.002;
  int windows = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(Cat("seed ", seed));
    FailAtNth never(0);
    Traffic run;
    Play(&run, true, link, seed, never);
    ExpectConserved(run);
    for (const auto& [id, count] : run.sender.windows) windows += count;
  }
  EXPECT_GT(windows, 0) << "the resets never hit a duplicate window: the test shows too little";
}

}  // namespace
}  // namespace convoy::smtp
