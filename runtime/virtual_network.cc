#include "runtime/virtual_network.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "runtime/virtual_fabric.h"
#include "runtime/virtual_stream.h"

namespace convoy {
namespace {

// As long as a kernel tries by default.
constexpr Duration kConnectTimeout = Seconds(127);
constexpr Duration kSynRetryFirst = Seconds(1);

class VirtualListener final : public Listener {
 public:
  VirtualListener(std::shared_ptr<VirtualFabric> fabric, std::shared_ptr<VirtualAcceptor> acceptor,
                  std::vector<Endpoint> places)
      : fabric_(std::move(fabric)), acceptor_(std::move(acceptor)), places_(std::move(places)) {
    for (const Endpoint& place : places_) fabric_->acceptors()[place] = acceptor_;
  }
  ~VirtualListener() override {
    for (const Endpoint& place : places_) fabric_->acceptors().erase(place);
    acceptor_->closed = true;
    acceptor_->backlog.clear();
  }
  Endpoint local() const override { return places_.front(); }
  void Pause() override { acceptor_->paused = true; }
  void Resume() override {
    acceptor_->paused = false;
    VirtualAcceptor::Drain(acceptor_);
  }

 private:
  const std::shared_ptr<VirtualFabric> fabric_;
  const std::shared_ptr<VirtualAcceptor> acceptor_;
  const std::vector<Endpoint> places_;
};

// One StartConnect, alive until its callback has run and its last packet has arrived.
class ConnectAttempt : public std::enable_shared_from_this<ConnectAttempt> {
 public:
  ConnectAttempt(std::shared_ptr<VirtualFabric> fabric, EventLoop& loop, Endpoint from, Endpoint to,
                 ConnectDone done)
      : fabric_(std::move(fabric)), loop_(loop), from_(from), to_(to), done_(std::move(done)) {}

  void Start(MonoTime deadline) {
    const MonoTime give_up = loop_.MonoNow() + kConnectTimeout;
    timer_ = loop_.CallAt(
        std::min(deadline, give_up), [self = shared_from_this(), ours = deadline <= give_up] {
          self->End(ours ? absl::DeadlineExceededError("deadline passed while connecting")
                         : absl::UnavailableError("connection timed out"));
        });
    SendSyn();
  }

 private:
  void SendSyn() {
    fabric_->loop().CallAfter(fabric_->DrawLatency(fabric_->LinkTo(to_.ip)),
                              [self = shared_from_this()] { self->SynArrives(); });
  }

  void SynArrives() {
    if (ended_) return;
    const Reach reach = fabric_->ReachOf(to_);
    const std::shared_ptr<VirtualAcceptor> acceptor = fabric_->FindAcceptor(to_);
    const bool overflow =
        acceptor != nullptr && acceptor->backlog.size() >= VirtualAcceptor::kBacklogMax;
    if (fabric_->IsCut(from_.ip, to_.ip) || reach == Reach::kBlackHole ||
        (reach == Reach::kOpen && overflow)) {
      fabric_->loop().CallAfter(syn_retry_, [self = shared_from_this()] { self->SynArrives(); });
      syn_retry_ = syn_retry_ * 2;
      return;
    }
    absl::StatusOr<std::unique_ptr<Stream>> result =
        absl::UnavailableError(Cat("connection to ", to_.ToString(), " refused"));
    if (reach == Reach::kOpen && acceptor != nullptr) {
      auto [near, far] = fabric_->MakeConnection(loop_, from_, acceptor->loop, to_);
      acceptor->backlog.push_back(std::move(far));
      VirtualAcceptor::Drain(acceptor);
      result = std::move(near);
    }
    fabric_->loop().CallAfter(fabric_->DrawLatency(fabric_->LinkTo(to_.ip)),
                              [self = shared_from_this(), result = std::move(result)]() mutable {
                                self->End(std::move(result));
                              });
  }

  void End(absl::StatusOr<std::unique_ptr<Stream>> result) {
    if (ended_) return;
    ended_ = true;
    loop_.Cancel(timer_);
    loop_.Post([self = shared_from_this(), result = std::move(result)]() mutable {
      self->done_(std::move(result));
    });
  }

