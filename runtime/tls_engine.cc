#include "runtime/tls_engine.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/ip_address.h"
#include "base/text.h"
#include "runtime/tls.h"
#include "runtime/tls_session_cache.h"

namespace convoy {
namespace {

// An emptied output buffer larger than this is given back.
constexpr size_t kOutputKeepBytes = 4096;

// The name for SNI and for the certificate; an address goes only into the certificate check.
bool SetPeerName(SSL* ssl, std::string name) {
  if (name.ends_with('.')) name.pop_back();
  if (name.empty()) return true;
  if (IpAddress::Parse(name).ok()) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
  }
  return SSL_set_tlsext_host_name(ssl, name.c_str()) == 1 && SSL_set1_host(ssl, name.c_str()) == 1;
}

// From now on the peer proves itself by the records alone, as the host `request.sni`.
bool UseTlsa(SSL* ssl, const TlsRequest& request) {
  if (SSL_dane_enable(ssl, request.sni.c_str()) != 1) return false;
  int usable = 0;
  for (const TlsaRecord& record : request.tlsa) {
    const auto* const data = reinterpret_cast<const unsigned char*>(record.data.data());
    const int added = SSL_dane_tlsa_add(ssl, record.usage, record.selector, record.matching, data,
                                        record.data.size());
    if (added > 0) ++usable;
  }
  // With none OpenSSL would go by the authorities instead.
  return usable > 0;
}

bool AddNames(SSL* ssl, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (SSL_add1_host(ssl, name.c_str()) != 1) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsEngine>> TlsEngine::Create(const TlsRequest& request) {
  if (request.context == nullptr) {
    return absl::InvalidArgumentError("TLS requested without a context");
  }
  ERR_clear_error();
  SSL* const ssl = SSL_new(request.context->native());
  CHECK(ssl != nullptr);
  std::unique_ptr<TlsEngine> engine(new TlsEngine(ssl));
  if (request.server) {
    SSL_set_accept_state(ssl);
    return engine;
  }
  engine->name_checked_ = !request.sni.empty();
  SSL_set_connect_state(ssl);
  // DNS names of the certificate only, `*` only for a whole label (RFC 6125 6.4, 8461 4.2).
  SSL_set_hostflags(ssl,
                    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  engine->tlsa_checked_ = !request.tlsa.empty();
  if (engine->tlsa_checked_ && !UseTlsa(ssl, request)) {
    ERR_clear_error();
    return absl::InvalidArgumentError("none of the TLSA records can be used");
  }
  if (request.sessions != nullptr) engine->Resume(request);
  if (!SetPeerName(ssl, request.sni) || !AddNames(ssl, request.names)) {
    ERR_clear_error();
    return absl::InvalidArgumentError(Cat("not a host name for TLS: '", Escape(request.sni), "'"));
  }
  return engine;
}

// Offers a session that is kept, and keeps those that come.
void TlsEngine::Resume(const TlsRequest& request) {
  sessions_ = request.sessions;
  session_key_ = request.session_key;
  SSL_set_app_data(ssl_, this);
  SSL_clear_options(ssl_, SSL_OP_NO_TICKET);
  offered_ = sessions_->Take(session_key_);
  if (!offered_.has_value()) return;
  SSL_set_session(ssl_, static_cast<SSL_SESSION*>(offered_->state.get()));
}

// A session of TLS 1.2 that worked is good for another time; TLS 1.3 brings a new ticket.
void TlsEngine::KeepResumed() {
  if (!offered_.has_value() || SSL_session_reused(ssl_) != 1) return;
  if (SSL_version(ssl_) < TLS1_3_VERSION) sessions_->Put(session_key_, *offered_);
}

int TlsEngine::OnNewSession(ssl_st* ssl, ssl_session_st* session) {
  const auto* const engine = static_cast<const TlsEngine*>(SSL_get_app_data(ssl));
  if (engine == nullptr || SSL_SESSION_is_resumable(session) != 1) return 0;
  TlsSession kept;
  kept.state = std::shared_ptr<void>(
      session, [](void* state) { SSL_SESSION_free(static_cast<SSL_SESSION*>(state)); });
  kept.doubt = engine->Doubt();
  if (SSL_session_reused(ssl) == 1) kept.since = engine->offered_->since;
  engine->sessions_->Put(engine->session_key_, std::move(kept));
  return 1;
}

TlsEngine::TlsEngine(ssl_st* ssl) : ssl_(ssl) {
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  CHECK(in != nullptr && out != nullptr);
  BIO_set_mem_eof_return(in, -1);
  SSL_set_bio(ssl_, in, out);  // owns both
}

TlsEngine::~TlsEngine() {
  // How the connection ended says nothing about its session (RFC 8446 6.1), but OpenSSL would no
  // longer resume it.
  SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

void TlsEngine::Feed(std::string_view ciphertext) {
  const int n = static_cast<int>(ciphertext.size());
  CHECK(BIO_write(SSL_get_rbio(ssl_), ciphertext.data(), n) == n);
}

absl::StatusOr<bool> TlsEngine::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  CollectOutput();
  if (result == 1) {
    KeepResumed();
    return true;
  }
  if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) return false;
  return Failure("TLS handshake", result);
}

absl::StatusOr<size_t> TlsEngine::Read(char* buffer, size_t size) {
  if (ended_) return size_t{0};
  ERR_clear_error();
  size_t n = 0;
  const int result = SSL_read_ex(ssl_, buffer, size, &n);
  CollectOutput();  // a read may answer a key update
  if (result == 1) return n;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return size_t{0};
    case SSL_ERROR_ZERO_RETURN:
      ended_ = true;
      return size_t{0};
    default:
      return Failure("TLS read", result);
  }
}

absl::Status TlsEngine::Write(std::string_view plain) {
  ERR_clear_error();
  while (!plain.empty()) {
    size_t n = 0;
    const int result = SSL_write_ex(ssl_, plain.data(), plain.size(), &n);
    if (result != 1) return Failure("TLS write", result);
    plain.remove_prefix(n);
  }
  CollectOutput();
  return absl::OkStatus();
}

void TlsEngine::Shutdown() {
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_) == 1) SSL_shutdown(ssl_);
  ERR_clear_error();
  CollectOutput();
}

