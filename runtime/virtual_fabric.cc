#include "runtime/virtual_fabric.h"

#include <algorithm>
#include <array>

#include "runtime/virtual_stream.h"

namespace convoy {
namespace {

constexpr uint16_t kPortFirst = 32768;
constexpr uint16_t kPortLast = 60999;
constexpr size_t kSweepConnectionsMin = 1024;

}  // namespace

void VirtualAcceptor::Drain(const std::shared_ptr<VirtualAcceptor>& acceptor) {
  acceptor->loop.Post([weak = std::weak_ptr(acceptor)] {
    const std::shared_ptr<VirtualAcceptor> self = weak.lock();
    while (self != nullptr && !self->closed && !self->paused && !self->backlog.empty()) {
      std::unique_ptr<Stream> stream = std::move(self->backlog.front());
      self->backlog.pop_front();
      self->accepted(std::move(stream));
    }
  });
}

const LinkOptions& VirtualFabric::LinkTo(const IpAddress& peer) const {
  const auto found = peer_links_.find(peer);
  return found == peer_links_.end() ? link_ : found->second;
}

Duration VirtualFabric::DrawLatency(const LinkOptions& link) {
  const int64_t spread_us = link.latency_max.us - link.latency_min.us;
  if (spread_us <= 0) return link.latency_min;
  return link.latency_min +
         Microseconds(static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(spread_us) + 1)));
}

Reach VirtualFabric::ReachOf(const Endpoint& where) const {
  if (const auto found = endpoint_reach_.find(where); found != endpoint_reach_.end()) {
    return found->second;
  }
  const auto found = ip_reach_.find(where.ip);
  return found == ip_reach_.end() ? Reach::kOpen : found->second;
}

bool VirtualFabric::IsCut(const IpAddress& a, const IpAddress& b) const {
  return !cuts_.empty() && cuts_.contains(std::minmax(a, b));
}

std::shared_ptr<VirtualAcceptor> VirtualFabric::FindAcceptor(const Endpoint& where) const {
  auto found = acceptors_.find(where);
  if (found == acceptors_.end()) {
    const std::array<char, 16> zeros{};
    const auto any = IpAddress::FromBytes({zeros.data(), where.ip.bytes().size()});
    found = acceptors_.find(Endpoint{.ip = *any, .port = where.port});
  }
  return found == acceptors_.end() ? nullptr : found->second;
}

uint16_t VirtualFabric::NextPort() {
  last_port_ = last_port_ >= kPortLast ? kPortFirst : static_cast<uint16_t>(last_port_ + 1);
  return last_port_;
}

std::pair<std::unique_ptr<VirtualStream>, std::unique_ptr<VirtualStream>>
VirtualFabric::MakeConnection(EventLoop& from_loop, const Endpoint& from, EventLoop& to_loop,
                              const Endpoint& to) {
  auto connection = std::make_shared<VirtualConnection>(shared_from_this(), loop_, LinkTo(to.ip),
                                                        rng_.Fork(static_cast<uint64_t>(to.port)));
  connection->set_addresses(from, to);
  connections_.emplace(++connections_opened_, connection);
  if (connections_.size() > kSweepConnectionsMin + 2 * connections_swept_) {
    std::erase_if(connections_, [](const auto& entry) { return entry.second.expired(); });
    connections_swept_ = connections_.size();
  }
  auto near = std::make_unique<VirtualStream>(connection, 0, from_loop);
  auto far = std::make_unique<VirtualStream>(connection, 1, to_loop);
  return {std::move(near), std::move(far)};
}

void VirtualFabric::ResetAll(const IpAddress& ip) {
  for (const auto& [serial, weak] : connections_) {
    const std::shared_ptr<VirtualConnection> connection = weak.lock();
    if (connection == nullptr) continue;
    if (connection->address(0).ip == ip || connection->address(1).ip == ip) {
      connection->ResetBoth();
    }
  }
}

}  // namespace convoy
