#include "runtime/kernel_network.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/kernel_stream.h"
#include "runtime/socket_address.h"

namespace convoy {
namespace {

constexpr int kAcceptsMax = 64;  // in one turn

void SetOption(int fd, int level, int name) {
  const int on = 1;
  CHECK(setsockopt(fd, level, name, &on, sizeof on) == 0);
}

// A descriptor that is closed unless it is taken.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int Take() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

int NewSocket(const IpAddress& ip) {
  return socket(ip.is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

absl::Status BindSource(int fd, const IpAddress& source) {
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR);
  SetOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
  SocketAddress address = ToSocketAddress({.ip = source, .port = 0});
  if (bind(fd, address.get(), address.size) == 0) return absl::OkStatus();
  const absl::Status why = SocketError("bind", errno);
  return absl::FailedPreconditionError(
      Cat("cannot bind source ", source.ToString(), ": ", std::string(why.message())));
}

// Begins connecting; the descriptor, or why it cannot.
absl::StatusOr<int> BeginConnect(const ConnectRequest& request) {
  Fd fd(NewSocket(request.peer.ip));
  if (fd.get() < 0) return SocketError("socket", errno);
  SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY);
  if (request.source.has_value()) {
    const absl::Status bound = BindSource(fd.get(), *request.source);
    if (!bound.ok()) return bound;
  }
  SocketAddress address = ToSocketAddress(request.peer);
  if (connect(fd.get(), address.get(), address.size) != 0 && errno != EINPROGRESS) {
    return SocketError(Cat("connect to ", request.peer.ToString()), errno);
  }
  return fd.Take();
}

class KernelListener final : public Listener, private FdWatcher {
 public:
  KernelListener(KernelLoop& loop, int fd, AcceptHandler accepted)
      : state_(std::make_shared<State>(loop, fd, std::move(accepted))), local_(LocalEndpoint(fd)) {
    loop.Watch(fd, this);
  }
  ~KernelListener() override {
    state_->loop.Unwatch(this);
    state_->loop.Cancel(state_->retry);
    close(std::exchange(state_->fd, -1));
  }
  Endpoint local() const override { return local_; }
  void Pause() override { state_->paused = true; }
  void Resume() override {
    state_->paused = false;
    AcceptLater(state_);
  }

 private:
  // Outlives the listener while its handler runs, which may destroy the listener.
  struct State {
    State(KernelLoop& l, int f, AcceptHandler a) : loop(l), fd(f), accepted(std::move(a)) {}
    KernelLoop& loop;
    int fd;
    AcceptHandler accepted;
    bool paused = false;
    TimerId retry;
  };

  void OnReady(uint32_t) override { Accept(state_); }

  static void AcceptLater(const std::shared_ptr<State>& state) {
    state->loop.Post([weak = std::weak_ptr(state)] {
      if (const std::shared_ptr<State> self = weak.lock(); self != nullptr) Accept(self);
    });
  }

  static void Accept(std::shared_ptr<State> state) {
    for (int i = 0; i < kAcceptsMax; ++i) {
      if (state->paused || state->fd < 0) return;
      SocketAddress peer;
      peer.size = sizeof peer.storage;
      const int fd = accept4(state->fd, peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        const int error = errno;
        if (error == EAGAIN) return;
        if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
          WaitForDescriptors(state, error);
          return;
        }
        continue;  // the connection died in the backlog
      }
      SetOption(fd, IPPROTO_TCP, TCP_NODELAY);
      state->accepted(std::make_unique<KernelStream>(state->loop, fd, LocalEndpoint(fd),
                                                     FromSocketAddress(peer)));
    }
    AcceptLater(state);  // the rest after the others' turn
  }

  static void WaitForDescriptors(const std::shared_ptr<State>& state, int error) {
    const absl::Status why = SocketError("accept", error);
    LogWarning("network", "accepting paused: ", std::string(why.message()));
    state->loop.Cancel(state->retry);
    state->retry =
        state->loop.CallAfter(KernelNetwork::kAcceptPause, [weak = std::weak_ptr(state)] {
          if (const std::shared_ptr<State> self = weak.lock(); self != nullptr) Accept(self);
        });
  }

  const std::shared_ptr<State> state_;
  const Endpoint local_;
};

}  // namespace

KernelNetwork::~KernelNetwork() {
  for (auto& [id, attempt] : attempts_) loop_.Cancel(attempt.timer);
}

void KernelNetwork::StartConnect(ConnectRequest request, ConnectDone done) {
  const absl::StatusOr<int> fd = BeginConnect(request);
  if (!fd.ok()) {
    loop_.Post([done = std::move(done), status = fd.status()]() mutable { done(status); });
    return;
  }
  const int64_t id = ++last_attempt_;
  auto stream = std::make_unique<KernelStream>(loop_, *fd, Endpoint{}, request.peer);
  stream->AwaitConnected([this, id](absl::Status status) { EndAttempt(id, std::move(status)); });
  TimerId timer;
  if (request.deadline < kMonoMax) {
    timer = loop_.CallAt(request.deadline, [this, id] {
      EndAttempt(id, absl::DeadlineExceededError("deadline passed while connecting"));
    });
  }
  attempts_.emplace(id,
                    Attempt{.stream = std::move(stream), .timer = timer, .done = std::move(done)});
}

void KernelNetwork::EndAttempt(int64_t id, absl::Status status) {
  const auto found = attempts_.find(id);
  Attempt attempt = std::move(found->second);
  attempts_.erase(found);
  loop_.Cancel(attempt.timer);
  if (status.ok()) {
    attempt.done(std::move(attempt.stream));
  } else {
    attempt.stream.reset();
    attempt.done(std::move(status));
  }
}

absl::StatusOr<std::unique_ptr<Listener>> KernelNetwork::Listen(Endpoint where,
                                                                AcceptHandler accepted) {
  Fd fd(NewSocket(where.ip));
  if (fd.get() < 0) return SocketError("socket", errno);
  SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (where.ip.is_v6()) SetOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  SocketAddress address = ToSocketAddress(where);
  if (bind(fd.get(), address.get(), address.size) != 0 || listen(fd.get(), kBacklog) != 0) {
    return SocketError(Cat("cannot listen on ", where.ToString()), errno);
  }
  return std::make_unique<KernelListener>(loop_, fd.Take(), std::move(accepted));
}

}  // namespace convoy
