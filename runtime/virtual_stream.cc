#include "runtime/virtual_stream.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "runtime/tls_session_cache.h"
#include "runtime/virtual_fabric.h"

namespace convoy {
namespace {

constexpr Duration kRetransmitFirst = Milliseconds(200);
constexpr Duration kRetransmitMax = Seconds(60);
// What the start of a handshake and an alert look like to an end that reads plain text.
constexpr std::string_view kHelloBytes("\x16\x03\x01\x02\x00\x01", 6);
constexpr std::string_view kAlertBytes("\x15\x03\x03\x00\x02\x02\x28", 7);

absl::Status ResetError() { return absl::UnavailableError("connection reset by peer"); }

}  // namespace

VirtualConnection::VirtualConnection(std::shared_ptr<VirtualFabric> fabric, EventLoop& wire_loop,
                                     LinkOptions link, Rng rng)
    : fabric_(std::move(fabric)), wire_loop_(wire_loop), link_(link), rng_(rng) {}

void VirtualConnection::Transmit(int side, Segment segment) {
  Wire& wire = wires_[side];
  const size_t size = segment.bytes.size();
  wire.free_at = std::max(wire.free_at, wire_loop_.MonoNow());
  if (link_.bytes_per_second > 0) {
    wire.free_at = wire.free_at + Seconds(static_cast<int64_t>(size)) / link_.bytes_per_second;
  }
  wire.last_arrival = std::max(wire.last_arrival, wire.free_at + fabric_->DrawLatency(link_));
  wire.unread_bytes += size;
  wire.in_flight.push_back(std::move(segment));
  fabric_->CountBytes(size);
  wire_loop_.CallAt(wire.last_arrival, [self = shared_from_this(), side] { self->Arrive(side); });
}

void VirtualConnection::Arrive(int side) {
  Wire& wire = wires_[side];
  if (wire.in_flight.empty()) return;  // lost in a reset
  if (fabric_->IsCut(addresses_[0].ip, addresses_[1].ip)) {
    wire_loop_.CallAfter(wire.retransmit,
                         [self = shared_from_this(), side] { self->Arrive(side); });
    wire.retransmit = std::min(wire.retransmit * 2, kRetransmitMax);
    return;
  }
  wire.retransmit = kRetransmitFirst;
  Segment segment = std::move(wire.in_flight.front());
  wire.in_flight.pop_front();
  if (link_.reset_probability > 0 && rng_.Chance(link_.reset_probability)) {
    ResetBoth();
    return;
  }
  if (VirtualStream* receiver = ends_[1 - side]; receiver != nullptr) {
    receiver->Receive(std::move(segment));
  } else if (segment.kind == Segment::Kind::kData && ends_[side] != nullptr) {
    Transmit(1 - side, {.kind = Segment::Kind::kReset});
  }
}

void VirtualConnection::Release(int side, size_t bytes) {
  Wire& wire = wires_[side];
  wire.unread_bytes -= std::min(wire.unread_bytes, bytes);
  if (ends_[side] != nullptr) ends_[side]->WindowOpened();
}

void VirtualConnection::ResetBoth() {
  for (Wire& wire : wires_) wire.in_flight.clear();
  for (VirtualStream* end : ends_) {
    if (end != nullptr) end->Receive({.kind = Segment::Kind::kReset});
  }
}

VirtualStream::VirtualStream(std::shared_ptr<VirtualConnection> connection, int side,
                             EventLoop& loop)
    : connection_(std::move(connection)),
      side_(side),
      loop_(loop),
      deadline_(loop, [this] { FailAll(absl::DeadlineExceededError("deadline passed")); }) {
  connection_->Attach(side_, this);
}

VirtualStream::~VirtualStream() {
  CHECK(!read_ && !flush_ && !tls_ && completions_posted_ == 0);
  Close();
}

void VirtualStream::StartRead(char* buffer, size_t size, IoDone done) {
  CHECK(!read_ && !tls_ && size > 0);
  read_.emplace(ReadOp{.buffer = buffer, .size = size, .done = std::move(done)});
  writing_ = true;
  Pump();
  ServeRead();
  UpdateWaiting();
}

void VirtualStream::Send(SharedBytes bytes) {
  if (closed_ || reset_ || end_wanted_ || bytes.size() == 0) return;
  queued_bytes_ += bytes.size();
  queue_.push_back(std::move(bytes));
  // As on a real socket, only what follows a flush that is still going on leaves by itself.
  if (writing_) Pump();
}

void VirtualStream::StartFlush(size_t queued_bytes_max, StatusDone done) {
  CHECK(!flush_ && !tls_);
  flush_.emplace(FlushOp{.queued_bytes_max = queued_bytes_max, .done = std::move(done)});
  writing_ = true;
  Pump();
  ServeFlush();
  UpdateWaiting();
}

void VirtualStream::StartTls(TlsRequest request, TlsDone done) {
  CHECK(!read_ && !flush_ && !tls_ && !tls_on_ && queue_.empty());
  tls_.emplace(TlsOp{.server = request.server, .done = std::move(done)});
  tls_->request = std::move(request);
  if (!tls_->server && !closed_ && !reset_) {
    OfferSession();
    connection_->Transmit(side_, {.kind = Segment::Kind::kHello, .resumes = tls_->resumes});
  }
  ServeTls();
  UpdateWaiting();
}

void VirtualStream::Close() {
  if (closed_) return;
  closed_ = true;
  FailAll(absl::CancelledError("stream closed"));
  queue_.clear();
  queued_bytes_ = 0;
  const bool unread = std::any_of(incoming_.begin(), incoming_.end(),
                                  [](const Segment& s) { return s.kind == Segment::Kind::kData; });
  connection_->Detach(side_);
  if (reset_) return;
  if (unread) {
    connection_->Transmit(side_, {.kind = Segment::Kind::kReset});
  } else if (!end_sent_) {
    SendEnd();
  }
}

void VirtualStream::Receive(Segment segment) {
  if (segment.kind == Segment::Kind::kReset) {
    reset_ = true;
    queue_.clear();
    queued_bytes_ = 0;
  }
  incoming_.push_back(std::move(segment));
  ServeTls();
  ServeRead();
  ServeFlush();
}

void VirtualStream::HalfClose() {
  if (closed_ || reset_ || end_wanted_) return;
  end_wanted_ = true;
  writing_ = true;
  Pump();
}

void VirtualStream::Reset() {
  if (closed_ || reset_) return;
  connection_->Transmit(side_, {.kind = Segment::Kind::kReset});
  Receive({.kind = Segment::Kind::kReset});
}

absl::Status VirtualStream::Fault() const {
  if (closed_) return absl::CancelledError("stream closed");
  if (deadline_.Passed()) return absl::DeadlineExceededError("deadline passed");
  if (reset_) return ResetError();
  return absl::OkStatus();
}

void VirtualStream::Pump() {
  if (!writing_ || closed_ || reset_) return;
  const LinkOptions& link = connection_->link();
  while (!queue_.empty()) {
    const size_t window = connection_->window_left(side_);
    if (window == 0) break;
    const size_t spread = link.segment_bytes_max - link.segment_bytes_min + 1;
    size_t room = std::min(window, link.segment_bytes_min + connection_->rng().Below(spread));
    Segment segment;
    while (room > 0 && !queue_.empty()) {
      const std::string_view piece =
          queue_.front().view().substr(front_sent_bytes_).substr(0, room);
      segment.bytes.append(piece);
      room -= piece.size();
      queued_bytes_ -= piece.size();
      front_sent_bytes_ += piece.size();
      if (front_sent_bytes_ == queue_.front().size()) {
        queue_.pop_front();
        front_sent_bytes_ = 0;
      }
    }
    connection_->Transmit(side_, std::move(segment));
  }
  if (queue_.empty()) {
    writing_ = false;
    if (end_wanted_ && !end_sent_) SendEnd();
  }
  ServeFlush();
}

void VirtualStream::SendEnd() {
  end_sent_ = true;
  connection_->Transmit(side_, {.kind = Segment::Kind::kEnd});
}

std::string VirtualStream::TakeArrived(size_t size_max) {
  std::string taken;
  while (taken.size() < size_max && !incoming_.empty()) {
    Segment& front = incoming_.front();
    if (front.kind != Segment::Kind::kData) break;
    const size_t n = std::min(size_max - taken.size(), front.bytes.size() - front.read_bytes);
    taken.append(front.bytes, front.read_bytes, n);
    front.read_bytes += n;
    if (front.read_bytes == front.bytes.size()) incoming_.pop_front();
  }
  return taken;
}

void VirtualStream::ServeRead() {
  if (!read_) return;
  absl::StatusOr<size_t> result = size_t{0};
  if (closed_ || deadline_.Passed()) {
    result = Fault();
  } else if (incoming_.empty()) {
    return;
  } else {
    Segment& front = incoming_.front();
    if (front.kind == Segment::Kind::kReset) result = ResetError();
    if (front.kind == Segment::Kind::kHello) {
      front = {.bytes = std::string(kHelloBytes)};
    } else if (front.kind == Segment::Kind::kAlert) {
      front = {.bytes = std::string(kAlertBytes)};
    }
    const std::string bytes = TakeArrived(read_->size);
    std::copy(bytes.begin(), bytes.end(), read_->buffer);
    if (!bytes.empty()) result = bytes.size();
    connection_->Release(1 - side_, bytes.size());
  }
  IoDone done = std::move(read_->done);
  read_.reset();
  UpdateWaiting();
  Complete(std::move(done), std::move(result));
}

void VirtualStream::ServeFlush() {
  if (!flush_) return;
  const absl::Status fault = Fault();
  if (fault.ok() && queued_bytes_ > flush_->queued_bytes_max) return;
  StatusDone done = std::move(flush_->done);
  flush_.reset();
  UpdateWaiting();
  Complete(std::move(done), fault);
}

void VirtualStream::ServeTls() {
  if (!tls_ || tls_answering_) return;
  if (const absl::Status fault = Fault(); !fault.ok()) {
    FinishTls(fault);
    return;
  }
  if (incoming_.empty()) return;
  const Segment front = incoming_.front();
  if (front.kind == Segment::Kind::kEnd) {
    FinishTls(absl::UnavailableError("connection closed during the TLS handshake"));
    return;
  }
  if (front.kind == Segment::Kind::kHello && front.from_server != tls_->server) {
    if (tls_->server) tls_->resumes = front.resumes;
    incoming_.pop_front();
    tls_answering_ = true;
    const Duration wait = tls_->server ? connection_->link().tls_latency : Duration{0};
    loop_.CallAfter(wait, [connection = connection_, side = side_] {
      if (connection->end(side) != nullptr) connection->end(side)->AnswerHello();
    });
    return;
  }
  if (front.kind != Segment::Kind::kAlert) {
    connection_->Transmit(side_, {.kind = Segment::Kind::kAlert});
  }
  FinishTls(absl::FailedPreconditionError(front.kind == Segment::Kind::kAlert
                                              ? "TLS handshake refused by the peer"
                                              : "TLS handshake: the peer did not speak TLS"));
}

void VirtualStream::AnswerHello() {
  tls_answering_ = false;
  if (!tls_) return;
  const LinkOptions& link = connection_->link();
  if (tls_->server) {
    const bool fails =
        link.tls_failure_probability > 0 && connection_->rng().Chance(link.tls_failure_probability);
    connection_->Transmit(side_, {.kind = fails ? Segment::Kind::kAlert : Segment::Kind::kHello,
                                  .from_server = true});
    if (fails) {
      FinishTls(absl::FailedPreconditionError("TLS handshake failed"));
      return;
    }
  }
  tls_on_ = true;
  TlsInfo info{.protocol = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384"};
  info.resumed = tls_->resumes;
  info.doubt = info.resumed ? tls_->doubt : link.tls_verified ? "" : "self-signed certificate";
  info.verified = !tls_->server && info.doubt.empty();
  if (!tls_->server && tls_->request.sessions != nullptr) {
    TlsSession session{.state = nullptr, .doubt = info.doubt};
    if (info.resumed) session.since = tls_->since;
    tls_->request.sessions->Put(tls_->request.session_key, std::move(session));
  }
  FinishTls(std::move(info));
}

// Every server has the session that a client has.
void VirtualStream::OfferSession() {
  if (tls_->request.sessions == nullptr) return;
  const auto kept = tls_->request.sessions->Take(tls_->request.session_key);
  tls_->resumes = kept.has_value();
  if (!kept.has_value()) return;
  tls_->doubt = kept->doubt;
  tls_->since = kept->since;
}

void VirtualStream::FinishTls(absl::StatusOr<TlsInfo> result) {
  TlsDone done = std::move(tls_->done);
  tls_.reset();
  UpdateWaiting();
  Complete(std::move(done), std::move(result));
}

void VirtualStream::FailAll(const absl::Status& status) {
  if (read_) Complete((*std::exchange(read_, std::nullopt)).done, absl::StatusOr<size_t>(status));
  if (flush_) Complete((*std::exchange(flush_, std::nullopt)).done, status);
  if (tls_) Complete((*std::exchange(tls_, std::nullopt)).done, absl::StatusOr<TlsInfo>(status));
  UpdateWaiting();
}

void VirtualStream::UpdateWaiting() { deadline_.SetWaiting(read_ || flush_ || tls_); }

template <typename Done, typename Result>
void VirtualStream::Complete(Done done, Result result) {
  ++completions_posted_;
  loop_.Post([this, done = std::move(done), result = std::move(result)]() mutable {
    --completions_posted_;
    done(std::move(result));
  });
}

}  // namespace convoy
