#include "tests/effects/receiver.h"

#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace convoy::effects {

struct Receiver::Session {
  std::unique_ptr<Stream> stream;
  Connection& seen;
  std::string input = {};  // read, not yet used
  std::string line = {};
  int batch = 0;
  std::string from = {};
  std::vector<std::string> rcpts = {};
};

Receiver::Receiver(EventLoop& loop, Network& network, Book& book, std::string name, Endpoint where)
    : loop_(loop), book_(book), name_(std::move(name)), where_(where) {
  auto listener = network.Listen(where, [this](std::unique_ptr<Stream> stream) {
    Connection& seen = book_.connections.emplace_back();
    seen.host = name_;
    seen.from = stream->peer();
    seen.to = stream->local();
    seen.opened = loop_.MonoNow();
    Spawn(Serve(std::make_shared<Session>(Session{std::move(stream), seen})));
  });
  CHECK(listener.ok());
  listener_ = *std::move(listener);
}

void Receiver::Say(const std::string& step, std::string reply, int times, std::string only) {
  rules_[step].push_back({std::move(reply), times, times == 0, std::move(only)});
}

std::string Receiver::ReplyAt(const std::string& step, const std::string& rcpt,
                              std::string otherwise) {
  for (Rule& rule : rules_[step]) {
    if (!rule.always && rule.left == 0) continue;
    if (!rule.only.empty() && rule.only != rcpt) continue;
    if (!rule.always) --rule.left;
    return rule.reply;
  }
  return otherwise;
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
    const absl::StatusOr<size_t> got = co_await s.stream->Read(buffer, sizeof buffer);
    if (!got.ok() || *got == 0) co_return false;
    s.input.append(buffer, *got);
    ++s.batch;
  }
}

// What was said before leaves first.
Task<void> Receiver::Pause(Session& s, Duration pause) {
  const absl::Status flushed = co_await s.stream->Flush();
  (void)flushed;  // the next read says it again
  SleepUntil pause_end(loop_, loop_.MonoNow() + pause);
  co_await pause_end;
}

// Says `reply`, or what the scenario wants said here. False: the connection is to end.
Task<bool> Receiver::Answer(Session& s, const std::string& step, std::string reply) {
  if (const auto pause = pauses_.find(step); pause != pauses_.end()) {
    co_await Pause(s, pause->second);
  }
  if (reply == "close") co_return false;
  s.seen.dialogue.push_back({true, reply, s.batch, loop_.MonoNow()});
  s.stream->Send(reply + "\r\n");
  co_return !reply.starts_with("421") && !(step == "greeting" && !reply.starts_with("2"));
}

Task<void> Receiver::Serve(std::shared_ptr<Session> session) {
  Session& s = *session;
  bool open = co_await Answer(s, "greeting", ReplyAt("greeting", "", Cat("220 ", name_)));
  while (open) {
    open = co_await TakeLine(s);
    if (!open) break;
    s.seen.dialogue.push_back({false, s.line, s.batch, loop_.MonoNow()});
    open = co_await Obey(s);
  }
  s.seen.closed = loop_.MonoNow();
  s.stream->SetDeadline(loop_.MonoNow() + Seconds(10));
  const absl::Status flushed = co_await s.stream->Flush();
  (void)flushed;
  s.stream->Close();
}

Task<bool> Receiver::StartTls(Session& s) {
  const bool going = co_await Answer(s, "starttls", ReplyAt("starttls", "", "220 go ahead"));
  if (!going || !s.seen.dialogue.back().text.starts_with("220")) co_return going;
  const absl::Status flushed = co_await s.stream->Flush();
  if (!flushed.ok()) co_return false;
  TlsRequest request;
  request.server = true;
  const auto info = co_await s.stream->Handshake(std::move(request));
  s.seen.tls = info.ok();
  s.seen.resumed = info.ok() && info->resumed;
  co_return info.ok();
}

