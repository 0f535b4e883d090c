// The client session against scripted servers: tests/transcripts/client/*.smtp, and each of them
// again with every operation of the stream failing in turn.
//
//   @ attempt ID FROM RCPT,RCPT [flag...]  flags: utf8 envid=X ret=X notify=X orcpt=X
//   @ body ID TEXT                         content of attempt ID, escaped
//   @ fill ID OCTETS                       content of attempt ID, made up
//   @ option NAME VALUE                    see SetOption()
//   @ at 5s attempt ID ...                 offered later, with Wake()
//   @ at 5s quit | abort
//
// Events: opened ..., report ID RCPT: OUTCOME; ..., returned ID, end ...

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "runtime/fail_at_nth.h"
#include "runtime/virtual_loop.h"
#include "smtp/client_session.h"
#include "smtp/transcript.h"

namespace convoy::smtp {
namespace {

std::string StatusName(const absl::Status& status) {
  return absl::StatusCodeToString(status.code());
}

std::string Show(Phase phase, const Reply& reply, const absl::Status& status) {
  return Cat(PhaseName(phase), " ", reply.empty() ? StatusName(status) : Escape(reply.ToString()));
}

struct Timed {
  Duration at;
  std::vector<std::string> words;
};

struct Scenario {
  ClientOptions options;
  std::deque<Attempt> attempts;
  std::map<uint64_t, std::string> bodies;
  std::vector<Timed> timed;
};

Attempt MakeAttempt(const std::vector<std::string>& words, const Scenario& setup) {
  CHECK(words.size() >= 4);
  Attempt attempt;
  attempt.id = *ParseUint(words[1]);
  attempt.mail_from = words[2] == "<>" ? "" : words[2];
  for (const std::string_view address : Split(words[3], ',')) {
    attempt.recipients.push_back({std::string(address), "", ""});
  }
  for (size_t i = 4; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::string value(word.substr(std::min(word.size(), word.find('=') + 1)));
    if (word == "utf8") attempt.smtputf8 = true;
    if (word.starts_with("envid=")) attempt.envid = Unescape(value);
    if (word.starts_with("ret=")) attempt.ret = value;
    if (word.starts_with("notify=")) attempt.recipients[0].notify = value;
    if (word.starts_with("orcpt=")) attempt.recipients[0].orcpt = value;
  }
  const auto body = setup.bodies.find(attempt.id);
  const std::string content =
      body == setup.bodies.end() ? Cat("Subject: ", attempt.id, "\r\n\r\nhi\r\n") : body->second;
  std::vector<SharedBytes> pieces;
  pieces.push_back(SharedBytes(content.substr(0, content.size() / 2)));
  pieces.push_back(SharedBytes(content.substr(content.size() / 2)));
  auto made = WireBody::Make(std::move(pieces));
  CHECK(made.ok());
  attempt.body = *std::move(made);
  return attempt;
}

void SetOption(const std::string& name, const std::string& value, ClientOptions* options) {
  if (name == "pipelining") options->use_pipelining = value == "yes";
  if (name == "8bitmime") options->use_8bitmime = value == "yes";
  if (name == "chunking") options->use_chunking = value == "yes";
  if (name == "dsn") options->use_dsn = value == "yes";
  if (name == "tls" && value == "opportunistic") options->tls = TlsMode::kOpportunistic;
  if (name == "tls" && value == "required") options->tls = TlsMode::kRequired;
  if (name == "must-verify") options->tls_must_verify = value == "yes";
  if (name == "idle") options->idle_timeout = ParseWait(value);
  if (name == "max") options->attempts_max = static_cast<uint32_t>(*ParseUint(value));
  if (name == "auth-in-clear") options->auth_in_clear = value == "yes";
  if (name == "auth") {
    options->auth_user = value.substr(0, value.find(':'));
    options->auth_password = value.substr(value.find(':') + 1);
  }
}

std::string MadeUpContent(size_t octets) {
  std::string content = "Subject: big\r\n\r\n";
  while (content.size() + 64 < octets) content.append("this is one of very many lines\r\n");
  while (content.size() + 2 < octets) content.push_back('x');
  return content + "\r\n";
}

Scenario ReadScenario(const Transcript& transcript) {
  Scenario setup;
  setup.options.hello_name = "client.example";
  for (const std::string& option : transcript.options) {
    std::vector<std::string> words;
    for (const std::string_view word : Split(option, ' ')) words.emplace_back(word);
    if (words[0] == "option") SetOption(words.at(1), words.at(2), &setup.options);
    if (words[0] == "body") {
      setup.bodies[*ParseUint(words.at(1))] =
          words.size() < 3 ? "" : Unescape(option.substr(words[1].size() + 6));
    }
    if (words[0] == "fill") {
      setup.bodies[*ParseUint(words.at(1))] = MadeUpContent(*ParseUint(words.at(2)));
    }
    if (words[0] == "attempt") setup.attempts.push_back(MakeAttempt(words, setup));
    if (words[0] == "at") {
      setup.timed.push_back(
          {ParseWait(words.at(1)), std::vector<std::string>(words.begin() + 2, words.end())});
    }
  }
  return setup;
}

// Offers the attempts of a file and writes down what comes back.
class Recorder : public AttemptSource {
 public:
  explicit Recorder(const Scenario& setup) : offered_(setup.attempts) {}

