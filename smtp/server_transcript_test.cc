// The server session against scripted clients: tests/transcripts/server/*.smtp, and each of them
// again with every operation of the stream failing in turn.
//
//   @ size-max N | rcpt-max N | refuse | starttls | smtputf8 | errors-max N | idle-commands-max N
//   @ commit 5s                how long a message takes to become durable
//   @ commit-reply TEXT        instead of "250 2.0.0 queued"; also "421 4.3.2 stopping"
//   @ at 5s shutdown | abort
//
// Recipients no@... and senders bad@... are refused, later@... deferred, stop@... answered 421.
//
// Events: message FROM TO,TO [parameters] CONTENT; end

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "runtime/fail_at_nth.h"
#include "runtime/virtual_loop.h"
#include "smtp/server_session.h"
#include "smtp/transcript.h"

namespace convoy::smtp {
namespace {

struct Scenario {
  ConnectionPolicy policy;
  ServerOptions options;
  Duration commit{};
  Reply commit_reply = MakeReply(250, "2.0.0", "queued");
  std::vector<std::pair<Duration, std::string>> timed;
};

Scenario ReadScenario(const Transcript& transcript) {
  Scenario scenario;
  scenario.policy.host_name = "mail.example";
  scenario.policy.message_bytes_max = 1000;
  for (const std::string& option : transcript.options) {
    const std::vector<std::string_view> words = Split(option, ' ');
    const uint64_t number = words.size() > 1 ? ParseUint(words[1]).value_or(0) : 0;
    if (words[0] == "size-max") scenario.policy.message_bytes_max = number;
    if (words[0] == "rcpt-max") scenario.policy.recipients_max = static_cast<uint32_t>(number);
    if (words[0] == "refuse") scenario.policy.allowed = false;
    if (words[0] == "starttls") {
      scenario.policy.offer_starttls = true;
      // The virtual network does no cryptography: a context only has to be there.
      auto there = std::make_shared<int>();
      scenario.options.tls_context = std::shared_ptr<const TlsContext>(
          there, reinterpret_cast<const TlsContext*>(there.get()));
    }
    if (words[0] == "smtputf8") scenario.policy.offer_smtputf8 = true;
    if (words[0] == "errors-max") scenario.options.errors_max = static_cast<uint32_t>(number);
    if (words[0] == "idle-commands-max") {
      scenario.options.idle_commands_max = static_cast<uint32_t>(number);
    }
    if (words[0] == "commit") scenario.commit = ParseWait(words[1]);
    if (words[0] == "commit-reply") {
      const int code = static_cast<int>(ParseUint(words[1]).value_or(0));
      scenario.commit_reply = MakeReply(code, words[2], words[3]);
    }
    if (words[0] == "at") scenario.timed.emplace_back(ParseWait(words[1]), std::string(words[2]));
  }
  return scenario;
}

class Recorder : public SubmissionHandler {
 public:
  Recorder(VirtualLoop& loop, const Scenario& scenario) : loop_(loop), scenario_(scenario) {}

  ConnectionPolicy OnConnect(const SubmissionPeer&) override { return scenario_.policy; }
  Reply OnMail(const SubmissionPeer&, const mail::Address& from, const MailParameters&) override {
    if (from.local == "bad") return MakeReply(550, "5.7.1", "sender refused");
    return MakeReply(250, "2.1.0", "sender ok");
  }
  Reply OnRcpt(const SubmissionPeer&, const Envelope&, const EnvelopeRecipient& rcpt) override {
    if (rcpt.address.local == "no") return MakeReply(550, "5.1.1", "no such user");
    if (rcpt.address.local == "later") return MakeReply(450, "", "later");
    if (rcpt.address.local == "stop") return MakeReply(421, "4.3.2", "stopping");
    return MakeReply(250, "2.1.5", "recipient ok");
  }
  Task<Reply> OnMessage(const SubmissionPeer& peer, Envelope envelope,
                        std::string content) override {
    if (scenario_.commit.us > 0) {
      SleepUntil committed(loop_, loop_.MonoNow() + scenario_.commit);
      co_await committed;
    }
    std::string event =
        Cat("message ", peer.tls.has_value() ? "tls " : "", envelope.mail_from.ToPath());
    const MailParameters& mail = envelope.parameters;
    if (mail.eight_bit) event.append(" 8BITMIME");
    if (mail.smtputf8) event.append(" SMTPUTF8");
    if (!mail.ret.empty()) CatTo(&event, " RET=", mail.ret);
    if (!mail.envid.empty()) CatTo(&event, " ENVID=", mail.envid);
    for (const EnvelopeRecipient& recipient : envelope.recipients) {
      CatTo(&event, " ", recipient.address.ToPath());
      if (!recipient.parameters.notify.empty()) CatTo(&event, " ", recipient.parameters.notify);
      if (!recipient.parameters.orcpt.empty()) CatTo(&event, " ", recipient.parameters.orcpt);
    }
    CatTo(&event, " ", content.empty() ? "(empty)" : Escape(content));
    events.push_back(std::move(event));
    co_return scenario_.commit_reply;
  }

