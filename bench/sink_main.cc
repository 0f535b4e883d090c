// convoy-sink: an SMTP receiver that can be told how to misbehave and that writes down what it got.
//
//   convoy-sink --listen 127.0.1.1:2525 --ledger got.jsonl --rule 'rcpt *@full.test 452 4.2.2 full'
//
// The ledger has one JSON object per line and recipient, written before the answer to the final dot
// leaves; it is the evidence for lost and duplicated mail, source addresses, rates and connections.
// One thread, one epoll set. Ends on SIGTERM or SIGINT.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ip_address.h"
#include "base/text.h"
#include "bench/sink_rules.h"
#include "bench/sink_session.h"

namespace convoy::bench {
namespace {

struct Options {
  std::vector<std::string> listen;
  std::vector<std::string> rules;
  std::string ledger;
  std::string port_file;
  std::string save_dir;
  int64_t save_every = 0;
  std::string certificate;
  std::string key;
  SinkOptions session;
};

[[noreturn]] void Die(std::string_view what) {
  std::fprintf(stderr, "convoy-sink: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(2);
}

Endpoint EndpointOf(const sockaddr_in& address) {
  const auto ip = IpAddress::FromBytes(
      {reinterpret_cast<const char*>(&address.sin_addr), sizeof address.sin_addr});
  return {*ip, ntohs(address.sin_port)};
}

struct Connection {
  int fd = -1;
  uint64_t number = 0;
  Endpoint peer;
  Endpoint local;
  SinkSession session;
  SSL* ssl = nullptr;
  bool handshaking = false;
  bool writable_wanted = false;

  Connection(const SinkOptions& options, SinkRules& rules) : session(options, rules) {}
  ~Connection() {
    SSL_free(ssl);
    close(fd);
  }
};

class Sink {
 public:
  explicit Sink(Options options) : options_(std::move(options)) {}
  void Run();

 private:
  void Listen(const std::string& where);
  void WritePortFile();
  void Accept(int listener);
  void Serve(Connection& connection, uint32_t events);
  bool Handshake(Connection& connection);
  bool ReadSome(Connection& connection);
  bool WriteSome(Connection& connection);
  void Record(Connection& connection);
  void Watch(Connection& connection);
  void Drop(int fd);

  Options options_;
  SinkRules rules_;
  SSL_CTX* tls_ = nullptr;
  int epoll_ = -1;
  int signals_ = -1;
  std::map<int, Endpoint> listeners_;
  std::map<int, std::unique_ptr<Connection>> connections_;
  std::map<IpAddress, int> open_;  // connections per local address
  std::FILE* ledger_ = nullptr;
  uint64_t accepted_ = 0;
  uint64_t recipients_ = 0;
  int64_t saved_ = 0;
  char buffer_[1 << 18];
};

void Sink::Listen(const std::string& where) {
  const auto endpoint = Endpoint::Parse(where);
  if (!endpoint.ok() || endpoint->ip.is_v6()) Die(Cat("--listen ", where, ": need IPv4:PORT"));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint->port);
  std::copy_n(endpoint->ip.bytes().data(), 4, reinterpret_cast<char*>(&address.sin_addr));
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, 4096) != 0) {
    Die(Cat("--listen ", where, ": ", strerror(errno)));
  }
  socklen_t size = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  listeners_[fd] = EndpointOf(address);
  epoll_event event{EPOLLIN, {.fd = fd}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void Sink::WritePortFile() {
  if (options_.port_file.empty()) return;
  nlohmann::json ports;
  ports["pid"] = getpid();
  for (const auto& [fd, endpoint] : listeners_) ports["smtp"].push_back(endpoint.ToString());
  const std::string temporary = options_.port_file + ".new";
  std::ofstream(temporary) << ports.dump() << "\n";
  if (rename(temporary.c_str(), options_.port_file.c_str()) != 0) Die("cannot write the port file");
}

void Sink::Accept(int listener) {
  for (;;) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    const int fd = accept4(listener, reinterpret_cast<sockaddr*>(&address), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto connection = std::make_unique<Connection>(options_.session, rules_);
    connection->fd = fd;
    connection->number = ++accepted_;
    connection->peer = EndpointOf(address);
    connection->local = listeners_[listener];
    ++open_[connection->local.ip];
    epoll_event event{EPOLLIN, {.fd = fd}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    connection->session.Start();
    Connection& added = *(connections_[fd] = std::move(connection));
    if (!WriteSome(added)) Drop(fd);
  }
}

void Sink::Drop(int fd) {
  const auto found = connections_.find(fd);
  if (found == connections_.end()) return;
  --open_[found->second->local.ip];
  connections_.erase(found);
}

bool Sink::Handshake(Connection& connection) {
  if (connection.ssl == nullptr) {
    connection.ssl = SSL_new(tls_);
    SSL_set_fd(connection.ssl, connection.fd);
    SSL_set_accept_state(connection.ssl);
    connection.handshaking = true;
  }
  ERR_clear_error();
  const int done = SSL_do_handshake(connection.ssl);
  if (done == 1) {
    connection.handshaking = false;
    connection.session.TlsStarted();
    return true;
  }
  const int error = SSL_get_error(connection.ssl, done);
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

bool Sink::ReadSome(Connection& connection) {
  ssize_t n = 0;
  if (connection.ssl != nullptr) {
    ERR_clear_error();
    n = SSL_read(connection.ssl, buffer_, sizeof buffer_);
    if (n <= 0) {
      const int error = SSL_get_error(connection.ssl, static_cast<int>(n));
      return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
    }
  } else {
    n = recv(connection.fd, buffer_, sizeof buffer_, 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    if (n == 0) return false;
  }
  connection.session.Input({buffer_, static_cast<size_t>(n)});
  Record(connection);
  return connection.ssl == nullptr || SSL_pending(connection.ssl) == 0 || ReadSome(connection);
}

bool Sink::WriteSome(Connection& connection) {
  std::string& output = connection.session.output();
  while (!output.empty()) {
    const ssize_t n =
        connection.ssl != nullptr && !connection.handshaking
            ? SSL_write(connection.ssl, output.data(), static_cast<int>(output.size()))
            : send(connection.fd, output.data(), output.size(), MSG_NOSIGNAL);
    if (n <= 0) {
      if (connection.ssl == nullptr && errno != EAGAIN) return false;
      break;
    }
    output.erase(0, static_cast<size_t>(n));
  }
  Watch(connection);
  return !(output.empty() && connection.session.closing());
}

void Sink::Watch(Connection& connection) {
  const bool want = !connection.session.output().empty();
  if (want == connection.writable_wanted) return;
  connection.writable_wanted = want;
  epoll_event event{EPOLLIN | (want ? uint32_t{EPOLLOUT} : 0u), {.fd = connection.fd}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd, &event);
}

void Sink::Record(Connection& connection) {
  for (const SinkRecord& record : connection.session.TakeRecords()) {
    ++recipients_;
    if (options_.save_every > 0 && recipients_ % static_cast<uint64_t>(options_.save_every) == 0) {
      std::ofstream(Cat(options_.save_dir, "/", ++saved_, ".eml"), std::ios::binary)
          << connection.session.last_content();
    }
    if (ledger_ == nullptr) continue;
    const nlohmann::json line = {
        {"t_ms", SystemClock().MonoNow().us / 1000},
        {"id", record.id},
        {"from", record.mail_from},
        {"rcpt", record.rcpt},
        {"helo", record.helo},
        {"reply", record.reply},
        {"bytes", record.bytes},
        {"tls", record.tls},
        {"bare", record.bare_newline},
        {"dkim", record.signed_by_dkim},
        {"peer", connection.peer.ip.ToString()},
        {"local", connection.local.ip.ToString()},
        {"conn", connection.number},
        {"open", open_[connection.local.ip]},
    };
    const std::string text =
        line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
    std::fwrite(text.data(), 1, text.size(), ledger_);
  }
  if (ledger_ != nullptr) std::fflush(ledger_);
}

void Sink::Serve(Connection& connection, uint32_t events) {
  const int fd = connection.fd;
  bool alive = true;
  if (connection.handshaking) {
    alive = Handshake(connection);
  } else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
    alive = ReadSome(connection);
  }
  if (!alive) return Drop(fd);
  if (connection.handshaking) return;
  if (!WriteSome(connection)) return Drop(fd);
  if (connection.session.wants_tls() && connection.session.output().empty() &&
      !Handshake(connection)) {
    Drop(fd);
  }
}

void Sink::Run() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  for (const std::string& rule : options_.rules) {
    if (const absl::Status added = rules_.Add(rule); !added.ok()) Die(added.ToString());
  }
  if (!options_.certificate.empty()) {
    tls_ = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_chain_file(tls_, options_.certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls_, options_.key.c_str(), SSL_FILETYPE_PEM) != 1) {
      Die("--tls-certificate/--tls-key cannot be loaded");
    }
    options_.session.starttls = true;
  }
  if (!options_.ledger.empty() &&
      (ledger_ = std::fopen(options_.ledger.c_str(), "ae")) == nullptr) {
    Die(Cat("--ledger ", options_.ledger, ": ", strerror(errno)));
  }
  for (const std::string& where : options_.listen) Listen(where);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC);
  epoll_event event{EPOLLIN, {.fd = signals_}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, signals_, &event);
  WritePortFile();
  epoll_event events[256];
  for (;;) {
    const int n = epoll_wait(epoll_, events, 256, -1);
    for (int i = 0; i < n; ++i) {
      const int fd = events[i].data.fd;
      if (fd == signals_) {
        std::printf("connections %llu recipients %llu\n",
                    static_cast<unsigned long long>(accepted_),
                    static_cast<unsigned long long>(recipients_));
        return;
      }
      if (listeners_.contains(fd)) {
        Accept(fd);
      } else if (const auto found = connections_.find(fd); found != connections_.end()) {
        Serve(*found->second, events[i].events);
      }
    }
  }
}

Options Parse(int argc, char** argv) {
  Options options;
  CLI::App app("SMTP receiver that records what it gets and misbehaves as told");
  app.add_option("--listen", options.listen, "IPv4:PORT, repeatable; port 0 picks one")->required();
  app.add_option("--ledger", options.ledger, "append one JSON line per accepted recipient");
  app.add_option("--rule", options.rules, "PHASE GLOB CODE TEXT|close|stall [;times=N], in order")
      ->allow_extra_args(false);
  app.add_option("--port-file", options.port_file, "write the bound addresses here as JSON");
  app.add_option("--save-dir", options.save_dir, "directory for saved messages");
  app.add_option("--save-every", options.save_every, "save each N-th message");
  app.add_option("--tls-certificate", options.certificate, "PEM chain: offers STARTTLS");
  app.add_option("--tls-key", options.key, "PEM key");
  app.add_option("--id-header", options.session.id_header, "header field that carries the id");
  app.add_option("--size", options.session.size_max, "advertised SIZE");
  app.add_option("--max-messages", options.session.max_messages, "per connection, then 421");
  bool no_pipelining = false;
  app.add_flag("--no-pipelining", no_pipelining, "do not offer PIPELINING");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  options.session.pipelining = !no_pipelining;
  if (options.save_every > 0 && options.save_dir.empty()) Die("--save-every needs --save-dir");
  return options;
}

}  // namespace
}  // namespace convoy::bench

int main(int argc, char** argv) {
  convoy::bench::Sink sink(convoy::bench::Parse(argc, argv));
  sink.Run();
  return 0;
}
