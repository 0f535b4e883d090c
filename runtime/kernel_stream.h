// A TCP connection on the kernel's sockets, in plain text or TLS.
//
// Reads and writes are tried at once when the descriptor is known to be ready and otherwise wait
// for the loop's edge-triggered notice; a short read or write means "not ready". So one message
// costs one gathered write and one read, plus its share of an epoll wait.
//
//     plain:  queue_ --sendmsg--> socket            socket --recv--> the reader's buffer
//     TLS:    queue_ -> engine -> output --send-->  socket --recv--> engine -> the reader's buffer
//
// Nothing is read unless a read or a handshake asks for it, so no plain text can be taken before a
// handshake and believed after it (the STARTTLS injection).
//
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/ip_address.h"
#include "runtime/deadline_watch.h"
#include "runtime/kernel_loop.h"
#include "runtime/stream.h"
#include "runtime/tls_engine.h"

namespace convoy {

class KernelStream final : public Stream, private FdWatcher {
 public:
  // Owns `fd`, a connected or connecting non-blocking socket.
  KernelStream(KernelLoop& loop, int fd, const Endpoint& local, const Endpoint& peer);
  ~KernelStream() override;

  // For a connecting socket: `done` once, with the result. Before any other operation.
  void AwaitConnected(StatusDone done);

  void StartRead(char* buffer, size_t size, IoDone done) override;
  using Stream::Send;
  void Send(SharedBytes bytes) override;
  void StartFlush(size_t queued_bytes_max, StatusDone done) override;
  void StartTls(TlsRequest request, TlsDone done) override;
  void SetDeadline(MonoTime when) override { deadline_.Set(when); }
  void Close() override;
  size_t queued_bytes() const override;
  Endpoint local() const override { return local_; }
  Endpoint peer() const override { return peer_; }

 private:
  // Idle -> waiting (Start...) -> ended (the result is known) -> idle (the callback has it).
  enum class OpState : uint8_t { kIdle, kWaiting, kEnded };

  void OnReady(uint32_t events) override;
  // What a new operation fails with, if anything.
  absl::Status Fault() const;
  void Progress();
  void FinishConnect();
  void ServeRead();
  void ServeFlush();
  void ServeTls();
  void EndRead(absl::StatusOr<size_t> result);
  void EndFlush(absl::Status status);
  void EndTls(absl::StatusOr<TlsInfo> result);
  void FailAll(const absl::Status& status);
  void Break(absl::Status why);
  void UpdateWaiting();

  // Writing: as much as the kernel takes now.
  void TryWrite();
  void WritePlain();
  void WriteEncrypted();
  void Encrypt();
  void ConsumeQueue(size_t bytes);

  // Reading: kAgain when nothing is there now.
  static constexpr size_t kAgain = SIZE_MAX;
  absl::StatusOr<size_t> TryRead(char* buffer, size_t size);
  absl::StatusOr<size_t> ReadRaw(char* buffer, size_t size);
  absl::StatusOr<size_t> ReadEncrypted(char* buffer, size_t size);

  // Constant after construction.
  KernelLoop& loop_;
  const Endpoint peer_;

  // The socket.
  int fd_;
  Endpoint local_;
  bool readable_ = false;
  bool writable_ = true;
  bool hung_up_ = false;  // the peer has ended: a short read says nothing
  absl::Status broken_;   // why the connection is of no more use
  std::unique_ptr<TlsEngine> tls_engine_;

  // Sending.
  std::vector<SharedBytes> queue_;
  size_t queue_first_ = 0;       // index of the first piece not sent
  size_t first_sent_bytes_ = 0;  // of that piece
  size_t queued_plain_bytes_ = 0;
  bool writing_ = false;  // a flush or read has begun to write; the rest follows by itself

  // Operations.
  OpState read_state_ = OpState::kIdle;
  OpState flush_state_ = OpState::kIdle;
  OpState tls_state_ = OpState::kIdle;
  char* read_buffer_ = nullptr;
  size_t read_size_ = 0;
  size_t flush_max_ = 0;
  absl::StatusOr<size_t> read_result_ = size_t{0};
  absl::Status flush_result_;
  absl::StatusOr<TlsInfo> tls_result_ = TlsInfo{};
  IoDone read_done_;
  StatusDone flush_done_;
  TlsDone tls_done_;
  StatusDone connect_done_;
  DeadlineWatch deadline_;
};

}  // namespace convoy
