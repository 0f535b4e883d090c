// PeerChannel over gRPC: one channel per peer, asynchronous unary calls.
//
// Limits:    kMessageBytesMax per call; callers keep batches far below it
// Thread:    loop-affine outside; gRPC's threads inside, answers are posted to the loop
#pragma once

#include <map>
#include <memory>
#include <string>

#include "runtime/event_loop.h"
#include "shard/forward/peer_channel.h"

namespace convoy::shard {

class GrpcPeerChannel final : public PeerChannel {
 public:
  static constexpr int kMessageBytesMax = 128 << 20;

  explicit GrpcPeerChannel(EventLoop& loop);
  // Cancels what is on its way; no callback runs after this.
  ~GrpcPeerChannel() override;

  void Forward(const std::string& address, std::shared_ptr<const ForwardBatch> batch,
               Duration deadline, ForwardDone done) override;

 private:
  class Peer;
  EventLoop& loop_;
  std::shared_ptr<bool> alive_;
  std::map<std::string, std::shared_ptr<Peer>> peers_;
};

}  // namespace convoy::shard
