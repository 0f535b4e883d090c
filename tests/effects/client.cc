#include "tests/effects/client.h"

#include <utility>

#include "base/text.h"

namespace convoy::effects {
namespace {

// One dialogue: says a line, takes the reply.
class Dialogue {
 public:
  Dialogue(EventLoop& loop, ClientLog& log) : loop_(loop), log_(log) {}

  Task<bool> Open(Network& network, Endpoint where, IpAddress client) {
    ConnectRequest request;
    request.source = client;
    request.peer = where;
    auto connected = co_await Connect(network, request);
    if (!connected.ok()) {
      log_.push_back("no connection");
      co_return false;
    }
    stream_ = *std::move(connected);
    const bool greeted = co_await Reply("greeting");
    co_return greeted;
  }

  // True if the answer is positive. Notes it as an answer to `what`.
  Task<bool> Say(std::string what, std::string bytes) {
    stream_->Send(std::move(bytes));
    const bool taken = co_await Reply(std::move(what));
    co_return taken;
  }

  void Close() { stream_->Close(); }

 private:
  // The last line of a reply; those of EHLO all.
  Task<bool> Reply(std::string what) {
    while (true) {
      const size_t end = input_.find("\r\n");
      if (end != std::string::npos) {
        const std::string line = input_.substr(0, end);
        input_.erase(0, end + 2);
        const bool more = line.size() > 3 && line[3] == '-';
        log_.push_back(Cat(what, ": ", line));
        if (!more) co_return line[0] < '4';
        continue;
      }
      char buffer[4096];
      stream_->SetDeadline(loop_.MonoNow() + Hours(1));
      const absl::StatusOr<size_t> got = co_await stream_->Read(buffer, sizeof buffer);
      if (!got.ok() || *got == 0) {
        log_.push_back(Cat(what, ": connection closed"));
        co_return false;
      }
      input_.append(buffer, *got);
    }
  }

  EventLoop& loop_;
  ClientLog& log_;
  std::unique_ptr<Stream> stream_;
  std::string input_;
};

}  // namespace

Task<void> SendLetter(EventLoop& loop, Network& network, Endpoint where, Letter letter,
                      ClientLog& log) {
  Dialogue dialogue(loop, log);
  bool going = co_await dialogue.Open(network, where, letter.client);
  if (!going) co_return;
  going = co_await dialogue.Say("EHLO", std::string("EHLO client.test\r\n"));
  if (!going) co_return;
  std::string mail = Cat("MAIL FROM:<", letter.from, ">", letter.mail_parameters, "\r\n");
  going = co_await dialogue.Say("MAIL", std::move(mail));
  bool any = false;
  for (size_t i = 0; going && i < letter.rcpts.size(); ++i) {
    std::string command = Cat("RCPT TO:<", letter.rcpts[i], ">\r\n");
    const bool taken = co_await dialogue.Say("RCPT", std::move(command));
    any |= taken;
  }
  if (any) any = co_await dialogue.Say("DATA", std::string("DATA\r\n"));
  if (any) {
    std::string body = letter.content + ".\r\n";
    any = co_await dialogue.Say("(message)", std::move(body));
  }
  dialogue.Close();
}

Task<void> HoldConnection(EventLoop& loop, Network& network, Endpoint where, IpAddress client,
                          MonoTime until, ClientLog& log, size_t number) {
  ClientLog greeting;
  Dialogue held(loop, greeting);
  const bool open = co_await held.Open(network, where, client);
  log.push_back(Cat("connection ", number, open ? ": greeted" : ": refused"));
  if (!open) co_return;
  SleepUntil pause_end(loop, until);
  co_await pause_end;
  held.Close();
}

}  // namespace convoy::effects
