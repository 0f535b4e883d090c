// A network in memory on virtual time, with latency, fragmentation and faults.
//
// It behaves as TCP does where a mail program can tell: bytes arrive in order, cut up anywhere; a
// peer that does not read stops the writer once window_bytes are on the way; Close() with unread
// bytes resets the connection, otherwise the peer reads an end; a refused port answers after a
// round trip and a black hole never does. TLS is a handshake that takes time and may fail, without
// any cryptography: both ends must start it, one as client and one as server, and bytes in plain
// text meeting a handshake (or the reverse) fail it.
//
//     VirtualLoop loop;
//     VirtualNetwork network(loop, Rng(1));
//     auto listener = network.Listen({ip, 25}, [](std::unique_ptr<Stream> s) { Spawn(...); });
//     Spawn(Client(network, ...));
//     loop.RunUntilIdle();
//
// The VirtualNetwork itself may use any source address. A VirtualHost is the view of one machine,
// with its own addresses and, if wanted, its own loop (the simulator's clocks disagree).
// A listener on the unspecified address takes connections to every address without a listener.
//
// Limits:    kBacklogMax connections wait for a paused listener; more are dropped silently
// Thread:    loop-affine
// Determinism: uses the loop's time and the Rng
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/rng.h"
#include "base/time_types.h"
#include "runtime/event_loop.h"
#include "runtime/stream.h"

namespace convoy {

struct LinkOptions {
  Duration latency_min = Microseconds(200);
  Duration latency_max = Milliseconds(2);  // drawn for each segment; the order is kept
  int64_t bytes_per_second = 0;            // 0: no limit
  size_t segment_bytes_min = 1;
  size_t segment_bytes_max = 1460;
  size_t window_bytes = 64 * 1024;  // on the way or unread, in one direction
  Duration tls_latency = Milliseconds(1);
  double reset_probability = 0;  // for each segment
  double tls_failure_probability = 0;
  bool tls_verified = true;  // what clients are told
};

enum class Reach {
  kOpen,       // refused if nothing listens
  kRefused,    // connection refused, after a round trip
  kBlackHole,  // no answer
};

class VirtualFabric;  // the state shared by hosts, listeners and streams

class VirtualHost : public Network {
 public:
  // `addresses` are bindable as source; the first of the peer's family is the default. Empty: all.
  VirtualHost(std::shared_ptr<VirtualFabric> fabric, EventLoop& loop,
              std::vector<IpAddress> addresses);
  ~VirtualHost() override;

  void StartConnect(ConnectRequest request, ConnectDone done) override;
  absl::StatusOr<std::unique_ptr<Listener>> Listen(Endpoint where, AcceptHandler accepted) override;

 protected:
  const std::shared_ptr<VirtualFabric> fabric_;

 private:
  EventLoop& loop_;
  const std::vector<IpAddress> addresses_;
};

class VirtualNetwork final : public VirtualHost {
 public:
  VirtualNetwork(EventLoop& loop, Rng rng, LinkOptions link = {});

  // One machine on this network. Its streams run their callbacks and deadlines on `loop`.
  std::unique_ptr<VirtualHost> AddHost(EventLoop& loop, std::vector<IpAddress> addresses);

  // For connections opened from now on.
  void SetLink(const LinkOptions& link);
  // The same, for connections to one address.
  void SetLink(const IpAddress& peer, const LinkOptions& link);
  void SetReach(const Endpoint& where, Reach reach);
  void SetReach(const IpAddress& where, Reach reach);
  // Nothing passes between two addresses: connections stall, and go on once it is mended.
  void Cut(const IpAddress& a, const IpAddress& b);
  void Mend(const IpAddress& a, const IpAddress& b);
  // Every connection of this address is reset, as when its machine dies and comes back.
  void ResetAll(const IpAddress& ip);

  int64_t connections_opened() const;
  int64_t bytes_carried() const;

  // Of a stream made by a virtual network. HalfClose: the peer reads the end once it has all bytes,
  // and may still write. Reset: the peer's operations fail.
  static void HalfClose(Stream& stream);
  static void Reset(Stream& stream);
};

}  // namespace convoy