  void Opened(const PeerInfo& peer) override {
    if (peer.tls.has_value()) events_.push_back("opened with TLS");
  }
  std::optional<Attempt> Next() override {
    if (offered_.empty()) return std::nullopt;
    Attempt attempt = std::move(offered_.front());
    offered_.pop_front();
    taken_.push_back(attempt.id);
    recipients_[attempt.id] = attempt.recipients;
    return attempt;
  }
  void Returned(Attempt attempt, bool mail_written) override {
    Settle(attempt.id);
    events_.push_back(Cat("returned ", attempt.id, mail_written ? " after MAIL" : ""));
  }
  void Report(const AttemptResult& result) override {
    Settle(result.id);
    std::string event = Cat("report ", result.id);
    const std::vector<Recipient>& recipients = recipients_[result.id];
    CHECK(recipients.size() == result.recipients.size());
    for (size_t i = 0; i < recipients.size(); ++i) {
      const Outcome& outcome = result.recipients[i];
      CatTo(&event, i == 0 ? " " : "; ", recipients[i].address, ": ", outcome.local ? "local " : "",
            Show(outcome.phase, outcome.reply, outcome.status));
      if (outcome.phase == Phase::kBody && outcome.reply.Positive()) ++delivered_;
    }
    if (result.duplicate_window) event.append(" (duplicate window)");
    events_.push_back(std::move(event));
  }

  void Offer(Attempt attempt) { offered_.push_back(std::move(attempt)); }
  void Ended(const SessionEnd& end) {
    ended_ = true;
    events_.push_back(Cat("end ", end.normal() ? std::string(PhaseName(end.phase))
                                               : Show(end.phase, end.reply, end.status)));
    settled_all_ = taken_.empty();
  }

  const std::vector<std::string>& events() const { return events_; }
  bool ended() const { return ended_; }
  bool settled_all() const { return settled_all_; }
  int delivered() const { return delivered_; }

 private:
  // In the order in which they were taken, each once.
  void Settle(uint64_t id) {
    ASSERT_FALSE(taken_.empty());
    EXPECT_EQ(taken_.front(), id);
    taken_.pop_front();
  }

  std::deque<Attempt> offered_;
  std::deque<uint64_t> taken_;
  std::map<uint64_t, std::vector<Recipient>> recipients_;
  std::vector<std::string> events_;
  bool ended_ = false;
  bool settled_all_ = false;
  int delivered_ = 0;
};

Task<void> RunClient(VirtualLoop& loop, Network& network, Endpoint server, const Scenario& setup,
                     Recorder& recorder) {
  ConnectRequest request;
  request.peer = server;
  auto stream = co_await Connect(network, request);
  if (!stream.ok()) {
    SessionEnd end;
    end.phase = Phase::kConnect;
    end.status = stream.status();
    recorder.Ended(end);
    co_return;
  }
  ClientSession session(loop, **stream, recorder, setup.options);
  std::vector<TimerId> timers;
  for (const Timed& timed : setup.timed) {
    timers.push_back(loop.CallAfter(timed.at, [&session, &recorder, &setup, timed] {
      if (timed.words[0] == "quit") session.Quit();
      if (timed.words[0] == "abort") session.Abort();
      if (timed.words[0] == "wake") session.Wake();
      if (timed.words[0] == "attempt") {
        recorder.Offer(MakeAttempt(timed.words, setup));
        session.Wake();
      }
    }));
  }
  const SessionEnd end = co_await session.Run();
  for (const TimerId timer : timers) loop.Cancel(timer);
  recorder.Ended(end);
}

void Play(const Transcript& transcript, const Cutting& cutting, FailAtNth& plan, Recorder& recorder,
          const Scenario& setup, std::string* failure) {
  VirtualLoop loop;
  VirtualNetwork network(loop, Rng(cutting.seed), cutting.link);
  FailingNetwork failing(network, loop, plan);
  const Endpoint server{IpAddress::V4(192, 0, 2, 25), 25};
  auto listener = network.Listen(server, [&](std::unique_ptr<Stream> stream) {
    Spawn(PlayTranscript(loop, std::move(stream), transcript, failure));
  });
  ASSERT_TRUE(listener.ok());
  Spawn(RunClient(loop, failing, server, setup, recorder));
  loop.RunUntilIdle();
  EXPECT_TRUE(recorder.ended()) << "the session hangs";
  EXPECT_TRUE(recorder.settled_all()) << "an attempt was neither reported nor returned";
}

class ClientTranscript : public testing::TestWithParam<Transcript> {};

TEST_P(ClientTranscript, Plays) {
  const Scenario setup = ReadScenario(GetParam());
  for (const Cutting& cutting : CuttingsFor(GetParam())) {
    SCOPED_TRACE(Cat(GetParam().path, " cut as ", cutting.name));
    FailAtNth never(0);
    Recorder recorder(setup);
    std::string failure;
    Play(GetParam(), cutting, never, recorder, setup, &failure);
    EXPECT_EQ(failure, "");
    EXPECT_EQ(recorder.events(), GetParam().events);
  }
}

// Whatever fails, the session ends, settles every attempt once, and never reports more delivered
// than it would have been.
TEST_P(ClientTranscript, SurvivesEveryFailure) {
  const Scenario setup = ReadScenario(GetParam());
  FailAtNth never(0);
  Recorder undisturbed(setup);
  std::string ignored;
  const Cutting cutting = AllCuttings()[3];
  Play(GetParam(), cutting, never, undisturbed, setup, &ignored);
  for (int64_t n = 1;; ++n) {
    SCOPED_TRACE(Cat(GetParam().path, " failing operation ", n));
    FailAtNth plan(n);
    Recorder recorder(setup);
    Play(GetParam(), cutting, plan, recorder, setup, &ignored);
    EXPECT_LE(recorder.delivered(), undisturbed.delivered());
    if (!plan.struck() || HasFailure()) break;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ClientTranscript,
                         testing::ValuesIn(LoadTranscripts("tests/transcripts/client", 'S')),
                         [](const auto& info) { return TranscriptName(info.param); });

}  // namespace
}  // namespace convoy::smtp
