// What the hosts, listeners and connections of one VirtualNetwork share: who listens where, which
// faults are in force and the links' properties.
//
// Thread:    loop-affine
// Determinism: uses the loop's time and the Rng; everything that is iterated is ordered
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/rng.h"
#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "runtime/virtual_network.h"

namespace convoy {

class VirtualConnection;
class VirtualStream;

// Where connections to one listener wait until its handler takes them.
struct VirtualAcceptor {
  static constexpr size_t kBacklogMax = 128;
  EventLoop& loop;
  AcceptHandler accepted;
  std::deque<std::unique_ptr<Stream>> backlog;
  bool paused = false;
  bool closed = false;

  // Hands out the backlog in a later turn, as far as the listener is not paused.
  static void Drain(const std::shared_ptr<VirtualAcceptor>& acceptor);
};

class VirtualFabric : public std::enable_shared_from_this<VirtualFabric> {
 public:
  VirtualFabric(EventLoop& loop, Rng rng, LinkOptions link) : loop_(loop), rng_(rng), link_(link) {}

  EventLoop& loop() { return loop_; }
  const LinkOptions& LinkTo(const IpAddress& peer) const;
  Duration DrawLatency(const LinkOptions& link);
  Reach ReachOf(const Endpoint& where) const;
  bool IsCut(const IpAddress& a, const IpAddress& b) const;
  // The acceptor for connections to `where`; null if nothing listens.
  std::shared_ptr<VirtualAcceptor> FindAcceptor(const Endpoint& where) const;
  bool HasAcceptor(const Endpoint& where) const { return acceptors_.contains(where); }
  uint16_t NextPort();
  // Two connected ends, the first for the side that asked.
  std::pair<std::unique_ptr<VirtualStream>, std::unique_ptr<VirtualStream>> MakeConnection(
      EventLoop& from_loop, const Endpoint& from, EventLoop& to_loop, const Endpoint& to);
  void ResetAll(const IpAddress& ip);

  // Faults and properties, set by the network's controls.
  LinkOptions& link() { return link_; }
  std::map<IpAddress, LinkOptions>& peer_links() { return peer_links_; }
  std::map<Endpoint, Reach>& endpoint_reach() { return endpoint_reach_; }
  std::map<IpAddress, Reach>& ip_reach() { return ip_reach_; }
  std::set<std::pair<IpAddress, IpAddress>>& cuts() { return cuts_; }
  std::map<Endpoint, std::shared_ptr<VirtualAcceptor>>& acceptors() { return acceptors_; }

  void CountBytes(size_t n) { bytes_carried_ += static_cast<int64_t>(n); }
  int64_t connections_opened() const { return connections_opened_; }
  int64_t bytes_carried() const { return bytes_carried_; }

 private:
  EventLoop& loop_;
  Rng rng_;
  LinkOptions link_;
  std::map<IpAddress, LinkOptions> peer_links_;
  std::map<Endpoint, Reach> endpoint_reach_;
  std::map<IpAddress, Reach> ip_reach_;
  std::set<std::pair<IpAddress, IpAddress>> cuts_;
  std::map<Endpoint, std::shared_ptr<VirtualAcceptor>> acceptors_;
  std::map<int64_t, std::weak_ptr<VirtualConnection>> connections_;  // by serial number
  size_t connections_swept_ = 0;
  int64_t connections_opened_ = 0;
  int64_t bytes_carried_ = 0;
  uint16_t last_port_ = 32767;
};

}  // namespace convoy
