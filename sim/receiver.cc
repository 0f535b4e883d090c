#include "sim/receiver.h"

#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "sim/policies.h"

namespace convoy::sim {

struct Receiver::Session {
  std::unique_ptr<Stream> stream;
  std::string input;  // read, not yet used
  std::string line;
  std::string mail_from;
  std::string rcpt_to;
  bool mail_open = false;
  bool rcpt_taken = false;
  int messages = 0;
  Delivery* last = nullptr;  // delivered here and not followed by anything yet
};

Receiver::Receiver(Deps deps, int domain, Mood mood, Rng rng)
    : deps_(std::move(deps)), domain_(domain), mood_(mood), rng_(rng) {
  Open();
}

void Receiver::Open() {
  deps_.network.SetReach(DomainAddress(domain_), Reach::kOpen);
  if (listener_ != nullptr) return;
  auto listener =
      deps_.network.Listen({DomainAddress(domain_), 25}, [this](std::unique_ptr<Stream> stream) {
        auto session = std::make_shared<Session>();
        session->stream = std::move(stream);
        Spawn(Serve(std::move(session)));
      });
  CHECK(listener.ok());
  listener_ = *std::move(listener);
}

void Receiver::Refuse() {
  deps_.evidence.Happened("refused connection");
  deps_.network.SetReach(DomainAddress(domain_), Reach::kRefused);
}

void Receiver::Vanish() {
  deps_.evidence.Happened("black hole");
  deps_.network.SetReach(DomainAddress(domain_), Reach::kBlackHole);
}

void Receiver::Calm() {
  const bool pipelining = mood_.pipelining;
  mood_ = Mood();
  mood_.pipelining = pipelining;
  Open();
}

Task<void> Receiver::Dawdle() {
  if (!rng_.Chance(mood_.slow)) co_return;
  deps_.evidence.Happened("slow reply");
  const auto us = static_cast<uint64_t>(mood_.slow_max.us);
  SleepUntil pause(deps_.loop,
                   deps_.loop.MonoNow() + Microseconds(static_cast<int64_t>(rng_.Below(us))));
  co_await pause;
}

// False: the connection is to end.
Task<bool> Receiver::Say(Session& s, std::string reply) {
  co_await Dawdle();
  if (rng_.Chance(mood_.close_at_step)) {
    deps_.evidence.Happened("closed at a step");
    co_return false;
  }
  s.stream->Send(std::move(reply));
  co_return true;
}

Task<bool> Receiver::TakeLine(Session& s) {
  while (true) {
    const size_t end = s.input.find("\r\n");
    if (end != std::string::npos) {
      s.line = s.input.substr(0, end);
      s.input.erase(0, end + 2);
      co_return true;
    }
    char buffer[4096];
    s.stream->SetDeadline(deps_.loop.MonoNow() + Minutes(5));
    const absl::StatusOr<size_t> got = co_await s.stream->Read(buffer, sizeof buffer);
    if (!got.ok() || *got == 0) co_return false;
    s.input.append(buffer, *got);
  }
}

Task<void> Receiver::Serve(std::shared_ptr<Session> session) {
  Session& s = *session;
  std::string greeting = "220 receiver.test\r\n";
  const bool refuse = rng_.Chance(mood_.refuse_greeting);
  if (refuse) deps_.evidence.Happened("greeting refused");
  if (refuse) greeting = rng_.Chance(0.5) ? "554 go away\r\n" : "421 too busy\r\n";
  bool open = co_await Say(s, std::move(greeting));
  open = open && !refuse;
  while (open) {
    open = co_await TakeLine(s);
    if (!open) break;
    open = co_await Obey(s);
  }
  if (s.last != nullptr) s.last->reply_unseen = true;
  // What was said last still leaves.
  s.stream->SetDeadline(deps_.loop.MonoNow() + Seconds(10));
  const absl::Status flushed = co_await s.stream->Flush();
  (void)flushed;
  s.stream->Close();
}

// A virtual MTA shows its own address and its own name, always the two together.
void Receiver::CheckHello(const Session& s) {
  const IpAddress source = s.stream->peer().ip;
  const std::string wanted = Cat(VmtaName(VmtaOf(source)), ".cluster.test");
  if (s.line.substr(5) == wanted) return;
  deps_.evidence.Break(
      Cat("identity: ", source.ToString(), " says EHLO ", s.line.substr(5), ", not ", wanted));
}

std::string Receiver::AnswerRcpt(Session& s) {
  if (!s.mail_open) return "503 5.5.1 MAIL first\r\n";
  s.rcpt_to = s.line.substr(9, s.line.find('>') - 9);
  if (!Exists(s.rcpt_to)) {
    deps_.evidence.Happened("550 to RCPT");
    return "550 5.1.1 no such user\r\n";
  }
  if (rng_.Chance(mood_.rcpt_4xx)) {
    deps_.evidence.Happened("451 to RCPT");
    return "451 4.7.1 greylisted\r\n";
  }
  s.rcpt_taken = true;
  return "250 2.1.5 ok\r\n";
}

Task<bool> Receiver::Obey(Session& s) {
  if (rng_.Chance(mood_.shut_down)) {
    deps_.evidence.Happened("421 in session");
    s.stream->Send(std::string("421 4.3.2 shutting down\r\n"));
    co_return false;
  }
  std::string reply = "500 5.5.2 unknown\r\n";
  if (s.line.starts_with("EHLO ")) {
    CheckHello(s);
    reply = mood_.pipelining ? "250-receiver.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
                             : "250 receiver.test\r\n";
  } else if (s.line.starts_with("MAIL FROM:<")) {
    if (mood_.messages_max > 0 && s.messages >= mood_.messages_max) {
      deps_.evidence.Happened("421 after messages");
      s.stream->Send(std::string("421 4.7.0 enough\r\n"));
      co_return false;
    }
    s.mail_from = s.line.substr(11, s.line.find('>') - 11);
    reply = s.mail_open ? "503 5.5.1 nested MAIL\r\n" : "250 2.1.0 ok\r\n";
    s.mail_open = true;
    s.rcpt_taken = false;
  } else if (s.line.starts_with("RCPT TO:<")) {
    reply = AnswerRcpt(s);
  } else if (s.line == "DATA") {
    if (s.rcpt_taken) {
      const bool dotted = co_await Dot(s);
      co_return dotted;
    }
    reply = "503 5.5.1 no valid recipient\r\n";
  } else if (s.line == "RSET") {
    s.mail_open = s.rcpt_taken = false;
    reply = "250 2.0.0 ok\r\n";
  } else if (s.line == "QUIT") {
    s.last = nullptr;
    s.stream->Send(std::string("221 2.0.0 bye\r\n"));
    co_return false;
  }
  const bool said = co_await Say(s, std::move(reply));
  co_return said;
}

Task<bool> Receiver::TakeBody(Session& s) {
  std::string body;
  while (true) {
    const bool more = co_await TakeLine(s);
    if (!more) co_return false;
    // A body follows our 354, which followed the reply to the last dot: the sender has read that.
    s.last = nullptr;
    if (s.line == ".") break;
    body += s.line;
    body += '\n';
  }
  if (deps_.policies.Of(domain_)->dkim_sign && !body.starts_with("DKIM-Signature: ")) {
    deps_.evidence.Break(Cat("unsigned: the message of ", s.mail_from, " for ", s.rcpt_to,
                             " has no signature, and the queue signs"));
  }
  const std::string wanted = Cat("\nX-Sim: ", TokenOf(s.mail_from), "\n");
  if (Cat("\n", body).find(wanted) == std::string::npos) {
    deps_.evidence.Break(Cat("content: the message of ", s.mail_from, " for ", s.rcpt_to,
                             " carries another message's content"));
  }
  co_return true;
}

// DATA to the reply to the final dot.
Task<bool> Receiver::Dot(Session& s) {
  const bool invited = co_await Say(s, "354 go ahead\r\n");
  if (!invited) co_return false;
  const bool complete = co_await TakeBody(s);
  if (!complete) co_return false;
  s.mail_open = s.rcpt_taken = false;
  ++s.messages;
  co_await Dawdle();
  if (rng_.Chance(mood_.close_at_step)) {  // not taken, and nothing said
    deps_.evidence.Happened("closed before the dot's reply");
    co_return false;
  }
  if (rng_.Chance(mood_.dot_4xx)) {
    deps_.evidence.Happened("452 to dot");
    s.stream->Send(std::string("452 4.3.1 try later\r\n"));
    co_return true;
  }
  if (rng_.Chance(mood_.dot_5xx)) {
    deps_.evidence.Happened("554 to dot");
    s.stream->Send(std::string("554 5.7.1 content refused\r\n"));
    co_return true;
  }
  Record(s);
  if (rng_.Chance(mood_.close_at_step)) {  // taken, and nothing said
    deps_.evidence.Happened("taken and closed");
    co_return false;
  }
  s.stream->Send(std::string("250 2.0.0 taken\r\n"));
  co_return true;
}

void Receiver::Record(Session& s) {
  const int shard = ShardOf(s.stream->peer().ip);
  Delivery delivery;
  delivery.at = deps_.loop.MonoNow();
  delivery.shard = shard;
  delivery.run = deps_.run_of(shard);
  auto& all = deps_.evidence.deliveries[{TokenOf(s.mail_from), s.rcpt_to}];
  all.reserve(64);  // s.last points into it
  CHECK(all.size() < 64);
  all.push_back(delivery);
  s.last = &all.back();
  deps_.trace.Note("taken ", s.mail_from, " ", s.rcpt_to, " from s", shard);
}

}  // namespace convoy::sim
