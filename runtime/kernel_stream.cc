#include "runtime/kernel_stream.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "runtime/socket_address.h"

namespace convoy {
namespace {

constexpr size_t kPiecesMax = 64;  // in one gathered write
constexpr size_t kCipherReadBytes = 65536;
constexpr size_t kQueueKeepPieces = 64;  // an emptied queue larger than this is given back

// Loop threads take turns in it only within one call.
char* CipherBuffer() {
  thread_local std::array<char, kCipherReadBytes> buffer;
  return buffer.data();
}

absl::Status TimedOut() { return absl::DeadlineExceededError("deadline passed"); }

}  // namespace

KernelStream::KernelStream(KernelLoop& loop, int fd, const Endpoint& local, const Endpoint& peer)
    : loop_(loop), peer_(peer), fd_(fd), local_(local), deadline_(loop, [this] {
        FailAll(TimedOut());
      }) {
  loop_.Watch(fd_, this);
}

KernelStream::~KernelStream() {
  CHECK(read_state_ == OpState::kIdle && flush_state_ == OpState::kIdle &&
        tls_state_ == OpState::kIdle);
  Close();
}

void KernelStream::AwaitConnected(StatusDone done) {
  writable_ = false;
  connect_done_ = std::move(done);
}

void KernelStream::StartRead(char* buffer, size_t size, IoDone done) {
  CHECK(read_state_ == OpState::kIdle && tls_state_ == OpState::kIdle && size > 0);
  read_state_ = OpState::kWaiting;
  read_buffer_ = buffer;
  read_size_ = size;
  read_done_ = std::move(done);
  TryWrite();
  ServeRead();
  UpdateWaiting();
}

void KernelStream::Send(SharedBytes bytes) {
  if (fd_ < 0 || !broken_.ok() || bytes.size() == 0) return;
  queued_plain_bytes_ += bytes.size();
  queue_.push_back(std::move(bytes));
}

void KernelStream::StartFlush(size_t queued_bytes_max, StatusDone done) {
  CHECK(flush_state_ == OpState::kIdle && tls_state_ == OpState::kIdle);
  flush_state_ = OpState::kWaiting;
  flush_max_ = queued_bytes_max;
  flush_done_ = std::move(done);
  TryWrite();
  ServeFlush();
  if (!broken_.ok()) ServeRead();
  UpdateWaiting();
}

void KernelStream::StartTls(TlsRequest request, TlsDone done) {
  CHECK(read_state_ == OpState::kIdle && flush_state_ == OpState::kIdle &&
        tls_state_ == OpState::kIdle && tls_engine_ == nullptr && queued_bytes() == 0);
  tls_state_ = OpState::kWaiting;
  tls_done_ = std::move(done);
  absl::StatusOr<std::unique_ptr<TlsEngine>> engine = TlsEngine::Create(request);
  if (!engine.ok()) {
    EndTls(absl::FailedPreconditionError(engine.status().message()));
    return;
  }
  tls_engine_ = *std::move(engine);
  ServeTls();
  UpdateWaiting();
}

size_t KernelStream::queued_bytes() const {
  const size_t encrypted = tls_engine_ == nullptr ? 0 : tls_engine_->output().size();
  return queued_plain_bytes_ + encrypted;
}

void KernelStream::Close() {
  if (fd_ < 0) return;
  if (tls_engine_ != nullptr && broken_.ok() && queued_bytes() == 0) {
    tls_engine_->Shutdown();
    TryWrite();
  }
  loop_.Unwatch(this);
  // Closing with unread bytes makes the kernel reset the connection, otherwise it ends orderly.
  ::close(std::exchange(fd_, -1));
  queue_.clear();
  queue_first_ = first_sent_bytes_ = queued_plain_bytes_ = 0;
  tls_engine_.reset();
  FailAll(absl::CancelledError("stream closed"));
}

void KernelStream::OnReady(uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    hung_up_ = true;
    readable_ = true;
  }
  // Also with the event that ends the connecting: a quick peer's greeting has no other edge.
  if ((events & EPOLLIN) != 0) readable_ = true;
  if (connect_done_ != nullptr) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) FinishConnect();
    return;
  }
  if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) writable_ = true;
  Progress();
}