  const std::shared_ptr<VirtualFabric> fabric_;
  EventLoop& loop_;
  const Endpoint from_;
  const Endpoint to_;
  ConnectDone done_;
  TimerId timer_;
  Duration syn_retry_ = kSynRetryFirst;
  bool ended_ = false;
};

}  // namespace

VirtualHost::VirtualHost(std::shared_ptr<VirtualFabric> fabric, EventLoop& loop,
                         std::vector<IpAddress> addresses)
    : fabric_(std::move(fabric)), loop_(loop), addresses_(std::move(addresses)) {}

VirtualHost::~VirtualHost() = default;

void VirtualHost::StartConnect(ConnectRequest request, ConnectDone done) {
  const bool v6 = request.peer.ip.is_v6();
  absl::Status refused;
  IpAddress source = *IpAddress::Parse(v6 ? "::1" : "127.0.0.1");
  if (request.source.has_value()) {
    source = *request.source;
    if (source.is_v6() != v6 ||
        (!addresses_.empty() && std::ranges::find(addresses_, source) == addresses_.end())) {
      refused = absl::FailedPreconditionError(
          Cat("cannot bind source ", source.ToString(), ": no such address here"));
    }
  } else if (!addresses_.empty()) {
    const auto first =
        std::ranges::find_if(addresses_, [v6](const IpAddress& a) { return a.is_v6() == v6; });
    if (first != addresses_.end()) {
      source = *first;
    } else {
      refused = absl::UnavailableError(Cat("no route to ", request.peer.ToString()));
    }
  }
  if (!refused.ok()) {
    loop_.Post([done = std::move(done), refused]() mutable { done(refused); });
    return;
  }
  const Endpoint from{.ip = source, .port = fabric_->NextPort()};
  std::make_shared<ConnectAttempt>(fabric_, loop_, from, request.peer, std::move(done))
      ->Start(request.deadline);
}

absl::StatusOr<std::unique_ptr<Listener>> VirtualHost::Listen(Endpoint where,
                                                              AcceptHandler accepted) {
  if (where.port == 0) where.port = fabric_->NextPort();
  std::vector<Endpoint> places;
  if (addresses_.empty()) {
    places.push_back(where);
  } else {
    for (const IpAddress& ip : addresses_) {
      const bool ours = where.ip.is_unspecified() ? ip.is_v6() == where.ip.is_v6() : ip == where.ip;
      if (ours) places.push_back({.ip = ip, .port = where.port});
    }
  }
  if (places.empty()) {
    return absl::FailedPreconditionError(
        Cat("cannot listen on ", where.ToString(), ": no such address here"));
  }
  for (const Endpoint& place : places) {
    if (!fabric_->HasAcceptor(place)) continue;
    return absl::FailedPreconditionError(
        Cat("cannot listen on ", place.ToString(), ": the port is taken"));
  }
  auto acceptor = std::make_shared<VirtualAcceptor>(loop_, std::move(accepted));
  return std::make_unique<VirtualListener>(fabric_, std::move(acceptor), std::move(places));
}

VirtualNetwork::VirtualNetwork(EventLoop& loop, Rng rng, LinkOptions link)
    : VirtualHost(std::make_shared<VirtualFabric>(loop, rng, link), loop, {}) {}

std::unique_ptr<VirtualHost> VirtualNetwork::AddHost(EventLoop& loop,
                                                     std::vector<IpAddress> addresses) {
  CHECK(!addresses.empty());
  return std::make_unique<VirtualHost>(fabric_, loop, std::move(addresses));
}

void VirtualNetwork::SetLink(const LinkOptions& link) { fabric_->link() = link; }
void VirtualNetwork::SetLink(const IpAddress& peer, const LinkOptions& link) {
  fabric_->peer_links()[peer] = link;
}
void VirtualNetwork::SetReach(const Endpoint& where, Reach reach) {
  fabric_->endpoint_reach()[where] = reach;
}
void VirtualNetwork::SetReach(const IpAddress& where, Reach reach) {
  fabric_->ip_reach()[where] = reach;
}
void VirtualNetwork::Cut(const IpAddress& a, const IpAddress& b) {
  fabric_->cuts().insert(std::minmax(a, b));
}
void VirtualNetwork::Mend(const IpAddress& a, const IpAddress& b) {
  fabric_->cuts().erase(std::minmax(a, b));
}
void VirtualNetwork::ResetAll(const IpAddress& ip) { fabric_->ResetAll(ip); }
int64_t VirtualNetwork::connections_opened() const { return fabric_->connections_opened(); }
int64_t VirtualNetwork::bytes_carried() const { return fabric_->bytes_carried(); }
void VirtualNetwork::HalfClose(Stream& stream) { static_cast<VirtualStream&>(stream).HalfClose(); }
void VirtualNetwork::Reset(Stream& stream) { static_cast<VirtualStream&>(stream).Reset(); }

}  // namespace convoy
