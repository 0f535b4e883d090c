// The beginning of a client session: greeting, EHLO, STARTTLS, AUTH.

#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "base/text.h"
#include "smtp/client_session.h"

namespace convoy::smtp {
namespace {

std::string Base64(std::string_view bytes) {
  return absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()));
}

}  // namespace

Task<bool> ClientSession::Open() {
  const bool greeted = co_await Greet();
  if (!greeted) co_return false;
  const bool hello = co_await Hello();
  if (!hello) co_return false;
  const bool private_enough = co_await MaybeStartTls();
  if (!private_enough) co_return false;
  const bool authenticated = co_await MaybeAuthenticate();
  if (!authenticated) co_return false;
  pipelining_ = options_.use_pipelining && peer_.capabilities.pipelining;
  chunking_ = options_.use_chunking && peer_.capabilities.chunking;
  recipient_limits_ =
      RecipientLimits(peer_.capabilities.rcpt_max, peer_.capabilities.rcpt_domain_max);
  co_return true;
}

Task<bool> ClientSession::Greet() {
  const bool replied = co_await Expect(Phase::kGreeting, options_.timeouts.greeting);
  if (!replied) co_return false;
  if (!reply_.Positive()) co_return Refused(Phase::kGreeting);
  peer_.greeting = reply_.Text();
  co_return true;
}

// EHLO, and HELO only for a server that does not know EHLO (RFC 5321 3.2).
Task<bool> ClientSession::Hello() {
  stream_.Send(Cat("EHLO ", options_.hello_name, "\r\n"));
  const bool ehlo = co_await Expect(Phase::kHello, options_.timeouts.hello);
  if (!ehlo) co_return false;
  if (reply_.Permanent() && !peer_.tls.has_value()) {
    stream_.Send(Cat("HELO ", options_.hello_name, "\r\n"));
    const bool helo = co_await Expect(Phase::kHello, options_.timeouts.hello);
    if (!helo) co_return false;
    reply_.lines.resize(reply_.lines.empty() ? 0 : 1);  // HELO offers nothing
  }
  if (!reply_.Positive()) co_return Refused(Phase::kHello);
  peer_.capabilities = ParseEhlo(reply_);
  if (!options_.use_8bitmime) peer_.capabilities.eight_bit_mime = false;
  if (!options_.use_dsn) peer_.capabilities.dsn = false;
  co_return true;
}

Task<bool> ClientSession::MaybeStartTls() {
  const bool required = options_.tls == TlsMode::kRequired || options_.tls_must_verify;
  if (options_.tls == TlsMode::kOff && !required) co_return true;
  if (!peer_.capabilities.starttls) {
    if (!required) co_return true;
    co_return EndAt(Phase::kStartTls,
                    absl::FailedPreconditionError("TLS is required and STARTTLS is not offered"));
  }
  stream_.Send(std::string("STARTTLS\r\n"));
  const bool replied = co_await Expect(Phase::kStartTls, options_.timeouts.starttls);
  if (!replied) co_return false;
  if (!reply_.Positive()) {
    if (!required && reply_.Refusal()) co_return true;
    co_return Refused(Phase::kStartTls);
  }
  // STARTTLS itself may not have left yet: then what was read is an answer to nothing.
  if (!input_.bytes().empty() || stream_.queued_bytes() > 0) {
    // Said in clear text, it would be taken for something said under TLS (RFC 3207 6).
    co_return LoseAt(Phase::kStartTls, absl::InvalidArgumentError("more than a reply to STARTTLS"));
  }
  TlsRequest request;
  request.context = options_.tls_context;
  request.sni = options_.tls_sni;
  request.names = options_.tls_names;
  request.tlsa = options_.tlsa;
  request.sessions = options_.tls_sessions;
  request.session_key = options_.tls_session_key;
  stream_.SetDeadline(loop_.MonoNow() + options_.timeouts.starttls);
  absl::StatusOr<TlsInfo> tls = co_await stream_.Handshake(std::move(request));
  if (!tls.ok()) co_return LoseAt(Phase::kStartTls, tls.status());
  peer_.tls = *std::move(tls);
  peer_.capabilities = EhloCapabilities();  // RFC 3207 4.2: forget what was learned before
  if (options_.tls_must_verify && !peer_.tls->verified) {
    co_return EndAt(Phase::kStartTls,
                    absl::FailedPreconditionError(
                        Cat("the peer's certificate is not good enough: ", peer_.tls->doubt)));
  }
  co_return co_await Hello();
}

Task<bool> ClientSession::MaybeAuthenticate() {
  if (options_.auth_user.empty()) co_return true;
  if (!peer_.tls.has_value() && !options_.auth_in_clear) {
    co_return EndAt(Phase::kAuth, absl::FailedPreconditionError(
                                      "no TLS: the password is not sent in clear text"));
  }
  if (peer_.capabilities.auth_plain) co_return co_await AuthenticatePlain();
  if (peer_.capabilities.auth_login) co_return co_await AuthenticateLogin();
  co_return EndAt(Phase::kAuth,
                  absl::FailedPreconditionError("neither AUTH PLAIN nor AUTH LOGIN is offered"));
}

Task<bool> ClientSession::AuthenticatePlain() {
  std::string secret;
  secret.push_back('\0');
  secret.append(options_.auth_user);
  secret.push_back('\0');
  secret.append(options_.auth_password);
  stream_.Send(Cat("AUTH PLAIN ", Base64(secret), "\r\n"));
  const bool replied = co_await Expect(Phase::kAuth, options_.timeouts.auth);
  if (!replied) co_return false;
  if (reply_.Positive()) co_return true;
  co_return Refused(Phase::kAuth);
}

Task<bool> ClientSession::AuthenticateLogin() {
  const std::string steps[] = {"AUTH LOGIN\r\n", Cat(Base64(options_.auth_user), "\r\n"),
                               Cat(Base64(options_.auth_password), "\r\n")};
  for (const std::string& step : steps) {
    stream_.Send(std::string(step));
    const bool replied = co_await Expect(Phase::kAuth, options_.timeouts.auth);
    if (!replied) co_return false;
    const bool last = &step == &steps[2];
    const bool as_expected = last ? reply_.Positive() : reply_.Intermediate();
    if (!as_expected) co_return Refused(Phase::kAuth);
  }
  co_return true;
}

}  // namespace convoy::smtp