void KernelStream::FinishConnect() {
  int error = 0;
  socklen_t size = sizeof error;
  CHECK(getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0);
  StatusDone done = std::exchange(connect_done_, nullptr);
  if (error == 0) {
    writable_ = true;
    local_ = LocalEndpoint(fd_);
    done(absl::OkStatus());
  } else {
    done(SocketError("connect", error));
  }
}

void KernelStream::Progress() {
  if (tls_state_ == OpState::kWaiting) {
    ServeTls();
  } else {
    if (writing_) TryWrite();
    ServeFlush();
    ServeRead();
  }
  UpdateWaiting();
}

absl::Status KernelStream::Fault() const {
  if (fd_ < 0) return absl::CancelledError("stream closed");
  if (deadline_.Passed()) return TimedOut();
  return broken_;
}

void KernelStream::TryWrite() {
  if (fd_ < 0 || !broken_.ok()) return;
  writing_ = true;
  if (writable_) {
    if (tls_engine_ == nullptr) {
      WritePlain();
    } else {
      WriteEncrypted();
    }
  }
  if (queued_bytes() == 0) writing_ = false;
  ServeFlush();
}

void KernelStream::WritePlain() {
  while (writable_ && queued_plain_bytes_ > 0) {
    std::array<iovec, kPiecesMax> pieces;
    size_t count = 0;
    size_t total = 0;
    size_t skip = first_sent_bytes_;
    for (size_t i = queue_first_; i < queue_.size() && count < kPiecesMax; ++i) {
      const std::string_view bytes = queue_[i].view().substr(std::exchange(skip, 0));
      pieces[count++] = {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
      total += bytes.size();
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      writable_ = false;
      if (errno != EAGAIN) Break(SocketError("write", errno));
      return;
    }
    if (static_cast<size_t>(sent) < total) writable_ = false;
    ConsumeQueue(static_cast<size_t>(sent));
  }
}

void KernelStream::WriteEncrypted() {
  while (writable_) {
    Encrypt();
    const std::string_view output = tls_engine_->output();
    if (output.empty() || !broken_.ok()) return;
    const ssize_t sent = send(fd_, output.data(), output.size(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      writable_ = false;
      if (errno != EAGAIN) Break(SocketError("write", errno));
      return;
    }
    if (static_cast<size_t>(sent) < output.size()) writable_ = false;
    tls_engine_->ConsumeOutput(static_cast<size_t>(sent));
  }
}

void KernelStream::Encrypt() {
  std::array<char, TlsEngine::kRecordBytesMax> record;
  while (queued_plain_bytes_ > 0 && tls_engine_->output().size() < TlsEngine::kOutputBytesMax) {
    // Small pieces share a record: a command and its neighbours cost one header and tag.
    size_t size = 0;
    while (size < record.size() && queued_plain_bytes_ > 0) {
      const std::string_view piece = queue_[queue_first_].view().substr(first_sent_bytes_);
      const size_t n = std::min(piece.size(), record.size() - size);
      std::copy_n(piece.data(), n, record.data() + size);
      size += n;
      ConsumeQueue(n);
    }
    if (absl::Status status = tls_engine_->Write({record.data(), size}); !status.ok()) {
      Break(std::move(status));
      return;
    }
  }
}

void KernelStream::ConsumeQueue(size_t bytes) {
  queued_plain_bytes_ -= bytes;
  while (bytes > 0) {
    const size_t left = queue_[queue_first_].size() - first_sent_bytes_;
    if (bytes < left) {
      first_sent_bytes_ += bytes;
      return;
    }
    bytes -= left;
    first_sent_bytes_ = 0;
    queue_[queue_first_++] = SharedBytes();
  }
  if (queue_first_ < queue_.size()) return;
  queue_.clear();
  queue_first_ = 0;
  if (queue_.capacity() > kQueueKeepPieces) queue_.shrink_to_fit();
}

absl::StatusOr<size_t> KernelStream::ReadRaw(char* buffer, size_t size) {
  while (readable_) {
    const ssize_t n = recv(fd_, buffer, size, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      readable_ = false;
      if (error == EAGAIN) return kAgain;
      return SocketError("read", error);
    }
    // A short read has emptied the socket; the next byte raises a new notice.
    if (static_cast<size_t>(n) < size && !hung_up_) readable_ = false;
    return static_cast<size_t>(n);
  }
  return kAgain;
}

absl::StatusOr<size_t> KernelStream::ReadEncrypted(char* buffer, size_t size) {
  for (;;) {
    const absl::StatusOr<size_t> plain = tls_engine_->Read(buffer, size);
    if (!plain.ok() || *plain > 0 || tls_engine_->ended()) return plain;
    const absl::StatusOr<size_t> n = ReadRaw(CipherBuffer(), kCipherReadBytes);
    // An end without close_notify is common and harmless here: SMTP marks its own ends.
    if (!n.ok() || *n == kAgain || *n == 0) return n;
    tls_engine_->Feed({CipherBuffer(), *n});
  }
}

absl::StatusOr<size_t> KernelStream::TryRead(char* buffer, size_t size) {
  return tls_engine_ == nullptr ? ReadRaw(buffer, size) : ReadEncrypted(buffer, size);
}

void KernelStream::ServeRead() {
  if (read_state_ != OpState::kWaiting) return;
  if (fd_ < 0 || deadline_.Passed()) {
    EndRead(Fault());
    return;
  }
  // A connection that cannot be written to may still hold an answer: read before giving up.
  if (!broken_.ok()) readable_ = true;
  absl::StatusOr<size_t> result = TryRead(read_buffer_, read_size_);
  if (tls_engine_ != nullptr && !tls_engine_->output().empty()) TryWrite();
  if (result.ok() && *result == kAgain) {
    if (!broken_.ok()) EndRead(broken_);
    return;
  }
  EndRead(std::move(result));
}

void KernelStream::ServeFlush() {
  if (flush_state_ != OpState::kWaiting) return;
  const absl::Status fault = Fault();
  if (fault.ok() && queued_bytes() > flush_max_) return;
  EndFlush(fault);
}

void KernelStream::ServeTls() {
  if (tls_state_ != OpState::kWaiting) return;
  for (;;) {
    if (const absl::Status fault = Fault(); !fault.ok()) {
      EndTls(fault);
      return;
    }
    const absl::StatusOr<bool> complete = tls_engine_->Handshake();
    TryWrite();  // also when it failed: the alert tells the peer why
    if (!complete.ok()) {
      Break(complete.status());
      EndTls(complete.status());
      return;
    }
    if (*complete) {
      EndTls(tls_engine_->info());
      return;
    }
    const absl::StatusOr<size_t> n = ReadRaw(CipherBuffer(), kCipherReadBytes);
    if (n.ok() && *n == kAgain) return;
    if (!n.ok() || *n == 0) {
      Break(n.ok() ? absl::UnavailableError("connection closed during the TLS handshake")
                   : n.status());
      EndTls(broken_);
      return;
    }
    tls_engine_->Feed({CipherBuffer(), *n});
  }
}

void KernelStream::Break(absl::Status why) {
  broken_ = std::move(why);
  queue_.clear();
  queue_first_ = first_sent_bytes_ = queued_plain_bytes_ = 0;
}

void KernelStream::EndRead(absl::StatusOr<size_t> result) {
  read_state_ = OpState::kEnded;
  read_result_ = std::move(result);
  loop_.Post([this] {
    read_state_ = OpState::kIdle;
    std::exchange(read_done_, nullptr)(std::move(read_result_));
  });
}

void KernelStream::EndFlush(absl::Status status) {
  flush_state_ = OpState::kEnded;
  flush_result_ = std::move(status);
  loop_.Post([this] {
    flush_state_ = OpState::kIdle;
    std::exchange(flush_done_, nullptr)(std::move(flush_result_));
  });
}

void KernelStream::EndTls(absl::StatusOr<TlsInfo> result) {
  tls_state_ = OpState::kEnded;
  tls_result_ = std::move(result);
  loop_.Post([this] {
    tls_state_ = OpState::kIdle;
    std::exchange(tls_done_, nullptr)(std::move(tls_result_));
  });
}

void KernelStream::FailAll(const absl::Status& status) {
  if (read_state_ == OpState::kWaiting) EndRead(status);
  if (flush_state_ == OpState::kWaiting) EndFlush(status);
  if (tls_state_ == OpState::kWaiting) EndTls(status);
  UpdateWaiting();
}

void KernelStream::UpdateWaiting() {
  deadline_.SetWaiting(read_state_ == OpState::kWaiting || flush_state_ == OpState::kWaiting ||
                       tls_state_ == OpState::kWaiting);
}

}  // namespace convoy