  std::vector<std::string> events;
  bool ended = false;

 private:
  VirtualLoop& loop_;
  const Scenario& scenario_;
};

Task<void> RunServer(VirtualLoop& loop, std::unique_ptr<Stream> stream, const Scenario& scenario,
                     Recorder& recorder) {
  ServerSession session(loop, *stream, recorder, scenario.options);
  std::vector<TimerId> timers;
  for (const auto& [at, what] : scenario.timed) {
    timers.push_back(loop.CallAfter(at, [&session, what = what] {
      if (what == "shutdown") session.Shutdown();
      if (what == "abort") session.Abort();
    }));
  }
  co_await session.Run();
  for (const TimerId timer : timers) loop.Cancel(timer);
  recorder.ended = true;
}

Task<void> RunScript(VirtualLoop& loop, Network& network, Endpoint server,
                     const Transcript& transcript, std::string* failure) {
  ConnectRequest request;
  request.peer = server;
  auto stream = co_await Connect(network, request);
  if (!stream.ok()) {
    *failure = stream.status().ToString();
    co_return;
  }
  co_await PlayTranscript(loop, *std::move(stream), transcript, failure);
}

std::vector<std::string> Play(const Transcript& transcript, const Cutting& cutting, FailAtNth& plan,
                              std::string* failure) {
  const Scenario scenario = ReadScenario(transcript);
  VirtualLoop loop;
  VirtualNetwork network(loop, Rng(cutting.seed), cutting.link);
  FailingNetwork failing(network, loop, plan);
  Recorder recorder(loop, scenario);
  const Endpoint where{IpAddress::V4(192, 0, 2, 25), 25};
  auto listener = failing.Listen(where, [&](std::unique_ptr<Stream> stream) {
    Spawn(RunServer(loop, std::move(stream), scenario, recorder));
  });
  EXPECT_TRUE(listener.ok());
  Spawn(RunScript(loop, network, where, transcript, failure));
  loop.RunUntilIdle();
  EXPECT_TRUE(recorder.ended) << "the session hangs";
  return recorder.events;
}

class ServerTranscript : public testing::TestWithParam<Transcript> {};

TEST_P(ServerTranscript, Plays) {
  for (const Cutting& cutting : CuttingsFor(GetParam())) {
    SCOPED_TRACE(Cat(GetParam().path, " cut as ", cutting.name));
    FailAtNth never(0);
    std::string failure;
    const std::vector<std::string> events = Play(GetParam(), cutting, never, &failure);
    EXPECT_EQ(failure, "");
    EXPECT_EQ(events, GetParam().events);
  }
}

// Whatever fails, the session ends, and what it hands on is a beginning of what it would have.
TEST_P(ServerTranscript, SurvivesEveryFailure) {
  const Cutting cutting = AllCuttings()[3];
  for (int64_t n = 1;; ++n) {
    SCOPED_TRACE(Cat(GetParam().path, " failing operation ", n));
    FailAtNth plan(n);
    std::string ignored;
    const std::vector<std::string> events = Play(GetParam(), cutting, plan, &ignored);
    ASSERT_LE(events.size(), GetParam().events.size());
    for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i], GetParam().events[i]);
    if (!plan.struck() || HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ServerTranscript,
                         testing::ValuesIn(LoadTranscripts("tests/transcripts/server", 'C')),
                         [](const auto& info) { return TranscriptName(info.param); });

}  // namespace
}  // namespace convoy::smtp
