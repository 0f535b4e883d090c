// One outbound connection from the wish for it to its end: hosts, connect, dialogue.
//
// The scheduler asks for a session of a queue; this finds the hosts, tries their addresses in order
// until one greets us, and then runs smtp::ClientSession, feeding it from the queue. What happens
// is told to the SessionOwner, once per event and in order:
//
//     Opened -> { Next -> Reported | Returned }* -> Ended
//            \-> Ended (no host greeted us)
//
// RFC:       5321 5.1 (order of hosts and addresses), 7672 2.2 (a host that DANE excludes)
// Limits:    kAddressesMax addresses tried in one session
// Thread:    loop-affine; the object is kept alive by its own coroutine until Ended
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/rng.h"
#include "dns/mx_plan.h"
#include "dns/resolver.h"
#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "shard/deliver/verdict.h"
#include "shard/engine/delivery_policy.h"
#include "shard/engine/host_notes.h"
#include "shard/engine/tls_demand.h"
#include "shard/schedule/events.h"
#include "smtp/client_session.h"
#include "sts/policy_book.h"

namespace convoy::shard {

// Where a session stands, as accounting and `show` want it.
struct SessionPlace {
  std::string host;  // MX host name
  Endpoint peer;
  std::optional<IpAddress> source;
  smtp::PeerInfo info;
  std::string
      tls_proof;  // who vouches for the host's certificate: "dane", "mta-sts"; empty: nobody
  bool last_host = true;
};

class DeliverySession;

class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  // Asked before each connection attempt: may this queue still be connected to (lease, pause)?
  virtual bool MayConnect(SessionId session) = 0;
  virtual void Opened(DeliverySession& session) = 0;
  // Each reply of the peer, as it comes.
  virtual void Replied(DeliverySession& session, const smtp::Reply& reply) = 0;
  virtual std::optional<smtp::Attempt> Next(DeliverySession& session) = 0;
  virtual void Returned(DeliverySession& session, smtp::Attempt attempt, bool mail_written) = 0;
  // The attempt's final dot is on its way: from here to its outcome on disk is the duplicate
  // window.
  virtual void FinalDotSent(uint64_t attempt) = 0;
  virtual void Reported(DeliverySession& session, const smtp::AttemptResult& result) = 0;
  // `failure`: why no host greeted us; unset after a session that had opened. The last call.
  virtual void Ended(DeliverySession& session, SessionEnd end, std::optional<Verdict> failure) = 0;
};

class DeliverySession final : public smtp::AttemptSource,
                              public std::enable_shared_from_this<DeliverySession> {
 public:
  static constexpr int kAddressesMax = 8;

  struct Options {
    SessionId id;
    QueueId queue;
    std::string domain;
    DeliveryPolicyPtr policy;
    SourceHost source;
    std::shared_ptr<const TlsContext> tls;
    sts::PolicyBook* sts = nullptr;
    TlsSessionCache* tls_sessions = nullptr;
    std::shared_ptr<const dns::Ourselves> ourselves;
    std::shared_ptr<HostNotes> notes;  // never null
  };
  DeliverySession(EventLoop& loop, Network& network, dns::Resolver& resolver, SessionOwner& owner,
                  Rng rng, Options options);

  void Start();
  void Wake();
  // Finishes what it has and says QUIT; a session that is still connecting gives up.
  void Quit();
  void Abort();

  SessionId id() const { return options_.id; }
  QueueId queue() const { return options_.queue; }
  const SessionPlace& place() const { return place_; }

  // smtp::AttemptSource
  void Opened(const smtp::PeerInfo& peer) override;
  void Replied(const smtp::Reply& reply) override { owner_.Replied(*this, reply); }
  std::optional<smtp::Attempt> Next() override { return owner_.Next(*this); }
  void Returned(smtp::Attempt attempt, bool mail_written) override;
  void FinalDotSent(uint64_t id) override { owner_.FinalDotSent(id); }
  void Report(const smtp::AttemptResult& result) override { owner_.Reported(*this, result); }

 private:
  Task<void> Run(std::shared_ptr<DeliverySession> self);
  Task<bool> TryHosts(const dns::MxPlan& plan);
  Task<bool> TryHost(const dns::MxHost& host, bool last, int* tried);
  Task<bool> TryAddress(Endpoint peer);
  Task<bool> TryOnce(Endpoint peer, smtp::TlsMode tls);
  smtp::ClientOptions SessionOptions(smtp::TlsMode tls) const;
  void LogTesting() const;
  void Fail(Phase phase, const smtp::Reply& reply, const absl::Status& status);

  EventLoop& loop_;
  Network& network_;
  dns::Resolver& resolver_;
  SessionOwner& owner_;
  Rng rng_;
  const Options options_;

  SessionPlace place_;
  TlsDemand demand_;  // of the host that is tried
  bool opened_ = false;
  bool quitting_ = false;
  bool tls_handshake_failed_ = false;
  std::unique_ptr<Stream> stream_;
  smtp::ClientSession* session_ = nullptr;  // while it runs
  SessionEnd end_ = SessionEnd::kNotConnected;
  std::optional<Verdict> failure_;
};

}  // namespace convoy::shard