void TlsEngine::ConsumeOutput(size_t bytes) {
  output_start_ += bytes;
  CHECK(output_start_ <= output_.size());
  if (output_start_ < output_.size()) return;
  output_.clear();
  output_start_ = 0;
  if (output_.capacity() > kOutputKeepBytes) output_.shrink_to_fit();
}

void TlsEngine::CollectOutput() {
  BIO* const out = SSL_get_wbio(ssl_);
  char* bytes = nullptr;
  const long n = BIO_get_mem_data(out, &bytes);
  if (n <= 0) return;
  output_.append(bytes, static_cast<size_t>(n));
  CHECK(BIO_reset(out) == 1);
}

absl::Status TlsEngine::Failure(std::string_view what, int result) {
  CollectOutput();
  const unsigned long code = ERR_peek_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  const long verify = SSL_get_verify_result(ssl_);
  if (verify != X509_V_OK && code != 0 && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    reason = X509_verify_cert_error_string(verify);
  }
  const int error = SSL_get_error(ssl_, result);
  ERR_clear_error();
  return absl::FailedPreconditionError(reason == nullptr ? Cat(what, " failed (", error, ")")
                                                         : Cat(what, " failed: ", reason));
}

TlsInfo TlsEngine::info() const {
  TlsInfo info;
  info.protocol = SSL_get_version(ssl_);
  info.cipher = SSL_get_cipher_name(ssl_);
  info.resumed = SSL_session_reused(ssl_) == 1;
  info.doubt = Doubt();
  info.verified = info.doubt.empty();
  return info;
}

std::string TlsEngine::Doubt() const {
  if (!name_checked_) return "no name to check";
  if (SSL_session_reused(ssl_) == 1) return offered_->doubt;
  if (SSL_get0_peer_certificate(ssl_) == nullptr) return "no certificate";
  const long result = SSL_get_verify_result(ssl_);
  if (result != X509_V_OK) return X509_verify_cert_error_string(result);
  const bool matched = !tlsa_checked_ || SSL_get0_dane_authority(ssl_, nullptr, nullptr) >= 0;
  return matched ? "" : "no TLSA record matches";
}

}  // namespace convoy
