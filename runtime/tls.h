// Certificates and policy for TLS, shared by the streams that use them.
//
// RFC:       8446 (TLS 1.3; 1.2 is accepted, nothing older), 3207 (STARTTLS), 6066 3 (SNI)
// Errors:    InvalidArgument: a file that cannot be used, with its name and OpenSSL's reason
// Thread:    immutable, shared
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"

struct ssl_ctx_st;

namespace convoy {

class TlsContext {
 public:
  struct ClientOptions {
    // false: opportunistic. Any certificate will do, old keys too, since the alternative is plain
    // text; TlsInfo::verified still says whether it was good. true: a bad chain or name fails.
    bool verify = false;
    std::string ca_file;  // PEM; empty: the system's store
  };
  struct ServerOptions {
    std::string certificate_file;  // PEM chain, our own certificate first
    std::string key_file;          // PEM; empty: in certificate_file
  };
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Client(const ClientOptions& options);
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Server(const ServerOptions& options);

  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  ~TlsContext();

  ssl_ctx_st* native() const { return native_; }

 private:
  explicit TlsContext(ssl_ctx_st* native) : native_(native) {}
  ssl_ctx_st* const native_;
};

}  // namespace convoy
