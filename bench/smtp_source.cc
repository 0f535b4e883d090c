#include "bench/smtp_source.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

namespace convoy::bench {
namespace {

// Dot-stuffed content with its end (RFC 5321 4.5.2).
std::string Wire(std::string_view content) {
  std::string out;
  out.reserve(content.size() + 16);
  size_t at = 0;
  while (at < content.size()) {
    if (content[at] == '.') out.push_back('.');
    const size_t end = std::min(content.find('\n', at), content.size() - 1) + 1;
    out.append(content.substr(at, end - at));
    at = end;
  }
  out.append(".\r\n");
  return out;
}

}  // namespace

bool SmtpSource::ConnectOnce() {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options_.server.port);
  std::copy_n(options_.server.ip.bytes().data(), 4, reinterpret_cast<char*>(&address.sin_addr));
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return false;
  if (!ReadReply().starts_with("220")) return false;
  if (!Write(Cat("EHLO ", options_.helo, "\r\n"))) return false;
  pipelining_ = false;
  for (;;) {
    const std::string line = ReadLine();
    if (!line.starts_with("250")) return false;
    if (EqualsIgnoreCase(Trim(std::string_view(line).substr(4)), "PIPELINING")) pipelining_ = true;
    if (line[3] == ' ') return true;
  }
}

bool SmtpSource::Connect() {
  const MonoTime give_up = SystemClock().MonoNow() + options_.connect_patience;
  for (;;) {
    sent_here_ = 0;
    input_.clear();
    if (ConnectOnce()) return true;
    Disconnect();
    if (SystemClock().MonoNow() > give_up) return false;
    poll(nullptr, 0, 20);  // a load tool may wait: the server is restarting
  }
}

void SmtpSource::Disconnect() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

bool SmtpSource::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

std::string SmtpSource::ReadLine() {
  for (;;) {
    const size_t end = input_.find("\r\n");
    if (end != std::string::npos) {
      std::string line = input_.substr(0, end);
      input_.erase(0, end + 2);
      return line.size() < 4 ? line + "    " : line;
    }
    char buffer[4096];
    const ssize_t n = recv(fd_, buffer, sizeof buffer, 0);
    if (n <= 0) return "";
    input_.append(buffer, static_cast<size_t>(n));
  }
}

std::string SmtpSource::ReadReply() {
  for (;;) {
    std::string line = ReadLine();
    if (line.empty() || line[3] != '-') return line;
  }
}

void SmtpSource::SendOne(uint64_t number) {
  PlannedMessage message = PlanMessage(plan_, number);
  std::string content;
  if (!message.vmta.empty()) content = Cat("x-virtual-mta: ", message.vmta, "\r\n");
  content += message.content;
  const MonoTime start = SystemClock().MonoNow();
  const auto finish = [&](Fate fate, std::string_view answer) {
    ledger_.Record(fate, message.id, message.rcpt, message.vmta, answer,
                   (SystemClock().MonoNow() - start).us);
    if (fate != Fate::kAccepted) Disconnect();
  };
  const std::string commands[] = {Cat("MAIL FROM:<", plan_.mail_from, ">\r\n"),
                                  Cat("RCPT TO:<", message.rcpt, ">\r\n"), "DATA\r\n"};
  if (pipelining_ && !Write(commands[0] + commands[1] + commands[2])) {
    return finish(Fate::kRefused, "lost before content");
  }
  for (const std::string& command : commands) {
    if (!pipelining_ && !Write(command)) return finish(Fate::kRefused, "lost before content");
    const std::string reply = ReadReply();
    if (reply.empty() || (reply[0] != '2' && reply[0] != '3')) {
      return finish(Fate::kRefused, reply.empty() ? "lost before content" : reply);
    }
  }
  if (!Write(Wire(content))) return finish(Fate::kUnknown, "lost in content");
  const std::string reply = ReadReply();
  if (reply.empty()) return finish(Fate::kUnknown, "lost before the answer");
  ++sent_here_;
  finish(reply[0] == '2' ? Fate::kAccepted : Fate::kRefused, reply);
}

void SmtpSource::Run(const std::function<std::optional<uint64_t>()>& next) {
  while (const std::optional<uint64_t> number = next()) {
    if (fd_ >= 0 && sent_here_ >= options_.messages_per_connection) {
      Write("QUIT\r\n");
      Disconnect();
    }
    if (fd_ < 0 && !Connect()) {
      ledger_.Record(Fate::kRefused, Cat(plan_.run, '-', *number), "", "", "no connection", 0);
      continue;
    }
    SendOne(*number);
  }
  if (fd_ >= 0) Write("QUIT\r\n");
}

}  // namespace convoy::bench
