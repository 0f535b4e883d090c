// A shard's network, with a witness: counts connections from the wish to the close, and notes each
// MAIL as it is written. Limits are promised at the sender, so that is where they are measured.
//
// Thread:    loop-affine
// Determinism: pure, given the network below
#pragma once

#include <memory>
#include <string>

#include "runtime/stream.h"

namespace convoy::sim {

class SocketWitness {
 public:
  virtual ~SocketWitness() = default;
  virtual void ConnectionStarted(const IpAddress& source, const IpAddress& peer) = 0;
  virtual void ConnectionEnded(const IpAddress& source, const IpAddress& peer) = 0;
  virtual void MailWritten(const IpAddress& source, const IpAddress& peer,
                           std::string_view mail_from, std::string_view rcpt_to) = 0;
};

class WatchedNetwork final : public Network {
 public:
  // `below` and `witness` outlive the network and its streams.
  WatchedNetwork(Network& below, SocketWitness& witness) : below_(below), witness_(witness) {}
  void StartConnect(ConnectRequest request, ConnectDone done) override;
  absl::StatusOr<std::unique_ptr<Listener>> Listen(Endpoint where,
                                                   AcceptHandler accepted) override {
    return below_.Listen(where, std::move(accepted));
  }

 private:
  Network& below_;
  SocketWitness& witness_;
};

}  // namespace convoy::sim