Task<bool> Receiver::Recipient(Session& s) {
  const std::string rcpt = s.line.substr(9, s.line.find('>') - 9);
  const std::string reply = ReplyAt("rcpt", rcpt, "250 ok");
  if (reply.starts_with("2")) {
    s.rcpts.push_back(rcpt);
  } else {
    book_.answers.push_back({loop_.MonoNow(), name_, rcpt, reply});
  }
  const bool going = co_await Answer(s, "rcpt", reply);
  co_return going;
}

Task<bool> Receiver::Body(Session& s) {
  const bool going = co_await Answer(s, "data", ReplyAt("data", "", "354 go ahead"));
  if (!going || !s.seen.dialogue.back().text.starts_with("354")) co_return going;
  if (const auto pause = pauses_.find("body"); pause != pauses_.end()) {
    co_await Pause(s, pause->second);
  }
  std::string content;
  while (true) {
    const bool more = co_await TakeLine(s);
    if (!more) co_return false;
    if (s.line == ".") break;
    CatTo(&content, s.line.starts_with('.') ? s.line.substr(1) : s.line, "\n");
  }
  co_return co_await Taken(s, std::move(content));
}

// BDAT n LAST: n octets, dots as they are.
Task<bool> Receiver::Chunk(Session& s) {
  const std::string refusal = ReplyAt("bdat", "", "");
  if (!refusal.empty()) co_return co_await Answer(s, "bdat", refusal);
  const size_t octets = *ParseUint(Split(s.line, ' ')[1]);
  std::string content;
  size_t taken = 0;
  while (taken < octets) {
    const bool more = co_await TakeLine(s);
    if (!more) co_return false;
    taken += s.line.size() + 2;
    CatTo(&content, s.line, "\n");
  }
  co_return co_await Taken(s, std::move(content));
}

Task<bool> Receiver::Taken(Session& s, std::string content) {
  s.seen.dialogue.push_back({false, "(message)", s.batch, loop_.MonoNow()});
  const std::string reply = ReplyAt("dot", "", "250 taken");
  const bool open = co_await Answer(s, "dot", reply);
  for (const std::string& rcpt : s.rcpts) {
    book_.answers.push_back({loop_.MonoNow(), name_, rcpt, reply});
  }
  if (reply.starts_with("2")) {
    ++s.seen.messages;
    book_.messages.push_back({loop_.MonoNow(), name_, s.from, s.rcpts, std::move(content)});
  }
  s.rcpts.clear();
  co_return open;
}

Task<bool> Receiver::Obey(Session& s) {
  bool going = false;
  if (s.line.starts_with("EHLO ") || s.line.starts_with("HELO ")) {
    s.seen.hello = s.line.substr(5);
    std::string reply = Cat("250", keywords_.empty() ? " " : "-", name_);
    for (const std::string& keyword : keywords_) {
      CatTo(&reply, "\r\n250", &keyword == &keywords_.back() ? " " : "-", keyword);
    }
    going = co_await Answer(s, "ehlo", ReplyAt("ehlo", "", std::move(reply)));
  } else if (s.line == "STARTTLS") {
    going = co_await StartTls(s);
  } else if (s.line.starts_with("AUTH ")) {
    going = co_await Answer(s, "auth", ReplyAt("auth", "", "235 welcome"));
  } else if (s.line.starts_with("MAIL FROM:<")) {
    s.from = s.line.substr(11, s.line.find('>') - 11);
    s.rcpts.clear();
    going = co_await Answer(s, "mail", ReplyAt("mail", "", "250 ok"));
  } else if (s.line.starts_with("RCPT TO:<")) {
    going = co_await Recipient(s);
  } else if (s.line == "DATA" && !s.rcpts.empty()) {
    going = co_await Body(s);
  } else if (s.line.starts_with("BDAT ") && !s.rcpts.empty()) {
    going = co_await Chunk(s);
  } else if (s.line == "RSET") {
    s.rcpts.clear();
    going = co_await Answer(s, "rset", "250 ok");
  } else if (s.line == "QUIT") {
    s.seen.quit = true;
    const bool said = co_await Answer(s, "quit", "221 bye");
    (void)said;
  } else {
    going = co_await Answer(s, "other", s.line == "DATA" ? "503 no recipients" : "500 unknown");
  }
  co_return going;
}

}  // namespace convoy::effects
