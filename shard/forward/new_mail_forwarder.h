// Sends new mail to the shards that own it: gathers messages per peer into batches and answers each
// when its batch is durable there.
//
//   high path: kBatchesMax batches of a peer unanswered -> messages gather in the next batch
//   low path:  an answer -> the gathered batch leaves
//
// A peer that has just failed is not asked again for kPeerRest: its mail is kept here at once
// instead of after a timeout.
//
// A batch that is refused for one of its messages is sent again message by message.
//
// Errors:    `done` gets the peer's status; anything but OK, ALREADY_EXISTS and INVALID_ARGUMENT
//            means that the caller keeps the message itself (the peer may have it as well: its
//            receipt decides later)
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/event_loop.h"
#include "shard/forward/peer_channel.h"

namespace convoy::shard {

class NewMailForwarder {
 public:
  static constexpr size_t kBatchMessagesMax = 128;
  static constexpr size_t kBatchBytesMax = size_t{4} << 20;
  static constexpr uint32_t kBatchesMax = 4;
  static constexpr Duration kDeadline = Seconds(5);
  static constexpr Duration kPeerRest = Seconds(1);

  NewMailForwarder(EventLoop& loop, PeerChannel& channel, std::string self, std::string uid)
      : loop_(loop), channel_(channel), self_(std::move(self)), uid_(std::move(uid)) {}

  // How many recipients the owner knew already, or why it did not take them.
  using SentDone = absl::AnyInvocable<void(absl::StatusOr<uint32_t>)>;
  void Send(const std::string& address, uint64_t epoch, ForwardedMessage message, SentDone done);
  uint64_t forwarded_total() const { return forwarded_total_; }

 private:
  struct Peer {
    std::vector<ForwardedMessage> waiting;
    std::vector<SentDone> waiting_done;
    size_t waiting_bytes = 0;
    uint32_t batches = 0;
    bool posted = false;
    MonoTime rest_until{};
  };
  void Flush(const std::string& address);
  void Dispatch(const std::string& address, std::shared_ptr<const ForwardBatch> batch,
                std::vector<SentDone> done);
  void Answered(const std::string& address, const std::shared_ptr<const ForwardBatch>& batch,
                std::vector<SentDone> done, absl::StatusOr<ForwardAnswer> answer);

  EventLoop& loop_;
  PeerChannel& channel_;
  const std::string self_;
  const std::string uid_;
  uint64_t epoch_ = 0;
  uint64_t forwarded_total_ = 0;
  std::map<std::string, Peer> peers_;
};

}  // namespace convoy::shard
