#include "shard/engine/delivery_session.h"

#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "shard/engine/answer.h"

namespace convoy::shard {

DeliverySession::DeliverySession(EventLoop& loop, Network& network, dns::Resolver& resolver,
                                 SessionOwner& owner, Rng rng, Options options)
    : loop_(loop),
      network_(network),
      resolver_(resolver),
      owner_(owner),
      rng_(rng),
      options_(std::move(options)) {}

void DeliverySession::Start() { Spawn(Run(shared_from_this())); }

void DeliverySession::Wake() {
  if (session_ != nullptr) session_->Wake();
}

void DeliverySession::Quit() {
  quitting_ = true;
  if (session_ != nullptr) session_->Quit();
}

void DeliverySession::Abort() {
  quitting_ = true;
  if (session_ != nullptr) session_->Abort();
}

Task<void> DeliverySession::Run(std::shared_ptr<DeliverySession> self) {
  dns::PlanOptions wanted;
  wanted.port = options_.policy->port;
  wanted.route = options_.policy->smtp_hosts;
  wanted.allow_loopback = options_.policy->allow_loopback_hosts;
  wanted.ourselves = options_.ourselves;
  wanted.bounce_upon_no_mx = options_.policy->bounce_upon_no_mx;
  if (options_.source.ip.has_value()) {
    wanted.ipv6 = options_.source.ip->is_v6();
    wanted.ipv4 = !wanted.ipv6;
  }
  const dns::MxPlan plan = co_await dns::PlanFor(resolver_, options_.domain, wanted, rng_);
  if (plan.failure.has_value()) {
    failure_ = JudgeDnsFailure(*plan.failure);
    end_ = SessionEnd::kDnsError;
  } else {
    const bool greeted = co_await TryHosts(plan);
    if (greeted) failure_.reset();
  }
  owner_.Ended(*self, end_, std::move(failure_));
}

Task<bool> DeliverySession::TryHosts(const dns::MxPlan& plan) {
  int tried = 0;
  for (const dns::MxHost& host : plan.hosts) {
    const bool last = &host == &plan.hosts.back();
    const bool greeted = co_await TryHost(host, last, &tried);
    if (greeted) co_return true;
    if (quitting_ || tried > kAddressesMax) co_return false;
  }
  co_return false;
}

Task<bool> DeliverySession::TryHost(const dns::MxHost& host, bool last, int* tried) {
  place_.host = host.name;
  place_.peer = {host.addresses.front(), host.port};
  place_.last_host = last;
  demand_ = co_await DemandFor(resolver_, options_.sts, *options_.policy, host);
  if (!demand_.refusal.ok()) {
    Fail(Phase::kStartTls, {}, demand_.refusal);
    end_ = SessionEnd::kRefused;
    co_return false;
  }
  for (const IpAddress& address : host.addresses) {
    const bool allowed = !quitting_ && owner_.MayConnect(id());
    if (!allowed || ++*tried > kAddressesMax) co_return false;
    place_.last_host = last && &address == &host.addresses.back();
    const Endpoint peer{address, host.port};
    const bool greeted = co_await TryAddress(peer);
    if (greeted) co_return true;
  }
  co_return false;
}

Task<bool> DeliverySession::TryAddress(Endpoint peer) {
  bool greeted = co_await TryOnce(peer, demand_.mode);
  // Opportunistic TLS that failed in the handshake: once more in clear text (RFC 3207 4.1, 7435 3).
  const bool fall_back = !greeted && tls_handshake_failed_ && !quitting_ && demand_.MayFallBack();
  if (fall_back) greeted = co_await TryOnce(peer, smtp::TlsMode::kOff);
  co_return greeted;
}

Task<bool> DeliverySession::TryOnce(Endpoint peer, smtp::TlsMode tls) {
  tls_handshake_failed_ = false;
  place_.peer = peer;
  place_.source = options_.source.ip;
  ConnectRequest request;
  request.source = options_.source.ip;
  request.peer = peer;
  request.deadline = loop_.MonoNow() + options_.policy->connect_timeout;
  auto connected = co_await Connect(network_, request);
  if (!connected.ok()) {
    Fail(Phase::kConnect, {}, connected.status());
    end_ = SessionEnd::kNotConnected;
    co_return false;
  }
  stream_ = *std::move(connected);
  place_.source = stream_->local().ip;
  smtp::ClientSession session(loop_, *stream_, *this, SessionOptions(tls));
  session_ = &session;
  if (quitting_) session.Quit();
  const smtp::SessionEnd end = co_await session.Run();
  session_ = nullptr;
  stream_.reset();
  if (end.chunking_broken) options_.notes->SetChunkingBroken(place_.host);
  if (!opened_) {
    tls_handshake_failed_ = end.phase == smtp::Phase::kStartTls && end.reply.empty();
    Fail(FromSmtp(end.phase), end.reply, end.status);
    end_ = SessionEnd::kRefused;
    co_return false;
  }
  end_ = end.normal() ? SessionEnd::kNormal : SessionEnd::kLost;
  co_return true;
}

smtp::ClientOptions DeliverySession::SessionOptions(smtp::TlsMode tls) const {
  const DeliveryPolicy& policy = *options_.policy;
  smtp::ClientOptions out;
  out.hello_name = options_.source.name;
  out.timeouts = policy.timeouts;
  // Without a context there is no TLS to use when it is offered, and no mail when it must be used.
  const bool no_tls = options_.tls == nullptr && tls == smtp::TlsMode::kOpportunistic;
  out.tls = no_tls ? smtp::TlsMode::kOff : tls;
  out.tls_context = options_.tls;
  out.tls_sni = demand_.sni;
  out.tls_names = demand_.names;
  out.tlsa = demand_.tlsa;
  out.tls_must_verify = demand_.must_verify;
  if (policy.reuse_tls_sessions) {
    out.tls_sessions = options_.tls_sessions;
    out.tls_session_key = SessionKey(demand_, place_.source->ToString(), place_.peer);
  }
  out.auth_user = policy.auth_user;
  out.auth_password = policy.auth_password;
  out.use_pipelining = policy.use_pipelining;
  out.use_8bitmime = policy.use_8bitmime;
  out.use_chunking = policy.use_chunking && !options_.notes->ChunkingBroken(place_.host);
  out.attempts_max = policy.schedule->max_msg_per_connection;
  // The scheduler tells a session to close; this is only for one it has forgotten.
  out.idle_timeout = policy.schedule->connection_idle_timeout + Seconds(1);
  return out;
}

void DeliverySession::Fail(Phase phase, const smtp::Reply& reply, const absl::Status& status) {
  Answer answer = AnswerOf(phase, reply, status);
  answer.last_host = place_.last_host;
  failure_ = Judge(answer, options_.policy->verdict);
  // The failure of the last host is the queue's: the owner logs that one.
  if (options_.policy->log_fallback_failures && !place_.last_host) {
    LogInfo("delivery", options_.domain, ": ", place_.host, " (", place_.peer.ip.ToString(),
            ") failed, the next host is tried: ", failure_->status, ' ', failure_->diagnostic);
  }
}

void DeliverySession::Opened(const smtp::PeerInfo& peer) {
  opened_ = true;
  place_.info = peer;
  place_.tls_proof = demand_.proof;
  if (demand_.testing) LogTesting();
  owner_.Opened(*this);
}

// RFC 8461 5: in testing mode mail goes out all the same, and what is wrong is reported.
void DeliverySession::LogTesting() const {
  std::string trouble = demand_.testing_trouble;
  if (trouble.empty() && !place_.info.tls.has_value()) trouble = "no TLS";
  if (trouble.empty()) trouble = place_.info.tls->doubt;
  if (trouble.empty()) return;
  LogInfo("sts", options_.domain, ": ", place_.host, " would get no mail if its policy were not ",
          "in testing mode: ", trouble);
}

void DeliverySession::Returned(smtp::Attempt attempt, bool mail_written) {
  owner_.Returned(*this, std::move(attempt), mail_written);
}

}  // namespace convoy::shard
