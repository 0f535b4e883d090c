// A byte stream to one peer, and the network that opens and accepts them.
//
// Writing is buffered: Send() only queues, and the queue leaves in one gathered write when the
// owner next reads or flushes. So the end of one body and the next envelope leave together (RFC
// 2920 3.1), and a write never blocks reading: both directions always make progress.
//
//   high path: the peer reads slowly -> queued_bytes() grows -> the owner awaits Flush(limit)
//   before
//              it produces more
//   low path:  the kernel takes bytes -> Flush() resumes
//
// RFC:       5321 4.5.3.2 (a timeout per command: SetDeadline), 3207 4 (StartTls)
// Errors:    Unavailable: refused, reset, unreachable; DeadlineExceeded: the deadline passed;
//            Cancelled: Close() was called; FailedPrecondition: TLS failed. After any error of Read
//            or Flush the stream is dead and only Close() makes sense. A read of 0 bytes is the
//            peer's orderly end.
// Thread:    loop-affine
#pragma once

#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/ip_address.h"
#include "base/time_types.h"
#include "runtime/tlsa_record.h"

namespace convoy {

// Bytes whose owner is kept alive until they have been written.
class SharedBytes {
 public:
  SharedBytes() = default;
  explicit SharedBytes(std::string bytes)
      : owner_(std::make_shared<const std::string>(std::move(bytes))), view_(*owner_) {}
  SharedBytes(std::shared_ptr<const std::string> owner, std::string_view view)
      : owner_(std::move(owner)), view_(view) {}
  std::string_view view() const { return view_; }
  size_t size() const { return view_.size(); }

 private:
  std::shared_ptr<const std::string> owner_;
  std::string_view view_;
};

class TlsContext;       // runtime/tls.h: certificates and policy, shared by many streams
class TlsSessionCache;  // runtime/tls_session_cache.h

struct TlsRequest {
  std::shared_ptr<const TlsContext> context;
  bool server = false;
  std::string sni;  // client: the name asked for (RFC 6066 3); empty: none
  // Client: other names than `sni` that the certificate may be for.
  std::vector<std::string> names;
  // Client: only these prove the peer; neither the system's authorities nor, for DANE-EE, names and
  // dates count (RFC 7672 3.1). Empty: the authorities of the context.
  std::vector<TlsaRecord> tlsa;
  // Client: where sessions to resume are, and under which key; null: a whole handshake each time.
  TlsSessionCache* sessions = nullptr;
  std::string session_key;
};

// What a handshake agreed on.
struct TlsInfo {
  std::string protocol;   // "TLSv1.3"
  std::string cipher;     // OpenSSL's name
  bool verified = false;  // the peer's chain and name were checked and are good
  std::string doubt;      // why not, in a few words
  bool resumed = false;   // an earlier session goes on: it was checked then
};

using IoDone = absl::AnyInvocable<void(absl::StatusOr<size_t>)>;
using StatusDone = absl::AnyInvocable<void(absl::Status)>;
using TlsDone = absl::AnyInvocable<void(absl::StatusOr<TlsInfo>)>;

class Stream {
 public:
  // Closes at once; pending operations must have completed before (see Close).
  virtual ~Stream() = default;

  // Flushes what is queued, then reads 1 to `size` bytes into `buffer`, which must stay valid until
  // `done`. One read at a time. `done` is never called from inside this call.
  virtual void StartRead(char* buffer, size_t size, IoDone done) = 0;
  // Queues `bytes` behind everything queued before. Never blocks, never fails: a lost connection is
  // reported by the next Read or Flush.
  virtual void Send(SharedBytes bytes) = 0;
  // Begins writing what is queued; `done` when at most `queued_bytes_max` are left, or on an error.
  // One flush at a time.
  virtual void StartFlush(size_t queued_bytes_max, StatusDone done) = 0;
  // Handshake over this connection. No read may be pending and nothing queued.
  virtual void StartTls(TlsRequest request, TlsDone done) = 0;
  // Pending and later operations fail with DeadlineExceeded from then on; kMonoMax removes it.
  virtual void SetDeadline(MonoTime when) = 0;
  // Drops the connection. Pending operations complete with Cancelled in a later turn; the stream
  // must live until then.
  virtual void Close() = 0;

