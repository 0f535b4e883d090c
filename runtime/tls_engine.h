// One TLS connection without its socket: bytes from the peer go in, bytes for the peer come out.
//
//     socket -> Feed() -> Handshake(), Read()      Handshake(), Write() -> output() -> socket
//
// RFC:       8446, 6066 3 (no SNI for an address), 6125 6 (names in certificates), 7671 (TLSA)
// Limits:    kOutputBytesMax is where a caller should stop writing until output() has left
// Errors:    FailedPrecondition with OpenSSL's reason; the engine is dead afterwards, but output()
//            may hold an alert that is worth sending
// Thread:    loop-affine
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/stream.h"
#include "runtime/tls_session_cache.h"

struct ssl_st;
struct ssl_session_st;

namespace convoy {

class TlsEngine {
 public:
  static constexpr size_t kRecordBytesMax = 16384;
  static constexpr size_t kOutputBytesMax = 128 * 1024;

  // InvalidArgument if the request has no context, a name is not a host name or none of its TLSA
  // records can be used.
  static absl::StatusOr<std::unique_ptr<TlsEngine>> Create(const TlsRequest& request);
  TlsEngine(const TlsEngine&) = delete;
  TlsEngine& operator=(const TlsEngine&) = delete;
  ~TlsEngine();

  // Bytes from the peer.
  void Feed(std::string_view ciphertext);
  // Goes on with the handshake: true when it is complete, false when more must be fed.
  absl::StatusOr<bool> Handshake();
  // Up to `size` bytes of plain text; 0 when more must be fed, or when ended().
  absl::StatusOr<size_t> Read(char* buffer, size_t size);
  // Encrypts all of `plain` into output().
  absl::Status Write(std::string_view plain);
  // Says goodbye (close_notify).
  void Shutdown();

  // What must go to the peer.
  std::string_view output() const { return std::string_view(output_).substr(output_start_); }
  void ConsumeOutput(size_t bytes);

  bool ended() const { return ended_; }
  // After the handshake.
  TlsInfo info() const;

  // OpenSSL's: a session that can be resumed. 1: it was taken over.
  static int OnNewSession(ssl_st* ssl, ssl_session_st* session);

 private:
  explicit TlsEngine(ssl_st* ssl);
  void CollectOutput();
  void Resume(const TlsRequest& request);
  void KeepResumed();
  // Empty: verified.
  std::string Doubt() const;
  absl::Status Failure(std::string_view what, int result);

  ssl_st* const ssl_;
  std::string output_;
  size_t output_start_ = 0;
  bool name_checked_ = false;  // a client that knows whom it wants to reach
  bool tlsa_checked_ = false;  // by TLSA records
  TlsSessionCache* sessions_ = nullptr;
  std::string session_key_;
  std::optional<TlsSession> offered_;  // the session that was offered to be resumed
  bool ended_ = false;
};

}  // namespace convoy
