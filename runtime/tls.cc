#include "runtime/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/text.h"
#include "runtime/tls_engine.h"

namespace convoy {
namespace {

std::string Reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return reason == nullptr ? "unknown reason" : reason;
}

SSL_CTX* NewContext(const SSL_METHOD* method) {
  SSL_CTX* const context = SSL_CTX_new(method);
  if (context == nullptr) return nullptr;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  // Thousands of idle connections: give buffers back between records.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  return context;
}

absl::Status Unusable(std::string_view what, const std::string& file) {
  return absl::InvalidArgumentError(Cat("cannot use ", what, " '", file, "': ", Reason()));
}

}  // namespace

TlsContext::~TlsContext() { SSL_CTX_free(native_); }

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Client(const ClientOptions& options) {
  ERR_clear_error();
  SSL_CTX* const native = NewContext(TLS_client_method());
  if (native == nullptr) return absl::InternalError(Cat("TLS: ", Reason()));
  std::shared_ptr<const TlsContext> context(new TlsContext(native));
  const bool loaded = options.ca_file.empty() ? SSL_CTX_set_default_verify_paths(native) == 1
                                              : SSL_CTX_load_verify_locations(
                                                    native, options.ca_file.c_str(), nullptr) == 1;
  if (!loaded) return Unusable("CA file", options.ca_file);
  SSL_CTX_set_verify(native, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  // Sessions are kept by the engines that are asked to, see TlsSessionCache.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(native, &TlsEngine::OnNewSession);
  if (SSL_CTX_dane_enable(native) != 1) return absl::InternalError(Cat("TLS: ", Reason()));
  SSL_CTX_dane_set_flags(native, DANE_FLAG_NO_DANE_EE_NAMECHECKS);  // RFC 7672 3.1.1
  // Unverified encryption with an old key still beats none.
  if (!options.verify) SSL_CTX_set_security_level(native, 1);
  return context;
}

absl::StatusOr<std::shared_ptr<const TlsContext>> TlsContext::Server(const ServerOptions& options) {
  ERR_clear_error();
  SSL_CTX* const native = NewContext(TLS_server_method());
  if (native == nullptr) return absl::InternalError(Cat("TLS: ", Reason()));
  std::shared_ptr<const TlsContext> context(new TlsContext(native));
  const std::string& certificate = options.certificate_file;
  const std::string& key = options.key_file.empty() ? certificate : options.key_file;
  if (SSL_CTX_use_certificate_chain_file(native, certificate.c_str()) != 1) {
    return Unusable("TLS certificate file", certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(native, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Unusable("TLS key file", key);
  }
  if (SSL_CTX_check_private_key(native) != 1) return Unusable("TLS key file", key);
  return context;
}

}  // namespace convoy