  virtual size_t queued_bytes() const = 0;
  virtual Endpoint local() const = 0;
  virtual Endpoint peer() const = 0;

  void Send(std::string bytes) { Send(SharedBytes(std::move(bytes))); }

  // Awaitable forms: `co_await stream.Read(buffer, size)`.
  class [[nodiscard]] ReadOp;
  class [[nodiscard]] FlushOp;
  class [[nodiscard]] TlsOp;
  ReadOp Read(char* buffer, size_t size);
  FlushOp Flush(size_t queued_bytes_max = 0);
  TlsOp Handshake(TlsRequest request);
};

class Stream::ReadOp {
 public:
  ReadOp(Stream& stream, char* buffer, size_t size)
      : stream_(stream), buffer_(buffer), size_(size) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    stream_.StartRead(buffer_, size_, [this, waiting](absl::StatusOr<size_t> result) {
      result_ = std::move(result);
      waiting.resume();
    });
  }
  absl::StatusOr<size_t> await_resume() { return std::move(result_); }

 private:
  Stream& stream_;
  char* buffer_;
  size_t size_;
  absl::StatusOr<size_t> result_ = size_t{0};
};

class Stream::FlushOp {
 public:
  FlushOp(Stream& stream, size_t queued_bytes_max) : stream_(stream), max_(queued_bytes_max) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    stream_.StartFlush(max_, [this, waiting](absl::Status status) {
      status_ = std::move(status);
      waiting.resume();
    });
  }
  absl::Status await_resume() { return std::move(status_); }

 private:
  Stream& stream_;
  size_t max_;
  absl::Status status_;
};

class Stream::TlsOp {
 public:
  TlsOp(Stream& stream, TlsRequest request) : stream_(stream), request_(std::move(request)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    stream_.StartTls(std::move(request_), [this, waiting](absl::StatusOr<TlsInfo> result) {
      result_ = std::move(result);
      waiting.resume();
    });
  }
  absl::StatusOr<TlsInfo> await_resume() { return std::move(result_); }

 private:
  Stream& stream_;
  TlsRequest request_;
  absl::StatusOr<TlsInfo> result_ = absl::UnknownError("handshake not started");
};

inline Stream::ReadOp Stream::Read(char* buffer, size_t size) {
  return ReadOp(*this, buffer, size);
}
inline Stream::FlushOp Stream::Flush(size_t max) { return FlushOp(*this, max); }
inline Stream::TlsOp Stream::Handshake(TlsRequest request) {
  return TlsOp(*this, std::move(request));
}

struct ConnectRequest {
  std::optional<IpAddress> source;  // bound before connecting; unset: the kernel's choice
  Endpoint peer;
  MonoTime deadline = kMonoMax;
};
using ConnectDone = absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<Stream>>)>;
using AcceptHandler = absl::AnyInvocable<void(std::unique_ptr<Stream>)>;

// Accepts until destroyed.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual Endpoint local() const = 0;  // with the real port, when 0 was asked for
  // High path: stop accepting (the backlog fills); low path: go on.
  virtual void Pause() = 0;
  virtual void Resume() = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  // Unavailable (refused, unreachable), DeadlineExceeded, or FailedPrecondition when the source
  // address cannot be bound on this host (that is ours to fix, not the peer's).
  virtual void StartConnect(ConnectRequest request, ConnectDone done) = 0;
  virtual absl::StatusOr<std::unique_ptr<Listener>> Listen(Endpoint where,
                                                           AcceptHandler accepted) = 0;
};

// `auto stream = co_await Connect(network, request)`.
class [[nodiscard]] Connect {
 public:
  Connect(Network& network, ConnectRequest request)
      : network_(network), request_(std::move(request)) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    network_.StartConnect(std::move(request_),
                          [this, waiting](absl::StatusOr<std::unique_ptr<Stream>> result) {
                            result_ = std::move(result);
                            waiting.resume();
                          });
  }
  absl::StatusOr<std::unique_ptr<Stream>> await_resume() { return std::move(result_); }

 private:
  Network& network_;
  ConnectRequest request_;
  absl::StatusOr<std::unique_ptr<Stream>> result_ = absl::UnknownError("not connected");
};

}  // namespace convoy
