// The two ends of a connection in a VirtualNetwork, and the wire between them.
//
//     Send -> queue_ --window--> Wire (segments in flight) --latency--> incoming_ -> Read
//
// A segment leaves when the window has room and counts against it until it has been read. The wire
// is a queue with one arrival event for each segment, so that nothing can overtake.
//
// Thread:    loop-affine
// Determinism: uses the loop's time and the connection's Rng
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "base/rng.h"
#include "base/time_types.h"
#include "runtime/deadline_watch.h"
#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "runtime/virtual_network.h"

namespace convoy {

class VirtualStream;

struct Segment {
  enum class Kind { kData, kEnd, kReset, kHello, kAlert };
  Kind kind = Kind::kData;
  std::string bytes = {};    // kData
  bool from_server = false;  // kHello
  bool resumes = false;      // kHello of a client that offers an earlier session
  size_t read_bytes = 0;     // kData: how much of it the receiver has taken
};

class VirtualConnection : public std::enable_shared_from_this<VirtualConnection> {
 public:
  VirtualConnection(std::shared_ptr<VirtualFabric> fabric, EventLoop& wire_loop, LinkOptions link,
                    Rng rng);

  // End 0 is the one that connected.
  void Attach(int side, VirtualStream* stream) { ends_[side] = stream; }
  void Detach(int side) { ends_[side] = nullptr; }
  // Null once it is closed.
  VirtualStream* end(int side) { return ends_[side]; }
  // Puts a segment on the wire from `side`.
  void Transmit(int side, Segment segment);
  // The other end has read `bytes` of what `side` sent.
  void Release(int side, size_t bytes);
  // Both ends see a reset now.
  void ResetBoth();

  size_t window_left(int side) const {
    return link_.window_bytes > wires_[side].unread_bytes
               ? link_.window_bytes - wires_[side].unread_bytes
               : 0;
  }
  const LinkOptions& link() const { return link_; }
  Rng& rng() { return rng_; }
  Endpoint address(int side) const { return addresses_[side]; }
  void set_addresses(Endpoint from, Endpoint to) {
    addresses_[0] = from;
    addresses_[1] = to;
  }

 private:
  struct Wire {
    std::deque<Segment> in_flight;
    MonoTime free_at{};                       // when the line can carry the next byte
    MonoTime last_arrival{};                  // segments keep their order
    size_t unread_bytes = 0;                  // in flight, or arrived and not read
    Duration retransmit = Milliseconds(200);  // while the two addresses are cut off
  };
  void Arrive(int side);

  const std::shared_ptr<VirtualFabric> fabric_;
  EventLoop& wire_loop_;
  const LinkOptions link_;
  Rng rng_;
  Endpoint addresses_[2];
  VirtualStream* ends_[2] = {nullptr, nullptr};
  Wire wires_[2];  // by sender
};

class VirtualStream final : public Stream {
 public:
  VirtualStream(std::shared_ptr<VirtualConnection> connection, int side, EventLoop& loop);
  ~VirtualStream() override;

  void StartRead(char* buffer, size_t size, IoDone done) override;
  using Stream::Send;
  void Send(SharedBytes bytes) override;
  void StartFlush(size_t queued_bytes_max, StatusDone done) override;
  void StartTls(TlsRequest request, TlsDone done) override;
  void SetDeadline(MonoTime when) override { deadline_.Set(when); }
  void Close() override;
  size_t queued_bytes() const override { return queued_bytes_; }
  Endpoint local() const override { return connection_->address(side_); }
  Endpoint peer() const override { return connection_->address(1 - side_); }

  // From the wire.
  void Receive(Segment segment);
  void WindowOpened() { Pump(); }
  // The handshake's computation is done.
  void AnswerHello();
  void OfferSession();
  // From the network's test controls.
  void HalfClose();
  void Reset();

 private:
  struct ReadOp {
    char* buffer;
    size_t size;
    IoDone done;
  };
  struct FlushOp {
    size_t queued_bytes_max;
    StatusDone done;
  };
  struct TlsOp {
    bool server;
    TlsDone done;
    TlsRequest request = {};
    bool resumes = false;
    std::string doubt = {};  // of the session that is resumed
    MonoTime since = {};     // the same one's beginning
  };

  // What a new operation fails with, if anything.
  absl::Status Fault() const;
  void Pump();
  void ServeRead();
  void ServeFlush();
  void ServeTls();
  void FinishTls(absl::StatusOr<TlsInfo> result);
  void FailAll(const absl::Status& status);
  std::string TakeArrived(size_t size_max);
  void UpdateWaiting();
  template <typename Done, typename Result>
  void Complete(Done done, Result result);
  void SendEnd();

  // Constant after construction.
  const std::shared_ptr<VirtualConnection> connection_;
  const int side_;
  EventLoop& loop_;

  // Sending.
  std::deque<SharedBytes> queue_;
  size_t front_sent_bytes_ = 0;  // of queue_.front()
  size_t queued_bytes_ = 0;
  bool writing_ = false;  // the queue leaves as the window allows
  bool end_wanted_ = false;
  bool end_sent_ = false;

  // Receiving.
  std::deque<Segment> incoming_;
  bool reset_ = false;
  bool closed_ = false;

  // Operations.
  std::optional<ReadOp> read_;
  std::optional<FlushOp> flush_;
  std::optional<TlsOp> tls_;
  bool tls_answering_ = false;  // the peer's hello is being worked on
  bool tls_on_ = false;
  int completions_posted_ = 0;
  DeadlineWatch deadline_;
};

}  // namespace convoy
